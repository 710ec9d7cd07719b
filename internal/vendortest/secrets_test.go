package vendortest

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
)

const secret = "s3cr3t-5b1c9e2f/9c1fb7d2=="

type hidden struct{ value string }

func (hidden) Format(f fmt.State, _ rune)   { fmt.Fprint(f, "[hidden]") }
func (hidden) MarshalJSON() ([]byte, error) { return []byte(`"[hidden]"`), nil }
func (hidden) LogValue() slog.Value         { return slog.StringValue("[hidden]") }

type (
	shownByFormat struct{ hidden }
	shownByJSON   struct{ hidden }
	shownBySlog   struct{ hidden }
)

func (s shownByFormat) Format(f fmt.State, verb rune) {
	if verb == 'x' {
		fmt.Fprintf(f, "%x", s.value)
	}
}
func (s shownByJSON) MarshalJSON() ([]byte, error) { return []byte(`"` + s.value + `"`), nil }
func (s shownBySlog) LogValue() slog.Value         { return slog.StringValue(s.value) }

// Every way of printing is looked at, and every form of a secret.
func TestShows(t *testing.T) {
	h := hidden{secret}
	assert.Empty(t, Shows(h, secret))
	assert.Empty(t, Shows(&h, secret))
	assert.Empty(t, Shows([]hidden{h}, secret))
	assert.Empty(t, Shows(errors.New("a name, 5b1c"), secret))
	for name, v := range map[string]any{
		"format": shownByFormat{h}, "JSON": shownByJSON{h}, "slog": shownBySlog{h},
		"unexported field": struct{ h hidden }{h},
		"text":             "a " + secret,
		"a part":           "a 5b1c9e2f",
		"upper case":       "A 5B1C9E2F",
		"hexadecimal":      "a 3562316339653266",
		"bytes":            "a 35 62 31 63 39 65 32 66",
		"escaped":          "s3cr3t-5b1c9e2f%2F9c1fb7d2%3D%3D",
		"wrapped":          fmt.Errorf("%w", hiding{errors.New(secret)}),
		"one of several":   hiding{errors.Join(errors.New("x"), errors.New(secret))},
	} {
		assert.NotEmpty(t, Shows(v, "another one", secret), name)
	}
}

// hiding is an error that does not print what it wraps.
type hiding struct{ err error }

func (hiding) Error() string                { return "hidden" }
func (h hiding) Unwrap() error              { return h.err }
func (h hiding) Format(f fmt.State, _ rune) { fmt.Fprint(f, "hidden") }
