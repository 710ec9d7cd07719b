package cli

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// spool keeps a stream in a file, by way of another one: a run that is killed meanwhile leaves nothing that looks
// whole. A file that is there has to have the same contents: it is what an earlier run may still need.
func spool(path string, from io.Reader) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".partial.*")
	if err != nil {
		return err
	}
	partial := file.Name()
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, sum), from)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	old, err := sumOf(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.Rename(partial, path)
	case err != nil:
		return errors.Join(err, os.Remove(partial))
	case !bytes.Equal(old, sum.Sum(nil)):
		return errors.Join(fmt.Errorf("%s holds an input with other contents, of an earlier run; name another --journal", path), os.Remove(partial))
	}
	return os.Remove(partial)
}

func sumOf(path string) ([]byte, error) {
	file, err := os.Open(path) // #nosec G304 -- the user names the file
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return sum.Sum(nil), errors.Join(err, file.Close())
}
