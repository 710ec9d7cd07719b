package records

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/imrecall/imrecall/recall"
)

// column is a field of a request that a CSV has a column for.
type column struct {
	field string // as in recall.Request
	set   func(*recall.Request, string) error
}

// columnOf finds the field that a header names: message_id, MessageID and "Message ID" are the same.
func columnOf(header string) (column, bool) {
	name := strings.ToLower(strings.NewReplacer("_", "", " ", "", "-", "").Replace(header))
	for _, f := range fields() {
		if strings.ToLower(f.field) == name {
			return f, true
		}
	}
	return column{}, false
}

func fields() []column {
	text := func(field string, of func(*recall.Request) *string) column {
		return column{field, func(r *recall.Request, value string) error {
			*of(r) = value
			return nil
		}}
	}
	return []column{
		{"MessageID", setMessageID},
		{"Chat", setChat},
		text("From", func(r *recall.Request) *string { return &r.From }),
		text("To", func(r *recall.Request) *string { return &r.To }),
		{"SentAt", setSentAt},
		text("Operator", func(r *recall.Request) *string { return &r.Operator }),
		text("Reason", func(r *recall.Request) *string { return &r.Reason }),
		{"Force", setForce},
		text("Extension", func(r *recall.Request) *string { return &r.Extension }),
		text("Ref", func(r *recall.Request) *string { return &r.Ref }),
	}
}

func setForce(r *recall.Request, value string) error {
	if value == "" {
		return nil
	}
	force, err := strconv.ParseBool(value)
	if err != nil {
		return invalid("Force", "is neither true nor false")
	}
	r.Force = force
	return nil
}

// readHeader reads the first record as the names of the columns. A name that is no field of a request is refused, so
// that a misspelt one is not lost in silence.
func (r *Reader) readHeader() error {
	rec, lines, err := r.nextCSV()
	if err != nil {
		return err
	}
	text := joined(lines)
	if rec.Err == nil {
		rec.Err = badText(lines, text)
	}
	var names []string
	if rec.Err == nil {
		names, rec.Err = split(string(text))
	}
	if rec.Err != nil {
		return &FormatError{fmt.Sprintf("line %d, the header: %s", rec.Line, reason(rec.Err))}
	}
	if len(names) == 1 && strings.ContainsAny(names[0], ";\t|") {
		return &FormatError{fmt.Sprintf("line %d: the columns of the header %q are not separated by commas", rec.Line, names[0])}
	}
	seen := map[string]bool{}
	for _, name := range names {
		c, ok := columnOf(name)
		switch {
		case !ok:
			return &FormatError{fmt.Sprintf("line %d: the header names %q, which is no field of a message; the fields are %s", rec.Line, name, known())}
		case seen[c.field]:
			return &FormatError{fmt.Sprintf("line %d: the header names %s twice", rec.Line, c.field)}
		}
		seen[c.field] = true
		r.columns = append(r.columns, c)
	}
	return nil
}

// known lists the names of fields as they are written in files.
func known() string {
	return "message_id, chat, from, to, sent_at, operator, reason, force, extension, ref"
}

// nextCSV collects the lines of one record: a quoted field may hold line ends. Where a quote is never closed, only its
// first line is taken for bad, and reading goes on with the next one.
func (r *Reader) nextCSV() (Record, []line, error) {
	first, err := r.lines.next()
	if err != nil {
		return Record{}, nil, err
	}
	all, size := []line{first}, len(first.text)
	state := quotingAfter(first.text, false)
	for state == open {
		next, err := r.lines.next()
		atEnd := errors.Is(err, io.EOF)
		if err != nil && !atEnd {
			return Record{}, nil, err
		}
		if !atEnd {
			all = append(all, next)
			state = quotingAfter(next.text, true)
		}
		if size += len(next.text) + 1; atEnd || next.long || size > maxRecord || state == opened {
			r.lines.giveBack(all[1:])
			return Record{Line: first.number, Err: invalid("", "a quote is opened and never closed")}, all[:1], nil
		}
	}
	return Record{Line: first.number}, all, nil
}

// quoting is how a record stands at the end of a line.
type quoting int

const (
	ended  quoting = iota // the record ends here, be it well or badly
	open                  // a quoted field goes on in the next line
	opened                // a quoted field begins where another is still open: that one was never closed
)

// quotingAfter looks at a line that begins inside a quoted field or not. Only at the beginning of a field does a quote
// open one: a stray quote in the middle spoils its own line, and not all lines up to the next stray one.
func quotingAfter(text []byte, inside bool) quoting {
	if !inside && bytes.IndexByte(text, '"') < 0 {
		return ended
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '"' {
			continue
		}
		begins := i == 0 || text[i-1] == ','
		last := i+1 == len(text)
		switch {
		case !inside && begins:
			inside = true
		case !inside:
			return ended
		case last || text[i+1] == ',':
			inside = false
		case text[i+1] == '"':
			i++
		case begins:
			return opened
		default:
			return ended
		}
	}
	if inside {
		return open
	}
	return ended
}

// split returns the values of one record.
func split(text string) ([]string, error) {
	if !strings.Contains(text, `"`) {
		return strings.Split(text, ","), nil
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.FieldsPerRecord = -1
	values, err := reader.Read()
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return nil, invalid("", syntax.Err.Error())
	}
	return values, err
}

func parseCSV(text string, columns []column) (recall.Request, error) {
	var req recall.Request
	values, err := split(text)
	switch {
	case err != nil:
		return req, invalid("", reason(err)+ofLines(text))
	case len(values) != len(columns):
		return req, invalid("", count(len(values), "value")+" under "+count(len(columns), "column")+ofLines(text))
	}
	for i, c := range columns {
		if isID(c.field) && strings.TrimSpace(values[i]) != values[i] {
			return recall.Request{}, invalid(c.field, "begins or ends with white space, which a vendor takes for a part of it")
		}
		if err := c.set(&req, values[i]); err != nil {
			return req, err
		}
	}
	return req, nil
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprint(n, " ", noun)
}

// isID tells of the fields in which a space is a slip of whoever wrote the file.
func isID(field string) bool {
	return field == "MessageID" || field == "From" || field == "To" || field == "Operator"
}

// ofLines tells of a bad record how many lines it is taken to have, where that is more than one.
func ofLines(text string) string {
	lines := strings.Count(text, "\n")
	if lines == 0 {
		return ""
	}
	return fmt.Sprintf(", in a record of %d lines: nothing of them is sent", lines+1)
}

// reason is the text of an error of invalid without its kind.
func reason(err error) string {
	var e *recall.Error
	if !errors.As(err, &e) || e.Err == nil {
		return err.Error()
	}
	if e.Field == "" {
		return e.Err.Error()
	}
	return e.Field + " " + e.Err.Error()
}

// Explain is the text of a record's error, without the kind that all of them share.
func Explain(err error) string {
	text := reason(err)
	if !utf8.ValidString(text) {
		return strings.ToValidUTF8(text, "\ufffd")
	}
	return text
}
