// Package records reads messages to recall from NDJSON and CSV, one at a time, so that a bad one is told with its line
// number and the rest is still read.
package records

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/imrecall/imrecall/recall"
)

// Format is how an input is written.
type Format string

// The formats. The zero value stands for whichever the name or the beginning of the input tells.
const (
	NDJSON Format = "ndjson" // one JSON object a line, as recall.Request marshals, or as a failures file has them
	CSV    Format = "csv"    // a header with the names of Request's fields, and one record for each message
)

// Record is one message of the input, or the reason why it is none.
type Record struct {
	Line    int // its first line, counted from 1
	Request recall.Request
	Err     error  // a *recall.Error of recall.ErrInvalidRequest where the record is no request
	Text    string // the record as it stands in the input, where Err is not nil

	// MayBeGone is true of a record of a failures file whose error says that the recall may have taken effect.
	MayBeGone bool
}

// Reader reads an input. It is for one goroutine.
type Reader struct {
	lines   *lines
	format  Format
	columns []column // of a CSV
}

// FormatError says that an input as a whole can't be read, for example because its header names an unknown field.
type FormatError struct{ Reason string }

// Error returns the reason.
func (e *FormatError) Error() string { return e.Reason }

// NewReader starts to read r. A format that is not given is taken from name, or from how the input begins. It reads the
// header of a CSV; its errors are *FormatError, or those of r.
func NewReader(r io.Reader, name string, format Format) (*Reader, error) {
	out := &Reader{lines: newLines(r), format: format}
	if err := out.begin(name); err != nil {
		return nil, err
	}
	if out.format == CSV {
		return out, out.readHeader()
	}
	return out, nil
}

// Format is the format that was given or found.
func (r *Reader) Format() Format { return r.format }

// begin looks at the first line that is not blank, drops a byte order mark, and finds out the format.
func (r *Reader) begin(name string) error {
	var first line
	for first.number == 0 || len(bytes.TrimSpace(first.text)) == 0 {
		var err error
		if first, err = r.lines.next(); errors.Is(err, io.EOF) {
			return &FormatError{"the input is empty"}
		} else if err != nil {
			return err
		}
		if first.number == 1 {
			if err := otherFile(first.text); err != nil {
				return err
			}
			first.text = bytes.TrimPrefix(first.text, []byte("\xef\xbb\xbf"))
		}
	}
	r.lines.giveBack([]line{first})
	if r.format == "" {
		r.format = formatOf(name, first.text)
	}
	if r.format == NDJSON && bytes.HasPrefix(bytes.TrimSpace(first.text), []byte("[")) {
		return &FormatError{"the input is a JSON array; write one object in each line (jq -c '.[]')"}
	}
	return nil
}

// otherFile tells of files that people give by mistake, by how they begin.
func otherFile(begin []byte) error {
	for _, kind := range []struct{ begin, says string }{
		{"\xff\xfe", "the input is UTF-16; save it as UTF-8 (in Excel: CSV UTF-8)"},
		{"\xfe\xff", "the input is UTF-16; save it as UTF-8 (in Excel: CSV UTF-8)"},
		{"\x1f\x8b", "the input is compressed; unpack it first (gunzip)"},
		{"PK\x03\x04", "the input is a spreadsheet or an archive; save it as CSV (in Excel: CSV UTF-8)"},
	} {
		if bytes.HasPrefix(begin, []byte(kind.begin)) {
			return &FormatError{kind.says}
		}
	}
	return nil
}

func formatOf(name string, first []byte) Format {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv":
		return CSV
	case ".ndjson", ".jsonl":
		return NDJSON
	}
	if begin := bytes.TrimSpace(first); bytes.HasPrefix(begin, []byte("{")) || bytes.HasPrefix(begin, []byte("[")) {
		return NDJSON
	}
	return CSV
}

// Next returns the next record; io.EOF where there is none. Any other error is one of reading the input. A record that
// is no request has its reason in Err, and the next one can still be read.
func (r *Reader) Next() (Record, error) {
	for {
		rec, lines, err := r.nextText()
		if err != nil {
			return Record{}, err
		}
		if len(lines) == 1 && rec.Err == nil && len(bytes.TrimSpace(lines[0].text)) == 0 {
			continue // a blank line
		}
		text := joined(lines)
		if rec.Err == nil {
			rec.Err = badText(lines, text)
		}
		if rec.Err == nil {
			rec.Request, rec.MayBeGone, rec.Err = r.parse(text)
		}
		if rec.Err != nil {
			rec.Request, rec.MayBeGone = recall.Request{}, false
			rec.Text = clipped(text)
		}
		return rec, nil
	}
}

func (r *Reader) parse(text []byte) (req recall.Request, mayBeGone bool, err error) {
	if r.format == CSV {
		req, err = parseCSV(string(text), r.columns)
		return req, false, err
	}
	return parseJSON(text)
}

// nextText collects the lines of the next record.
func (r *Reader) nextText() (Record, []line, error) {
	if r.format == CSV {
		return r.nextCSV()
	}
	l, err := r.lines.next()
	return Record{Line: l.number}, []line{l}, err
}

func joined(lines []line) []byte {
	if len(lines) == 1 {
		return lines[0].text
	}
	texts := make([][]byte, len(lines))
	for i, l := range lines {
		texts[i] = l.text
	}
	return bytes.Join(texts, []byte("\n"))
}

// badText refuses what no record may hold, whatever the format.
func badText(lines []line, text []byte) error {
	switch {
	case lines[len(lines)-1].long:
		return invalid("", fmt.Sprintf("the line is longer than %d KiB", maxRecord>>10))
	case !utf8.Valid(text):
		return invalid("", "the line is not UTF-8; save the file as UTF-8 (in Excel: CSV UTF-8)")
	case bytes.IndexByte(text, 0) >= 0:
		return invalid("", "the line holds a NUL byte")
	}
	return nil
}

// clipped is what a report shows of a record that could not be read.
func clipped(text []byte) string {
	const most = 4 << 10
	if len(text) > most {
		return strings.ToValidUTF8(string(text[:most]), "\ufffd") + "..."
	}
	return strings.ToValidUTF8(string(text), "\ufffd")
}

// invalid is recall.Invalid, as an error. Field is empty where the whole record is meant.
func invalid(field, rule string) error { return recall.Invalid(field, rule) }
