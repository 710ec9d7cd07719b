package wave

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// Class is what became of a message, in one word.
type Class string

// The classes, in the order in which they are told.
const (
	Recalled    Class = "recalled"     // gone: the vendor's answer proves it
	Accepted    Class = "accepted"     // the vendor said yes, which proves nothing
	AlreadyGone Class = "already_gone" // sent before without an answer, and now not known
	NotFound    Class = "not_found"    // gone before, or a wrong id
	Refused     Class = "refused"      // the vendor said no
	Unknown     Class = "unknown"      // sent, and no answer settled its fate
	Failed      Class = "failed"       // nothing was changed: the vendor could not be reached, or not in time
	Invalid     Class = "invalid"      // never sent: a field breaks a rule
)

// Classes returns all classes in order.
func Classes() []Class {
	return []Class{Recalled, Accepted, AlreadyGone, NotFound, Refused, Unknown, Failed, Invalid}
}

// failed tells whether the message belongs into the failures file.
func (c Class) failed() bool { return c != Recalled && c != Accepted && c != AlreadyGone }

// Words is the class as people read it.
func (c Class) Words() string { return strings.ReplaceAll(string(c), "_", " ") }

// ClassOf is the class of a result. An outcome that is new to this command counts as accepted.
func ClassOf(result recall.Result) Class {
	err, outcome := result.Err, result.Receipt.Outcome
	var e *recall.Error
	switch {
	case err == nil && slices.Contains(Classes(), Class(outcome)):
		return Class(outcome)
	case err == nil:
		return Accepted
	case !errors.As(err, &e):
		return Unknown
	case e.MayHaveApplied:
		return Unknown
	case e.Kind == recall.ErrNotFound:
		return NotFound
	case neverSent(e) && (e.Kind == recall.ErrInvalidRequest || e.Kind == recall.ErrUnsupported):
		return Invalid
	case e.Kind.Retryable() || e.Kind == recall.ErrCanceled || e.Kind == recall.ErrBadResponse:
		return Failed
	}
	return Refused
}

func neverSent(e *recall.Error) bool { return e.Attempts == 0 && e.Status == 0 }

// AboutApp tells whether an error is about credentials, configuration or what the plan includes.
func AboutApp(err error) bool {
	for _, kind := range []recall.Kind{recall.ErrUnauthorized, recall.ErrMisconfigured, recall.ErrNotEnabled, recall.ErrPlanExhausted} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// gone makes a receipt of the answer that the vendor does not know a message which an earlier run had sent.
func gone(result recall.Result) recall.Result {
	var e *recall.Error
	if !errors.As(result.Err, &e) {
		return result
	}
	return recall.Result{Request: result.Request, Receipt: recall.Receipt{
		Vendor: e.Vendor, App: e.App, MessageID: result.Request.MessageID, Outcome: recall.AlreadyGone,
		Code: e.Code, Attempts: e.Attempts, TraceID: e.TraceID, At: time.Now(),
	}}
}

// Counts are numbers of messages.
type Counts map[Class]int

// Total is their sum.
func (c Counts) Total() int {
	total := 0
	for _, n := range c {
		total += n
	}
	return total
}

// FailureCount is how many of them belong into the failures file.
func (c Counts) FailureCount() int {
	total := 0
	for class, n := range c {
		if class.failed() {
			total += n
		}
	}
	return total
}

// String lists them in order, as in "3 recalled, 1 not found".
func (c Counts) String() string {
	var parts []string
	for _, class := range Classes() {
		if n := c[class]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, class.Words()))
		}
	}
	if len(parts) == 0 {
		return "0 messages"
	}
	return strings.Join(parts, ", ")
}
