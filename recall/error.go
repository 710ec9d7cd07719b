package recall

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Error is the one error type of this module. Implementers of a Provider
// construct it too; every field is optional but Kind.
//
// errors.Is finds both the Kind and what caused the error, so that
// errors.Is(err, recall.ErrCanceled) and errors.Is(err,
// context.DeadlineExceeded) may both be true. The latter is only ever true
// when the caller's own deadline has passed, or left no room: an attempt that
// ran into Policy.Timeout is ErrUnavailable and does not match it.
type Error struct {
	// Kind is what the error means for the caller.
	Kind Kind

	// Vendor and App are as in Receipt; Op is the operation, such as "recall".
	Vendor, App, Op string

	// Field names the field that breaks a rule: of Request where the error
	// comes from RecallMessage, of the parameters where it comes from a
	// vendor's native method, of Config where it comes from New. Empty where
	// the vendor found the fault and did not name it.
	Field string

	// Code and Message are the vendor's own words, verbatim, such as "414" and
	// "timetag not long". Both are empty where no answer came, or none that
	// could be read. A secret that the vendor echoed is masked, and a Message
	// longer than 1,024 bytes is cut.
	Code, Message string

	// Status is the HTTP status, 0 where none came.
	Status int

	// TraceID and Attempts are as in Receipt.
	TraceID  string
	Attempts int

	// RetryAfter is how long the vendor wants to be left alone, or how long the
	// wait for our own quota would be; 0 where it is not known.
	RetryAfter time.Duration

	// MayHaveApplied is true where a request went out and no later answer
	// about this message settled its fate: the message may be gone in spite of
	// the error.
	MayHaveApplied bool

	// Err is the cause: the rule that a field breaks, a network error, the
	// ctx's error.
	Err error
}

// Invalid returns an ErrInvalidRequest about the named field of a Request,
// for implementers of a Provider. rule says what is wrong, as in
// Invalid("To", "is required").
func Invalid(field, rule string) *Error {
	return &Error{Kind: ErrInvalidRequest, Field: field, Err: errors.New(rule)}
}

// Error describes the error in one line: vendor, operation, kind, code, text
// and what else is known. It never holds a secret.
func (e *Error) Error() string {
	if e == nil {
		return "<nil>"
	}
	var b strings.Builder
	for _, name := range []string{e.Vendor, e.Op} {
		if name != "" {
			b.WriteString(name + ": ")
		}
	}
	b.WriteString(string(e.Kind))
	if e.Field != "" {
		b.WriteString(": " + e.Field)
	}
	if e.Code != "" {
		b.WriteString(": code " + oneLine(e.Code))
	}
	if e.Message != "" {
		b.WriteString(": " + strconv.Quote(e.Message))
	}
	if e.Err != nil {
		b.WriteString(": " + oneLine(e.Err.Error()))
	}
	if facts := e.facts(); len(facts) > 0 {
		b.WriteString(" (" + strings.Join(facts, ", ") + ")")
	}
	return b.String()
}

func (e *Error) facts() []string {
	var facts []string
	if e.Status != 0 {
		facts = append(facts, "HTTP "+strconv.Itoa(e.Status))
	}
	if e.App != "" {
		facts = append(facts, "app "+oneLine(e.App))
	}
	if e.TraceID != "" {
		facts = append(facts, "trace "+oneLine(e.TraceID))
	}
	if e.Attempts > 1 {
		facts = append(facts, strconv.Itoa(e.Attempts)+" attempts")
	}
	if e.RetryAfter > 0 {
		facts = append(facts, "retry after "+e.RetryAfter.String())
	}
	if e.MayHaveApplied {
		facts = append(facts, "may have taken effect")
	}
	return facts
}

// GoString writes the fields, and of the cause no more than its text: what else
// an error of the application's own transport holds, such as the request, may
// be a secret.
func (e *Error) GoString() string {
	if e == nil {
		return "(*recall.Error)(nil)"
	}
	type fields Error
	shown := fields(*e)
	if e.Err != nil {
		shown.Err = causeText(e.Err.Error())
	}
	return strings.Replace(fmt.Sprintf("&%#v", shown), "recall.fields", "recall.Error", 1)
}

// causeText is an error that %#v shows.
type causeText string

func (t causeText) Error() string { return string(t) }

// oneLine keeps an error in one line of a log, whatever a vendor wrote.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// Unwrap returns the kind and the cause, so that errors.Is and errors.As find
// both.
func (e *Error) Unwrap() []error {
	if e == nil {
		return nil
	}
	var errs []error
	if e.Kind != "" {
		errs = append(errs, e.Kind)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}

// Retryable tells whether the same request may fare better a little later,
// at the earliest after RetryAfter.
func (e *Error) Retryable() bool { return e.Kind.Retryable() }

// errorJSON is the stable JSON form of an Error.
type errorJSON struct {
	Kind           Kind   `json:"kind"`
	Vendor         string `json:"vendor,omitempty"`
	App            string `json:"app,omitempty"`
	Op             string `json:"op,omitempty"`
	Field          string `json:"field,omitempty"`
	Code           string `json:"code,omitempty"`
	Message        string `json:"message,omitempty"`
	Status         int    `json:"status,omitempty"`
	TraceID        string `json:"trace_id,omitempty"`
	Attempts       int    `json:"attempts,omitempty"`
	RetryAfter     string `json:"retry_after,omitempty"`
	MayHaveApplied bool   `json:"may_have_applied"`
	Cause          string `json:"cause,omitempty"`
}

// MarshalJSON writes the error for audit logs and queues. The form is stable:
// fields may be added, none is renamed. RetryAfter is written as in "10s",
// and of the cause only its text is kept.
func (e *Error) MarshalJSON() ([]byte, error) {
	out := errorJSON{
		Kind: e.Kind, Vendor: e.Vendor, App: e.App, Op: e.Op, Field: e.Field,
		Code: e.Code, Message: e.Message, Status: e.Status,
		TraceID: e.TraceID, Attempts: e.Attempts, MayHaveApplied: e.MayHaveApplied,
	}
	if e.RetryAfter != 0 {
		out.RetryAfter = e.RetryAfter.String()
	}
	if e.Err != nil {
		out.Cause = e.Err.Error()
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote. The cause comes back as an error
// with the same text; where that is one of the ctx's errors, errors.Is finds
// it again.
func (e *Error) UnmarshalJSON(data []byte) error {
	var in errorJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	out := Error{
		Kind: in.Kind, Vendor: in.Vendor, App: in.App, Op: in.Op, Field: in.Field,
		Code: in.Code, Message: in.Message, Status: in.Status,
		TraceID: in.TraceID, Attempts: in.Attempts, MayHaveApplied: in.MayHaveApplied,
		Err: restoredCause(in.Cause),
	}
	if in.RetryAfter != "" {
		d, err := time.ParseDuration(in.RetryAfter)
		if err != nil {
			return fmt.Errorf("recall: retry_after: %w", err)
		}
		out.RetryAfter = d
	}
	*e = out
	return nil
}

func restoredCause(text string) error {
	if text == "" {
		return nil
	}
	for _, known := range []error{context.DeadlineExceeded, context.Canceled} {
		if text == known.Error() {
			return known
		}
	}
	return errors.New(text)
}
