package rest

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/imrecall/imrecall/recall"
)

// Checks of fields before they go on the wire. Each returns nil or an
// ErrInvalidRequest that names the field and the rule.

// First returns the first error among the results of several checks.
func First(errs ...*recall.Error) *recall.Error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Required checks a text that may not be empty.
func Required(field, value string) *recall.Error {
	if value == "" {
		return recall.Invalid(field, "is required")
	}
	return UTF8(field, value)
}

// UTF8 checks that a text survives being sent: encoders replace what is not
// UTF-8, and would so name another user or message.
func UTF8(field, value string) *recall.Error {
	if !utf8.ValidString(value) {
		return recall.Invalid(field, "is not valid UTF-8")
	}
	return nil
}

// AtMost checks an optional text of at most limit characters.
func AtMost(field, value string, limit int) *recall.Error {
	if utf8.RuneCountInString(value) > limit {
		return recall.Invalid(field, "is longer than "+strconv.Itoa(limit)+" characters")
	}
	return UTF8(field, value)
}

// Chat checks that a kind of chat is one of those that exist.
func Chat(t recall.ChatType) *recall.Error {
	switch {
	case t == "":
		return recall.Invalid("Chat", "is required")
	case !t.Valid():
		return recall.Invalid("Chat", "is none of direct, group, super_group and room")
	}
	return nil
}

// Unsupported returns the refusal of a kind of chat that the vendor's call
// can't reach.
func Unsupported(why string) *recall.Error {
	err := recall.Invalid("Chat", why)
	err.Kind = recall.ErrUnsupported
	return err
}

// Millis checks a vendor's time of a message and returns it in milliseconds
// since 1970. A time with a fraction of a millisecond was not made by the
// vendor, and would silently find another message or none.
func Millis(field string, t time.Time) (int64, *recall.Error) {
	ms := t.UnixMilli()
	switch {
	case t.IsZero():
		return 0, recall.Invalid(field, "is required")
	case !time.UnixMilli(ms).Equal(t):
		return 0, recall.Invalid(field, "is not in whole milliseconds, so it is not the vendor's own time")
	case ms <= 0:
		return 0, recall.Invalid(field, "is before 1970")
	}
	return ms, nil
}

// HeaderValue tells whether a credential can be sent in an HTTP header.
func HeaderValue(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s != ""
}
