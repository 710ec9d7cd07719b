package recall

import (
	"errors"
	"fmt"
	"time"
)

// history is what calls about a request did that failed as a whole.
type history struct {
	last *Error // nil: there was none
	open bool   // one of them may have been applied
	lost bool   // one of them did not find a message, and may have meant this one
}

// maySplit tells whether a failure of a whole call may be due to one of its
// messages. The others are about the application, the network or the time: to
// split would multiply the calls and find nobody.
func maySplit(e *Error) bool {
	switch e.Kind {
	case ErrInvalidRequest, ErrUnsupported, ErrForbidden, ErrWindowExpired, ErrNotFound, ErrBadResponse:
		return true
	default:
		return false
	}
}

// halves returns a share that failed as a whole in two parts.
func (s *share) halves(e *Error) (first, second *share) {
	before := history{
		last: e,
		open: s.before.open || e.MayHaveApplied,
		lost: s.before.lost || e.Kind == ErrNotFound,
	}
	middle := (len(s.reqs) + 1) / 2
	return &share{reqs: s.reqs[:middle:middle], numbers: s.numbers[:middle:middle], before: before},
		&share{reqs: s.reqs[middle:], numbers: s.numbers[middle:], before: before}
}

// settle returns a result in the light of what happened before: an earlier call
// that may have been applied leaves the fate of the message open, whatever a
// later one is refused for. Not found means then that it is gone, or that the
// id is wrong, as in a call that is repeated after silence; but where the
// earlier call did not find a message either, it may be this one.
func (h history) settle(r Result) Result {
	if !h.open || r.Err == nil {
		return r
	}
	e, ok := errorIn(r.Err)
	if !ok {
		return r
	}
	if e.Kind == ErrNotFound && !h.lost {
		return Result{Request: r.Request, Receipt: Receipt{
			Vendor: e.Vendor, App: e.App, MessageID: r.Request.MessageID, Outcome: AlreadyGone, Code: e.Code,
			Attempts: e.Attempts, TraceID: e.TraceID, At: time.Now(),
		}}
	}
	r.Err = separate(r.Err)
	e, _ = errorIn(r.Err)
	e.MayHaveApplied = true
	return r
}

// unsent is the error of a request that was not handed to the provider, or not
// again.
func (h history) unsent(vendor string, why error) *Error {
	if h.last != nil {
		why = fmt.Errorf("%w, after a call for several messages failed: %v", why, h.last) //nolint:errorlint // that call's kind is not this message's
	}
	return &Error{Kind: ErrCanceled, Vendor: vendor, Op: "recall", MayHaveApplied: h.open, Err: why}
}

// errorIn finds the *Error that err is or wraps.
func errorIn(err error) (*Error, bool) {
	e, ok := errors.AsType[*Error](err)
	return e, ok && e != nil
}

// separate returns err with a copy of the *Error in it, so that results share
// nothing that can be changed.
func separate(err error) error {
	e, ok := errorIn(err)
	if !ok {
		return err
	}
	own := *e
	if err == error(e) { //nolint:errorlint // whether it is the very one
		return &own
	}
	return &wrapped{text: err.Error(), own: &own, err: err}
}

// wrapped is an error around an *Error, of which it has a copy.
type wrapped struct {
	text string
	own  *Error
	err  error
}

func (w *wrapped) Error() string { return w.text }

// Unwrap has the copy found before the original.
func (w *wrapped) Unwrap() []error { return []error{w.own, w.err} }
