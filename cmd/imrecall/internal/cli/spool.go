package cli

import (
	"errors"
	"io"
	"os"
)

// spool keeps a stream in a file, by way of another one: a run that is killed meanwhile leaves nothing that looks
// whole.
func spool(path string, from io.Reader) error {
	partial := path + ".partial"
	file, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // #nosec G304 -- the user names the file
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(partial, path)
}
