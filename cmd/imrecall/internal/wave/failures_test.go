package wave

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFailuresThatCannotBeWrittenStopTheRun(t *testing.T) {
	f := newFake()
	f.answers["a"] = failed(recall.ErrForbidden, false)
	j := openJournal(t, filepath.Join(t.TempDir(), "j"))
	folder := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.Mkdir(folder, 0o700))
	failures, err := OpenFailures(filepath.Join(folder, "failed"), nil)
	require.NoError(t, err)
	require.NoError(t, os.Remove(folder), "nothing is left in it")
	w := Wave{Provider: f, Reporter: newListener(), Journal: j, Failures: failures, Input: input(t, header+"a,bob,\n")}
	summary := w.Run(t.Context())
	assert.ErrorContains(t, summary.Halt, "the failures file can't be written")
	assert.False(t, j.Done(2), "it is told by the next run")
	assert.Zero(t, summary.Open, "it was refused, and is not in flight: the next run is not to take it for gone")
	require.NoError(t, j.Close())
	_, err = OpenFailures(filepath.Join(folder, "failed"), nil)
	assert.ErrorContains(t, err, "name another with --failures", "before anything is sent")
}

func TestNothingIsAppendedToHalfALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failed")
	failures, err := OpenFailures(path, nil)
	require.NoError(t, err)
	refused := recall.Result{Err: failed(recall.ErrForbidden, false)}
	require.NoError(t, failures.Add(1, refused, ""))
	require.NoError(t, failures.file.Close())
	require.Error(t, failures.Add(2, refused, ""))
	failures.file = nil // as where a disk has room again
	require.Error(t, failures.Add(3, refused, ""))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(data), "\n"))
}

func TestFailuresOfAKilledRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failed")
	require.NoError(t, os.WriteFile(path, []byte(
		`{"line":2,"error":{}}`+"\n"+`{"line":3,"error":{}}`+"\n"+`{"line":2,"error":{}}`+"\n"+`{"line":4,"err`), 0o600))
	failures, err := OpenFailures(path, func(line int) bool { return line != 3 })
	require.NoError(t, err)
	assert.Equal(t, 1, failures.Kept())
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
