package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestInputThatChangesMeanwhile has what others do to an input between the look at it and the end of the run: the journal is
// bound to what it was.
func TestInputThatChangesMeanwhile(t *testing.T) {
	text := "message_id,chat,from,to\n" + strings.Repeat("1,direct,ann,bob\n", 10_000) + "1,direct,ann,bob"
	for name, c := range map[string]struct {
		change func(path string) error
		want   error
	}{
		"nothing":        {func(string) error { return nil }, io.EOF},
		"more of a line": {appending("by"), io.EOF},
		"another line":   {appending("\n2,direct,ann,bob\n"), io.EOF},
		"cut short":      {func(path string) error { return os.Truncate(path, int64(len(text)/2)) }, errChanged},
		"cut to nothing": {func(path string) error { return os.Truncate(path, 0) }, errChanged},
		"written over": {func(path string) error {
			return os.WriteFile(path, []byte(strings.ReplaceAll(text, "ann", "eve")), 0o600)
		}, errChanged},
		"another file":      {replacing(text + "\n2,direct,ann,bob\n"), io.EOF},
		"the file is moved": {func(path string) error { return os.Rename(path, path+".old") }, io.EOF},
	} {
		path := filepath.Join(t.TempDir(), "in.csv")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		source, err := (&program{}).open(bulkFlags{input: path})
		require.NoError(t, err)
		require.NoError(t, c.change(path))
		read := 0
		for err == nil {
			rec, next := source.reader.Next()
			if err = next; err == nil {
				assert.NoError(t, rec.Err)
				read++
			}
		}
		source.close()
		require.ErrorIs(t, err, c.want, name)
		if errors.Is(err, io.EOF) {
			assert.Equal(t, source.total, read, name)
		}
	}
}

func appending(text string) func(string) error {
	return func(path string) error {
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		_, err = file.WriteString(text)
		return errors.Join(err, file.Close())
	}
}

func replacing(text string) func(string) error {
	return func(path string) error {
		return errors.Join(os.WriteFile(path+".new", []byte(text), 0o600), os.Rename(path+".new", path))
	}
}
