// Package journal remembers which messages of an input were sent and which were answered, so that a run that was killed
// goes on where it ended.
//
// It is a file of lines that are only ever appended, each by one write:
//
//	{"journal":"imrecall","version":1,...}   what the journal belongs to, once
//	s 17 18 19                               the messages on these lines are handed to the vendor's client now
//	d 17 recalled                            the message on this line was answered, with this outcome
//	r 18                                     the message on this line has come back, and nothing of it was sent
//
// Once a write has returned the line survives the end of the process, kill -9 included. Against a loss of power the file
// is synced every second: messages whose lines are lost then are recalled once more, and none is lost. A line that was
// cut short is dropped when the journal is opened again.
package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// Identity is what a journal belongs to: an input, and who recalls it.
type Identity struct {
	Vendor string `json:"vendor"`
	App    string `json:"app"`    // names the application at the vendor; no secret
	Input  string `json:"input"`  // the input's name, for people
	Size   int64  `json:"size"`   // of the input, in bytes
	SHA256 string `json:"sha256"` // of the input, in hexadecimal
}

// header is the first line.
type header struct {
	Journal string `json:"journal"`
	Version int    `json:"version"`
	Identity
}

const (
	magic   = "imrecall"
	version = 1
)

// MismatchError says that a journal belongs to something else.
type MismatchError struct{ Path, Reason string }

// Error returns a sentence with what to do.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s: %s; name another with --journal, or move this one away to recall everything from the beginning", e.Path, e.Reason)
}

// ErrLocked says that another run holds the journal.
var ErrLocked = errors.New("another run is using this journal")

// Journal is an open journal. It is safe for concurrent use.
type Journal struct {
	file    *os.File
	stop    chan struct{} // ends the goroutine that syncs
	idle    sync.WaitGroup
	resumed bool
	last    int64 // no line of the input has a higher number

	mu    sync.Mutex
	sent  Lines
	done  Lines
	past  map[string]int // outcomes of earlier runs
	first func() error
	dirty bool
	buf   []byte
	err   error // of a write, after which nothing may be sent
}

// Open opens the journal at path, or starts it. It refuses one that belongs to another input or application with a
// *MismatchError, and one that another run holds with ErrLocked.
func Open(path string, id Identity) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- the user names the file
	if err != nil {
		return nil, fmt.Errorf("the journal can't be written, name another with --journal: %w", err)
	}
	j := &Journal{file: file, stop: make(chan struct{}), past: map[string]int{}}
	if err := j.open(path, id); err != nil {
		_ = file.Close()
		return nil, err
	}
	j.idle.Go(j.syncNowAndThen)
	return j, nil
}

func (j *Journal) open(path string, id Identity) error {
	locked, err := lock(j.file)
	if err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	if !locked {
		return fmt.Errorf("%s: %w", path, ErrLocked)
	}
	end, err := j.replay(path, id)
	if err != nil {
		return err
	}
	if err := j.file.Truncate(end); err != nil {
		return err
	}
	if _, err := j.file.Seek(end, io.SeekStart); err != nil {
		return err
	}
	if end > 0 {
		return nil
	}
	first, err := json.Marshal(header{Journal: magic, Version: version, Identity: id})
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(first, '\n')); err != nil {
		return err
	}
	return j.file.Sync()
}

// Sending notes that the messages on these lines are handed to the vendor's client. After an error they must not be.
func (j *Journal) Sending(lines []int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buf = append(j.buf[:0], 's')
	for _, line := range lines {
		j.buf = strconv.AppendInt(append(j.buf, ' '), int64(line), 10)
		j.sent.Add(line)
	}
	return j.write()
}

// Finish notes the outcome of the message on this line, one word.
func (j *Journal) Finish(line int, outcome string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buf = strconv.AppendInt(append(j.buf[:0], 'd', ' '), int64(line), 10)
	j.buf = append(append(j.buf, ' '), outcome...)
	j.done.Add(line)
	return j.write()
}

// Return notes that the message on this line was handed to the vendor's client and has come back without having had any
// effect: it is to be sent by another run.
func (j *Journal) Return(line int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buf = strconv.AppendInt(append(j.buf[:0], 'r', ' '), int64(line), 10)
	j.sent.Remove(line)
	return j.write()
}

// write appends what is in buf as one line.
func (j *Journal) write() error {
	if j.err != nil {
		return j.err
	}
	j.buf = append(j.buf, '\n')
	if _, err := j.file.Write(j.buf); err != nil {
		j.err = fmt.Errorf("the journal can't be written: %w", err)
		return j.err
	}
	j.dirty = true
	return nil
}

// Done tells whether the message on this line was answered, in this run or an earlier one.
func (j *Journal) Done(line int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.done.Has(line)
}

// Resumed tells whether earlier runs left anything in the journal.
func (j *Journal) Resumed() bool { return j.resumed }

// SyncFirst has a function called before each sync, which brings to the disk what the journal's lines speak of. It is
// called once, before anything is sent.
func (j *Journal) SyncFirst(f func() error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.first = f
}

// Past returns how many messages had which outcome in earlier runs.
func (j *Journal) Past() map[string]int { return j.past }

// Unanswered returns how many messages were handed to the vendor's client and have no outcome: right after Open, those
// that were under way when an earlier run ended.
func (j *Journal) Unanswered() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.sent.Without(&j.done)
}

// IsUnanswered tells whether the message on this line is one of those.
func (j *Journal) IsUnanswered(line int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.sent.Has(line) && !j.done.Has(line)
}

// Close syncs the journal and lets go of it.
func (j *Journal) Close() error {
	close(j.stop)
	j.idle.Wait()
	return errors.Join(j.sync(), j.file.Close())
}

func (j *Journal) syncNowAndThen() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-j.stop:
			return
		case <-tick.C:
			_ = j.sync() // the next write tells of a disk that is broken
		}
	}
}

// sync syncs outside the lock, so that nobody waits for the disk.
func (j *Journal) sync() error {
	j.mu.Lock()
	dirty, first := j.dirty, j.first
	j.dirty = false
	j.mu.Unlock()
	if !dirty {
		return nil
	}
	if first != nil {
		if err := first(); err != nil {
			return err
		}
	}
	return j.file.Sync()
}

// check tells whether a journal with this first line is id's.
func check(path string, first []byte, id Identity) error {
	var h header
	decoder := json.NewDecoder(bytes.NewReader(first))
	if err := decoder.Decode(&h); err != nil || h.Journal != magic {
		return &MismatchError{path, "is not a journal of imrecall"}
	}
	switch {
	case h.Version != version:
		return &MismatchError{path, fmt.Sprintf("was written by another version of imrecall (format %d)", h.Version)}
	case (h.Size != id.Size || h.SHA256 != id.SHA256) && filepath.Base(h.Input) != filepath.Base(id.Input):
		return &MismatchError{path, "belongs to another input, " + h.Input}
	case h.Size != id.Size || h.SHA256 != id.SHA256:
		return &MismatchError{path, "belongs to an input with other contents: " + id.Input + " was changed since, and line numbers no longer mean the same messages; to go on, put its old contents back and new lines into a file of their own"}
	case h.Vendor != id.Vendor || h.App != id.App:
		return &MismatchError{path, fmt.Sprintf("belongs to a run for %s %s, not %s %s", h.Vendor, h.App, id.Vendor, id.App)}
	}
	return nil
}
