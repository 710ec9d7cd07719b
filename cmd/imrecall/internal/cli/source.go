package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/records"
)

// source is the input of a run.
type source struct {
	name   string // as the user wrote it
	path   string // of the file; empty for a stream
	file   *os.File
	piped  *os.File // the stream, where it has a name
	reader *records.Reader
	survey records.Survey // of a file
	total  int            // messages; -1 where nobody knows
}

// open opens the input. A file is read once before, so that its size is known and a journal can be bound to it. A stream
// is too where a journal is asked for: it is kept beside the journal then.
func (p *program) open(f bulkFlags) (*source, error) {
	out := &source{name: f.input, path: f.input, total: -1}
	stream, err := out.stream(p.env.Stdin)
	switch {
	case err != nil:
		return nil, err
	case stream != nil && (f.journal == "" || f.dryRun):
		out.path = ""
		out.reader, err = records.NewReader(stream, "", records.Format(f.format))
		return out, err
	case stream != nil:
		out.path = f.journal + ".input"
		if err := spool(out.path, stream); err != nil {
			return nil, err
		}
	}
	if out.file, err = os.Open(out.path); err != nil {
		return nil, err
	}
	if err := out.look(records.Format(f.format)); err != nil {
		out.close()
		return nil, fmt.Errorf("%s: %w", out.path, err)
	}
	return out, nil
}

// stream returns an input that can be read once only: standard input, or a pipe that has a name. It is nil for a file. In
// /dev even a file is one: /dev/stdin is whatever it was redirected from, and no place for a journal.
func (s *source) stream(stdin io.Reader) (io.Reader, error) {
	if s.name == "-" {
		return stdin, nil
	}
	info, err := os.Stat(s.name)
	device := strings.HasPrefix(filepath.Clean(s.name), "/dev/")
	if err != nil || info.Mode().IsRegular() && !device {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder", s.name)
	}
	file, err := os.Open(s.name)
	if err != nil {
		return nil, err
	}
	s.piped = file
	return file, nil
}

func (s *source) look(format records.Format) error {
	var err error
	if s.survey, err = records.Look(s.file, s.path, format); err != nil {
		return err
	}
	s.total = s.survey.Records
	if _, err := s.file.Seek(0, 0); err != nil {
		return err
	}
	// What is appended meanwhile is not what the journal is bound to.
	same := &unchanged{r: io.LimitReader(s.file, s.survey.Size), sum: sha256.New(), want: s.survey.SHA256}
	s.reader, err = records.NewReader(same, s.path, s.survey.Format)
	return err
}

// unchanged reads an input for the second time, and ends with an error where it is not what it was at first: somebody cut
// it short or wrote over it, and no more is to be made of it.
type unchanged struct {
	r    io.Reader
	sum  hash.Hash
	want string
}

var errChanged = errors.New("it was changed while it was read")

func (u *unchanged) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	u.sum.Write(p[:n])
	if errors.Is(err, io.EOF) && hex.EncodeToString(u.sum.Sum(nil)) != u.want {
		return n, errChanged
	}
	return n, err
}

func (s *source) close() {
	for _, file := range []*os.File{s.file, s.piped} {
		if file != nil {
			_ = file.Close()
		}
	}
}

// journalPath is where the journal is; empty for none.
func (s *source) journalPath(f bulkFlags) string {
	if f.journal != "" || s.path == "" {
		return f.journal
	}
	return s.path + ".journal"
}

// failuresPath is where failures go; empty where nothing keeps them.
func (s *source) failuresPath(f bulkFlags) string {
	if f.failures != "" || s.path == "" {
		return f.failures
	}
	return s.path + ".failed.ndjson"
}
