package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/imrecall/imrecall/recall"
)

// Secrets are what callbacks may be signed with: several while one replaces
// another. A closure keeps them, where no way of printing reaches them.
type Secrets struct {
	get func(context.Context) ([]string, error)
}

// NewSecrets checks the two fields of a CallbackConfig of which one has to be
// given, and returns the secrets that they stand for.
func NewSecrets(vendor string, fixed []string, get func(context.Context) ([]string, error)) (Secrets, error) {
	switch {
	case len(fixed) > 0 && get != nil:
		return Secrets{}, BadConfig(vendor, "SecretsFunc", "is given beside Secrets; give one")
	case get != nil:
		return Secrets{get: get}, nil
	case len(fixed) == 0:
		return Secrets{}, BadConfig(vendor, "Secrets", "is required, or SecretsFunc")
	case slices.Contains(fixed, ""):
		return Secrets{}, BadConfig(vendor, "Secrets", "holds an empty one, with which anyone could sign")
	case !allTrimmed(fixed):
		return Secrets{}, BadConfig(vendor, "Secrets", "holds one that begins or ends with white space")
	}
	fixed = slices.Clone(fixed)
	return Secrets{get: func(context.Context) ([]string, error) { return fixed, nil }}, nil
}

func allTrimmed(secrets []string) bool {
	return !slices.ContainsFunc(secrets, func(s string) bool { return !Trimmed(s) })
}

// Any tells whether signed is true of one of the secrets. It tries them all,
// so that the time it takes does not tell which one it was. An error means
// that the secrets can't be had, which is not the callback's fault, whatever
// kind of error the caller's function returned.
func (s Secrets) Any(ctx context.Context, signed func(secret string) bool) (bool, *recall.Error) {
	if s.get == nil {
		return false, &recall.Error{Kind: recall.ErrUnavailable, Err: errors.New("there are no secrets: make Callbacks by NewCallbacks")}
	}
	secrets, err := s.get(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return false, &recall.Error{Kind: recall.ErrCanceled, Err: fmt.Errorf("SecretsFunc: %w", err)}
	case err != nil:
		return false, &recall.Error{Kind: recall.ErrUnavailable, Err: fmt.Errorf("SecretsFunc: %w", err)}
	case len(secrets) == 0 || slices.Contains(secrets, "") || !allTrimmed(secrets):
		return false, &recall.Error{
			Kind: recall.ErrUnavailable,
			Err:  errors.New("SecretsFunc returned none, an empty one, or one that begins or ends with white space"),
		}
	}
	found := false
	for _, secret := range secrets {
		if signed(secret) {
			found = true
		}
	}
	return found, nil
}

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
	ms, ok := callbackMillis(text)
	if !ok {
		f.Fail(name, "is no time in milliseconds")
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// callbackMillis reads milliseconds since 1970. Times before the year 2000
// are other units, and what lies after 9999 can't be written as JSON.
func callbackMillis(text string) (int64, bool) {
	ms, err := strconv.ParseInt(text, 10, 64)
	return ms, err == nil && ms >= 946_684_800_000 && ms < 253_402_300_800_000 && strconv.FormatInt(ms, 10) == text
}
