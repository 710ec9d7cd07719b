package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
)

// Settled returns the lines that have an outcome in the journal at path, and changes nothing; another run may hold the
// journal. Without a journal there are none. It refuses what Open refuses.
func Settled(path string, id Identity) (*Lines, error) {
	file, err := os.Open(path) // #nosec G304 -- the user names the file
	if errors.Is(err, fs.ErrNotExist) {
		return &Lines{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	j := &Journal{file: file, past: map[string]int{}}
	if _, err := j.replay(path, id); err != nil {
		return nil, err
	}
	return &j.done, nil
}

// replay reads what earlier runs wrote, and returns where the next line goes: before whatever was cut short at the end.
// A broken line before good ones is damage, which is not guessed around.
func (j *Journal) replay(path string, id Identity) (end int64, err error) {
	reader := bufio.NewReaderSize(j.file, 64<<10)
	j.last = id.Size + 1
	broken := 0
	for number := 1; ; number++ {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if number == 1 && !cutShort(text) {
				return 0, &MismatchError{path, "is not a journal of imrecall"}
			}
			return end, nil
		}
		if err != nil {
			return 0, err
		}
		text = bytes.TrimSuffix(text, []byte("\n"))
		if number == 1 {
			if err := check(path, text, id); err != nil {
				return 0, err
			}
			end = int64(len(text) + 1)
			continue
		}
		switch ok := j.event(text); {
		case !ok && broken == 0:
			broken = number
		case ok && broken > 0:
			return 0, &MismatchError{path, fmt.Sprintf("is damaged in line %d", broken)}
		case ok:
			j.resumed = true
			end += int64(len(text) + 1)
		}
	}
}

// event takes in one line, and tells whether it is one.
func (j *Journal) event(text []byte) bool {
	words := bytes.Split(text, []byte(" "))
	if len(words) < 2 {
		return false
	}
	switch {
	case string(words[0]) == "s":
		lines := make([]int, 0, len(words)-1)
		for _, word := range words[1:] {
			line, ok := j.lineNumber(word)
			if !ok {
				return false
			}
			lines = append(lines, line)
		}
		for _, line := range lines {
			j.sent.Add(line)
		}
		return true
	case string(words[0]) == "r" && len(words) == 2:
		line, ok := j.lineNumber(words[1])
		if ok {
			j.sent.Remove(line)
		}
		return ok
	case string(words[0]) == "d" && len(words) == 3 && len(words[2]) > 0:
		line, ok := j.lineNumber(words[1])
		if ok && !j.done.Has(line) {
			j.done.Add(line)
			j.past[string(words[2])]++
		}
		return ok
	}
	return false
}

// lineNumber reads a number of a line that an input of this size can have.
func (j *Journal) lineNumber(word []byte) (int, bool) {
	n, err := strconv.Atoi(string(word))
	return n, err == nil && n > 0 && int64(n) <= j.last
}

// cutShort tells whether text is the beginning of a first line, from a run that ended while it was written: any other
// file that has no line end is not ours to overwrite.
func cutShort(text []byte) bool {
	begin := []byte(`{"journal":"` + magic + `"`)
	n := min(len(text), len(begin))
	return bytes.Equal(text[:n], begin[:n])
}
