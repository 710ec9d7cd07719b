package rest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// Call is one operation of a vendor in two halves that do no I/O of their
// own: one makes the request, the other reads the answer. Everything between
// them is Do's.
type Call struct {
	Op          string // as in recall.Error
	MessageID   string // as in recall.Receipt; empty for a call about several messages
	TraceHeader string // the header that carries the trace id; empty where the vendor has none

	// Build makes the request, afresh and freshly signed for each attempt.
	Build func(ctx context.Context) (*Request, error)

	// Decode reads an answer: a verdict, or an error, which should be a
	// *recall.Error with what the vendor said (Kind, Code, Message). Do fills
	// in the rest. Success is the vendor's word only: whatever can't be read is
	// an error. Decode may be called more than once for the same answer.
	Decode func(Answer) (Verdict, error)

	// Renew is asked once in a call, after the vendor refused an attempt. True
	// means that Build will now use other credentials, and the call is worth
	// another attempt. Nil means never.
	Renew func(*recall.Error) bool
}

// Request is an HTTP request as a vendor describes it.
type Request struct {
	Method  string
	Path    string      // follows the base URL: begins with a slash, is escaped, may hold a query
	Header  http.Header // Do adds to it; canonical keys
	Body    []byte
	Secrets []string // what no error may show, even if the server echoes it
}

// Answer is a whole HTTP answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte    // decompressed, at most MaxBody bytes
	At     time.Time // when it came

	// Repeated is true where an earlier request of the same call may have
	// reached the vendor and was never answered.
	Repeated bool
}

// Verdict is what an answer means where it is a success.
type Verdict struct {
	Outcome recall.Outcome // empty for a call that is about no message
	Code    string         // the vendor's own word
}

// Do carries out one call and returns its receipt, or a *recall.Error.
func (c *Client) Do(ctx context.Context, call Call) (recall.Receipt, error) {
	r := run{client: c, call: &call}
	if call.TraceHeader != "" {
		r.traceID = newTraceID()
	}
	receipt, err := r.attempt(ctx)
	if err != nil && call.Renew != nil && call.Renew(err) {
		receipt, err = r.attempt(ctx)
	}
	if err != nil {
		return recall.Receipt{}, err
	}
	return receipt, nil
}

// run is the state of one call.
type run struct {
	client   *Client
	call     *Call
	traceID  string
	attempts int
	open     bool // a request went out, and no answer about the message settled its fate
}

func (r *run) attempt(ctx context.Context) (recall.Receipt, *recall.Error) {
	if ctx == nil {
		return recall.Receipt{}, r.complete(recall.Invalid("ctx", "is nil"), nil)
	}
	if err := ended(ctx); err != nil {
		return recall.Receipt{}, r.complete(canceled(err), nil)
	}
	req, err := r.call.Build(ctx)
	if err != nil {
		return recall.Receipt{}, r.complete(buildError(ctx, err), nil)
	}
	if r.traceID != "" {
		req.Header.Set(r.call.TraceHeader, r.traceID)
	}
	r.attempts++
	answer, wire, err := r.client.exchange(ctx, req)
	if err != nil {
		r.open = r.open || wire.mayHaveArrived()
		return recall.Receipt{}, r.complete(fault(ctx, err, wire), req.Secrets)
	}
	r.open = r.open || wire.replayed()
	answer.Repeated = r.open
	return r.judge(answer, req.Secrets)
}

// judge turns an answer into a receipt or an error, and keeps the books on
// what may have been applied.
func (r *run) judge(answer Answer, secrets []string) (recall.Receipt, *recall.Error) {
	verdict, err := r.decode(answer)
	if err == nil {
		return r.receipt(answer, verdict), nil
	}
	if clean, found := maskedBody(answer.Body, secrets); found {
		answer.Body = clean
		_, err = r.decode(answer) // the same error, told without what the server echoed
	}
	if err.Kind == recall.ErrNotFound && r.open {
		return r.receipt(answer, Verdict{Outcome: recall.AlreadyGone, Code: err.Code}), nil
	}
	switch err.Kind {
	case recall.ErrNotFound, recall.ErrForbidden, recall.ErrWindowExpired:
		r.open = false // an answer about this message: it is where it was
	case recall.ErrUnavailable, recall.ErrBadResponse:
		r.open = true // the server had the request; nobody knows what it did with it
	default: // a refusal of this attempt says nothing about an earlier one
	}
	err.Status = answer.Status
	if err.RetryAfter == 0 && err.Retryable() {
		err.RetryAfter = retryAfter(answer)
	}
	return recall.Receipt{}, r.complete(err, secrets)
}

func (r *run) decode(answer Answer) (Verdict, *recall.Error) {
	if answer.Status >= 300 && answer.Status <= 399 {
		return Verdict{}, redirected(answer)
	}
	verdict, err := r.call.Decode(answer)
	if err == nil {
		return verdict, nil
	}
	var e *recall.Error
	if !errors.As(err, &e) {
		e = &recall.Error{Kind: recall.ErrBadResponse, Err: err}
	}
	return Verdict{}, e
}

func (r *run) receipt(answer Answer, v Verdict) recall.Receipt {
	return recall.Receipt{
		Vendor: r.client.vendor, App: r.client.app, MessageID: r.call.MessageID,
		Outcome: v.Outcome, Code: v.Code, Attempts: r.attempts, TraceID: r.traceID, At: answer.At,
	}
}

// complete returns a copy of err with what the call knows: the original may
// be shared, as by those who waited for the same token.
func (r *run) complete(err *recall.Error, secrets []string) *recall.Error {
	e := *err
	e.Vendor, e.App = r.client.vendor, r.client.app
	if e.Op == "" {
		e.Op = r.call.Op
	}
	e.TraceID, e.Attempts, e.MayHaveApplied = r.traceID, r.attempts, r.open
	mask(&e, secrets)
	return &e
}

func newTraceID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand
	return hex.EncodeToString(b[:])
}
