package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func identity() Identity {
	return Identity{Vendor: "netease", App: "key", Input: "spam.csv", Size: 1000, SHA256: "abc"}
}

func open(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := Open(path, identity())
	require.NoError(t, err)
	return j
}

func TestResume(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := open(t, path)
	assert.False(t, j.Resumed())
	require.NoError(t, j.Sending([]int{2, 3, 64}))
	require.NoError(t, j.Sending([]int{5}))
	require.NoError(t, j.Sending([]int{6, 7}))
	require.NoError(t, j.Return(6))
	require.NoError(t, j.Return(7))
	require.NoError(t, j.Return(500))
	require.NoError(t, j.Finish(2, "recalled"))
	require.NoError(t, j.Finish(64, "recalled"))
	require.NoError(t, j.Finish(9, "invalid"))
	assert.True(t, j.Done(2))
	assert.True(t, j.IsUnanswered(3))
	assert.Equal(t, 2, j.Unanswered())
	require.NoError(t, j.Close())

	j = open(t, path)
	assert.True(t, j.Resumed())
	assert.Equal(t, map[string]int{"recalled": 2, "invalid": 1}, j.Past())
	for line, want := range map[int][2]bool{2: {true, false}, 3: {false, true}, 5: {false, true}, 6: {}, 9: {true, false}, 64: {true, false}, 65: {}} {
		assert.Equal(t, want, [2]bool{j.Done(line), j.IsUnanswered(line)}, line)
	}
	assert.Equal(t, 2, j.Unanswered())
	require.NoError(t, j.Sending([]int{3}))
	require.NoError(t, j.Finish(3, "already_gone"))
	require.NoError(t, j.Close())

	j = open(t, path)
	assert.Equal(t, 1, j.Unanswered())
	assert.Equal(t, map[string]int{"recalled": 2, "invalid": 1, "already_gone": 1}, j.Past())
	require.NoError(t, j.Close())
}

func TestSettled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	settled, err := Settled(path, identity())
	require.NoError(t, err)
	assert.False(t, settled.Has(2))
	assert.NoFileExists(t, path)
	j := open(t, path)
	require.NoError(t, j.Sending([]int{2, 3}))
	require.NoError(t, j.Finish(2, "recalled"))
	settled, err = Settled(path, identity())
	require.NoError(t, err, "while a run holds it")
	assert.True(t, settled.Has(2))
	assert.False(t, settled.Has(3))
	require.NoError(t, j.Close())
	other := identity()
	other.App = "other"
	_, err = Settled(path, other)
	assert.ErrorContains(t, err, "belongs to a run for")
	_, err = Settled(t.TempDir(), identity())
	assert.Error(t, err)
}

// TestCutShort ends the file at every byte, as a kill or a loss of power may.
func TestCutShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "whole")
	j := open(t, path)
	require.NoError(t, j.Sending([]int{11, 12}))
	require.NoError(t, j.Finish(11, "recalled"))
	require.NoError(t, j.Sending([]int{113}))
	require.NoError(t, j.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for n := range whole {
		path := filepath.Join(t.TempDir(), "cut")
		require.NoError(t, os.WriteFile(path, whole[:n], 0o600))
		j := open(t, path)
		assert.False(t, j.Done(1) || j.IsUnanswered(1), "half of a number is none")
		require.NoError(t, j.Sending([]int{200}))
		require.NoError(t, j.Finish(200, "accepted"))
		require.NoError(t, j.Close())
		j = open(t, path)
		assert.True(t, j.Done(200), n)
		require.NoError(t, j.Close())
	}
}

func TestGarbageAtTheEndIsDropped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := open(t, path)
	require.NoError(t, j.Finish(2, "recalled"))
	require.NoError(t, j.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(whole, "\x00\x00\n\x00\n"...), 0o600))
	j = open(t, path)
	assert.True(t, j.Done(2))
	require.NoError(t, j.Finish(3, "recalled"))
	require.NoError(t, j.Close())
	j = open(t, path)
	assert.True(t, j.Done(3))
	require.NoError(t, j.Close())
}

func TestRefusals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := open(t, path)
	require.NoError(t, j.Finish(2, "recalled"))
	_, err := Open(path, identity())
	assert.ErrorIs(t, err, ErrLocked)
	require.NoError(t, j.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)

	for name, c := range map[string]struct {
		change func(*Identity)
		says   string
	}{
		"size":   {func(id *Identity) { id.Size++ }, "spam.csv was changed since"},
		"sha256": {func(id *Identity) { id.SHA256 = "abd" }, "spam.csv was changed since"},
		"other":  {func(id *Identity) { id.Size++; id.Input = "dir/other.csv" }, "belongs to another input, "},
		"app":    {func(id *Identity) { id.App = "other" }, "belongs to a run for netease key, not netease other"},
		"vendor": {func(id *Identity) { id.Vendor = "goeasy" }, "belongs to a run for netease key, not goeasy key"},
	} {
		id := identity()
		c.change(&id)
		_, err := Open(path, id)
		var mismatch *MismatchError
		if assert.ErrorAs(t, err, &mismatch, name) {
			assert.Contains(t, err.Error(), c.says)
		}
	}
	for _, c := range []struct{ text, says string }{
		{"message_id,to", "is not a journal of imrecall"},
		{"message_id,to\n1,2\n", "is not a journal of imrecall"},
		{`{"message_id":"1"}` + "\n", "is not a journal of imrecall"},
		{strings.Replace(string(whole), `"version":1`, `"version":2`, 1), "another version"},
		{strings.Replace(string(whole), "d 2", "x 2", 1) + "d 3 recalled\n", "is damaged in line 2"},
		{string(whole) + "s 5000\nd 3 recalled\n", "is damaged in line 3"},
		{string(whole) + "s 4 -1\nd 3 recalled\n", "is damaged in line 3"},
		{string(whole) + "d 3\nd 3 recalled\n", "is damaged in line 3"},
		{string(whole) + "\nd 3 recalled\n", "is damaged in line 3"},
	} {
		path := filepath.Join(t.TempDir(), "other")
		require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
		_, err := Open(path, identity())
		if assert.Error(t, err, c.text) {
			assert.Contains(t, err.Error(), c.says)
		}
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, c.text, string(after), "a file that is not ours is left as it is")
	}
}

func TestWriteErrorsStay(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "j"))
	require.NoError(t, j.file.Close())
	first := j.Sending([]int{1})
	assert.ErrorIs(t, first, os.ErrClosed)
	assert.Equal(t, first, j.Finish(1, "recalled"))
	assert.Error(t, j.Close())
}

func TestSyncFirst(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "j"))
	calls := 0
	j.SyncFirst(func() error { calls++; return nil })
	require.NoError(t, j.Finish(1, "recalled"))
	require.NoError(t, j.Close())
	assert.Positive(t, calls)
}

func TestLines(t *testing.T) {
	var a, b Lines
	for _, n := range []int{0, 1, 63, 64, 2_000_000} {
		assert.False(t, a.Has(n))
		a.Add(n)
		assert.True(t, a.Has(n))
	}
	assert.False(t, a.Has(-1))
	assert.False(t, a.Has(1<<40))
	b.Add(63)
	b.Add(7)
	assert.Equal(t, 4, a.Without(&b))
	assert.Equal(t, 1, b.Without(&a))
	assert.Less(t, len(a.words)*8, 300_000, "two million lines are a quarter of a megabyte")
}

func FuzzReplay(f *testing.F) {
	f.Add("s 1 2\nd 1 recalled\n")
	f.Add("d 1 x\n\x00\ns 99999999999999999999")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "j")
		j := open(t, path)
		require.NoError(t, j.Close())
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		_, err = file.WriteString(text)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		j, err = Open(path, identity())
		if err != nil {
			var mismatch *MismatchError
			require.ErrorAs(t, err, &mismatch)
			return
		}
		require.NoError(t, j.Finish(1000, "recalled"))
		require.NoError(t, j.Close())
		again := open(t, path)
		require.True(t, again.Done(1000))
		require.NoError(t, again.Close())
	})
}
