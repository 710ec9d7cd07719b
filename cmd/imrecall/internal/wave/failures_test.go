package wave

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFailuresThatCannotBeWrittenStopTheRun(t *testing.T) {
	f := newFake()
	f.answers["a"] = failed(recall.ErrForbidden, false)
	j := openJournal(t, filepath.Join(t.TempDir(), "j"))
	failures, err := OpenFailures(filepath.Join(t.TempDir(), "no", "such", "folder"), nil)
	require.NoError(t, err)
	w := Wave{Provider: f, Reporter: newListener(), Journal: j, Failures: failures, Input: input(t, header+"a,bob,\n")}
	summary, err := w.Run(t.Context())
	require.NoError(t, err)
	assert.ErrorContains(t, summary.Halt, "the failures file can't be written")
	assert.False(t, j.Done(2), "it is told by the next run")
	require.NoError(t, j.Close())
}

func TestFailuresOfAKilledRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failed")
	require.NoError(t, os.WriteFile(path, []byte(
		`{"line":2,"error":{}}`+"\n"+`{"line":3,"error":{}}`+"\n"+`{"line":2,"error":{}}`+"\n"+`{"line":4,"err`), 0o600))
	failures, err := OpenFailures(path, func(line int) bool { return line != 3 })
	require.NoError(t, err)
	require.NoError(t, failures.Add(5, recall.Result{Err: errors.New("odd")}, ""))
	require.NoError(t, failures.Sync())
	require.NoError(t, failures.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, `{"line":2,"error":{}}`+"\n"+`{"line":5,"request":{},"error":{"kind":"","may_have_applied":true,"cause":"odd"}}`+"\n", string(data))
	_, err = OpenFailures(path, nil)
	assert.ErrorIs(t, err, ErrFailuresExist)

	for _, text := range []string{"message_id,to\n1,bob\n", `{"message_id":"1"}` + "\n", `{"line":0,"error":{}}` + "\n"} {
		other := filepath.Join(t.TempDir(), "other")
		require.NoError(t, os.WriteFile(other, []byte(text), 0o600))
		_, err = OpenFailures(other, func(int) bool { return true })
		assert.ErrorContains(t, err, "it is not a failures file")
		after, err := os.ReadFile(other)
		require.NoError(t, err)
		assert.Equal(t, text, string(after), "a file that is not ours is left as it is")
		assert.NoFileExists(t, other+".next")
	}
}
