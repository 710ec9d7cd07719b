package callback

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Scalar is a field of a callback: a JSON string, or a whole number, of which
// every digit is kept. Reading one never fails; Fields tells what is wrong.
type Scalar struct {
	text       string
	given, odd bool
}

// UnmarshalJSON reads any JSON value.
func (s *Scalar) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	s.odd = s.odd || s.given // a key that is given twice: which one is meant?
	s.given = true
	if wholeNumber(data) {
		s.text = string(data)
		return nil
	}
	// What is not UTF-8, or half a surrogate pair, would be replaced and so
	// name another user or message. NUL is what databases refuse: the event
	// would be sent again and again, and never stored.
	isText := json.Unmarshal(data, &s.text) == nil
	s.odd = s.odd || !isText || strings.ContainsRune(s.text, utf8.RuneError) || strings.ContainsRune(s.text, 0)
	return nil
}

func wholeNumber(data []byte) bool {
	digits := strings.TrimPrefix(string(data), "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// Given tells whether there was such a field, and not empty.
func (s Scalar) Given() bool { return s.odd || s.text != "" }

// String returns what the field holds.
func (s Scalar) String() string { return s.text }

// Fields reads the fields of a callback and remembers what was wrong first.
type Fields struct{ err error }

// Err tells which field was missing or odd, but not what it held.
func (f *Fields) Err() error { return f.err }

// Fail notes that something is wrong with a field.
func (f *Fields) Fail(name, rule string) {
	if f.err == nil {
		f.err = errors.New(name + " " + rule)
	}
}

// Text returns a field that has to be there.
func (f *Fields) Text(name string, s Scalar) string {
	if !s.Given() {
		f.Fail(name, "is missing")
	}
	return f.OptionalText(name, s)
}

// OptionalText returns a field that may be missing, and otherwise nothing.
func (f *Fields) OptionalText(name string, s Scalar) string {
	if s.odd {
		f.Fail(name, "is neither a text nor a whole number, or is given twice")
		return ""
	}
	return s.text
}

// Time returns a field that has to hold a time in milliseconds.
func (f *Fields) Time(name string, s Scalar) time.Time {
	if !s.Given() {
		f.Fail(name, "is missing")
	}
	return f.OptionalTime(name, s)
}

// OptionalTime returns a field that may hold a time in milliseconds, and
// otherwise the zero time.
func (f *Fields) OptionalTime(name string, s Scalar) time.Time {
	text := f.OptionalText(name, s)
	if text == "" {
		return time.Time{}
	}
	ms, ok := millis(text)
	if !ok {
		f.Fail(name, "is no time in milliseconds")
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// millis reads milliseconds since 1970. Times before the year 2000
// are other units, and what lies after 9999 can't be written as JSON.
func millis(text string) (int64, bool) {
	ms, err := strconv.ParseInt(text, 10, 64)
	return ms, err == nil && ms >= 946_684_800_000 && ms < 253_402_300_800_000 && strconv.FormatInt(ms, 10) == text
}
