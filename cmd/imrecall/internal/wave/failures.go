package wave

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/imrecall/imrecall/recall"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/journal"
)

// Failures is the file of the messages that were not recalled, each with its error: NDJSON that can be given to bulk
// again. It is made with the first failure.
type Failures struct {
	path string
	kept int // of earlier runs
	mu   sync.Mutex
	file *os.File
	err  error // of a write, after which nothing is appended: it may have left half a line
}

// failure is a line of the file.
type failure struct {
	Line    int             `json:"line"`
	Request *recall.Request `json:"request,omitempty"` // nil where the record could not be read
	Input   string          `json:"input,omitempty"`   // what it says
	Error   *recall.Error   `json:"error"`
}

// ErrFailuresExist says that there is a failures file that is not this run's.
var ErrFailuresExist = errors.New("the file is there already; move it away, or name another with --failures")

// OpenFailures prepares the file at path. Of a file that is there, the lines for which settled is true are kept, once
// each: a run that was killed may have left a failure that it had no time to write into its journal. With a nil settled
// the run has no past, and a file that is there is refused.
func OpenFailures(path string, settled func(line int) bool) (*Failures, error) {
	out := &Failures{path: path}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return out, probe(path)
	case err != nil:
		return nil, err
	case settled == nil && info.Size() > 0:
		return nil, fmt.Errorf("%s: %w", path, ErrFailuresExist)
	case settled == nil:
		return out, nil
	}
	return out, out.keep(settled)
}

// probe tells before anything is sent that a file can't be made, and leaves none.
func probe(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the user names the file
	if err == nil {
		err = errors.Join(file.Close(), os.Remove(path))
	}
	if err != nil {
		return fmt.Errorf("the failures file can't be written, name another with --failures: %w", err)
	}
	return nil
}

// keep rewrites the file by way of another one, so that a run that is killed now loses nothing.
func (f *Failures) keep(settled func(int) bool) error {
	old, err := os.Open(f.path) // #nosec G304 -- the user names the file
	if err != nil {
		return err
	}
	defer func() { _ = old.Close() }()
	next, err := os.OpenFile(f.path+".next", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	f.kept, err = copyKept(next, old, settled)
	err = errors.Join(err, next.Sync(), next.Close())
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, errors.Join(err, os.Remove(f.path+".next")))
	}
	return os.Rename(f.path+".next", f.path)
}

func copyKept(to io.Writer, from io.Reader, settled func(int) bool) (kept int, err error) {
	reader, writer := bufio.NewReader(from), bufio.NewWriter(to)
	var seen journal.Lines
	for {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return kept, writer.Flush() // what has no line end was cut short
		}
		if err != nil {
			return 0, err
		}
		var line failure
		if json.Unmarshal(text, &line) != nil || line.Line <= 0 || line.Error == nil {
			return 0, errors.New("it is not a failures file; name another with --failures")
		}
		if seen.Has(line.Line) || !settled(line.Line) {
			continue
		}
		seen.Add(line.Line)
		if _, err := writer.Write(text); err != nil {
			return 0, err
		}
		kept++
	}
}

// Add writes a failure. Text is the record where it could not be read.
func (f *Failures) Add(line int, result recall.Result, text string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	if f.file == nil {
		file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return fmt.Errorf("the failures file can't be written: %w", err)
		}
		f.file = file
	}
	out := failure{Line: line, Input: text, Error: errorOf(result.Err)}
	if text == "" {
		out.Request = &result.Request
	}
	data, err := json.Marshal(out)
	if err == nil {
		_, err = f.file.Write(append(data, '\n'))
	}
	if err != nil {
		f.err = fmt.Errorf("the failures file can't be written: %w", err)
	}
	return f.err
}

func errorOf(err error) *recall.Error {
	var e *recall.Error
	if errors.As(err, &e) {
		return e
	}
	return &recall.Error{Err: err, MayHaveApplied: true}
}

// Sync brings what was written to the disk.
func (f *Failures) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	return f.file.Sync()
}

// Kept is how many failures of earlier runs it holds.
func (f *Failures) Kept() int { return f.kept }

// Path is the file's name.
func (f *Failures) Path() string { return f.path }

// Close lets go of the file.
func (f *Failures) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
