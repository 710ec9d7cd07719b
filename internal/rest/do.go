package rest

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// Call is one operation of a vendor in two halves that do no I/O of their
// own: one makes the request, the other reads the answer. Everything between
// them is Do's.
type Call struct {
	Op          string         // as in recall.Error
	MessageID   string         // as in recall.Receipt; empty for a call about several messages
	Messages    int            // how many messages the call is about
	TraceHeader string         // the header that carries the trace id, a canonical key; empty where the vendor has none
	Quotas      []recall.Quota // narrowest first: a user's, then the application's

	// Build makes the request, afresh and freshly signed for each attempt.
	Build func(ctx context.Context) (*Request, error)

	// Decode reads an answer: a verdict, or an error, which should be a
	// *recall.Error with what the vendor said (Kind, Code, Message). Do fills
	// in the rest. Success is the vendor's word only: whatever can't be read is
	// an error. Decode may be called more than once for the same answer.
	Decode func(Answer) (Verdict, error)

	// Renew is asked after the vendor refused an attempt, until it has said yes
	// once. True means that Build will now use other credentials, and the call is
	// worth another attempt; false must change nothing. Nil means never.
	Renew func(*recall.Error) bool

	// Gone is the outcome where the vendor does not know the message after an
	// earlier attempt that may have arrived. Empty stands for
	// recall.AlreadyGone, which says that it is gone for everyone.
	Gone recall.Outcome

	// FetchesToken marks a call for credentials: observers see a token span.
	FetchesToken bool

	// Reads marks a call that changes nothing at the vendor: no attempt can have
	// taken effect, and the vendor must not take one for the repetition of
	// another, as only an answer of its own is worth anything.
	Reads bool
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
	Body   []byte    // decompressed, at most MaxBody bytes; not to be kept after Decode
	At     time.Time // when it came

	// Repeated is true where an earlier request of the same call, with the same
	// trace id, may have reached the vendor and was never answered.
	Repeated bool

	// Unsettled is true where an earlier request of the same call may have taken
	// effect, answered or not.
	Unsettled bool
}

// Verdict is what an answer means where it is a success.
type Verdict struct {
	Outcome recall.Outcome // empty for a call that is about no message
	Code    string         // the vendor's own word
}

// Do carries out one call, repeating it as the policy says, and returns its
// receipt or a *recall.Error.
func (c *Client) Do(ctx context.Context, call Call) (recall.Receipt, error) {
	r := run{client: c, call: call}
	if ctx == nil {
		return recall.Receipt{}, r.complete(recall.Invalid("ctx", "is nil"), nil)
	}
	r.newTraceID()
	ctx, end := c.observe(ctx, r.span(recall.SpanCall))
	receipt, err := r.untilDone(ctx)
	if err != nil {
		end(recall.SpanEnd{Err: err, Status: err.Status, TraceID: r.traceID, Attempts: r.attempts})
		return recall.Receipt{}, err
	}
	end(recall.SpanEnd{
		Outcome: receipt.Outcome, Code: receipt.Code, Status: r.status, TraceID: r.traceID, Attempts: r.attempts,
	})
	return receipt, nil
}

// run is the state of one call.
type run struct {
	client   *Client
	call     Call
	traceID  string
	attempts int  // made
	free     int  // of these, how many do not count against the policy
	open     bool // a request went out, and no answer settled what it did
	silent   bool // one with the present trace id may have reached the vendor, which did not answer it
	status   int  // of the last answer
	renewed  bool

	dealtWith bool          // the vendor itself refused the attempt before, with a code of its own
	last      *recall.Error // how the attempt before ended
}

// untilDone makes attempts until one succeeds or no other makes sense.
func (r *run) untilDone(ctx context.Context) (recall.Receipt, *recall.Error) {
	for {
		result := r.attempt(ctx)
		if result.err == nil {
			return result.receipt, nil
		}
		again, err := r.again(ctx, result)
		if !again {
			return recall.Receipt{}, err
		}
		r.last = result.err
	}
}

// result is how an attempt ended.
type result struct {
	receipt recall.Receipt
	err     *recall.Error
	sent    bool // err comes from the wire or the vendor, not from before
	moved   bool // the next attempt goes to another host, and nothing was sent to this one
}

// attempt makes one attempt, first waiting for its quotas.
func (r *run) attempt(ctx context.Context) (res result) {
	if err := ended(ctx); err != nil {
		return r.unsent(ctx, canceled(err))
	}
	release, err := r.acquire(ctx)
	if err != nil {
		return r.unsent(ctx, err)
	}
	var use recall.CallEnd
	defer func() { release(use) }() // also where the caller's own code panics below
	req, err := r.call.Build(ctx)
	if err != nil {
		return r.unsent(ctx, err)
	}
	r.stamp(req)
	r.attempts++
	ctx, end := r.client.observe(ctx, r.span(recall.SpanAttempt))
	r.status = 0
	base, host := r.client.hosts.pick(time.Now())
	answer, wire, err := r.client.exchange(ctx, host, req)
	use = wire.use(err == nil)
	if err != nil {
		res = r.unanswered(ctx, base, err, wire, req)
	} else {
		r.status = answer.Status
		r.note(wire.replayed())
		answer.Repeated, answer.Unsettled = r.silent, r.open
		res = r.judge(answer, req.Secrets)
	}
	res.moved = r.moveOn(host, answer.Status, wire, res.err)
	wire.gear.free()
	endAttempt(end, res, r)
	return res
}

// note keeps in mind that a request may have reached the vendor and was not
// answered by it.
func (r *run) note(silence bool) {
	if r.call.Reads {
		return
	}
	r.open = r.open || silence
	r.silent = r.silent || silence
}

func endAttempt(end func(recall.SpanEnd), res result, r *run) {
	e := recall.SpanEnd{Outcome: res.receipt.Outcome, Code: res.receipt.Code, TraceID: r.traceID, Status: r.status}
	if res.err != nil {
		e.Err = res.err
	}
	end(e)
}

// unsent is the result of an attempt that ended before anything was sent.
// Where it was the waiting that failed, the vendor's last word stays the
// error, and the reason why there was no other attempt is added to it.
func (r *run) unsent(ctx context.Context, err error) result {
	e := buildError(ctx, err)
	if r.last != nil && e.Kind == recall.ErrRateLimited && errors.Is(e, context.DeadlineExceeded) {
		return result{err: r.noTime(r.last, e.Err)}
	}
	if r.last != nil && e.Kind == recall.ErrCanceled {
		e = canceled(after(e.Err, r.last))
	}
	return result{err: r.complete(e, nil)}
}

// unanswered is the result of an exchange that brought no whole answer.
func (r *run) unanswered(ctx context.Context, base string, err error, w *wire, req *Request) result {
	r.note(w.mayHaveArrived())
	e := r.complete(r.client.fault(ctx, base, err, w), req.Secrets)
	if e.Kind != recall.ErrCanceled {
		e.Err = shortened(e.Err)
	}
	return result{err: e, sent: true}
}

// judge turns an answer into a receipt or an error, and keeps the books on
// what may have been applied.
func (r *run) judge(answer Answer, secrets []string) result {
	verdict, err := r.decode(answer, secrets)
	if err == nil {
		return result{receipt: r.receipt(answer, verdict)}
	}
	if clean, found := maskedBody(answer.Body, secrets); found {
		answer.Body = clean
		_, err = r.decode(answer, secrets) // the same error, told without what the server echoed
	}
	if err.Kind == recall.ErrNotFound && r.open {
		return result{receipt: r.receipt(answer, Verdict{Outcome: cmp.Or(r.call.Gone, recall.AlreadyGone), Code: err.Code})}
	}
	// A refusal of this attempt says nothing about an earlier one. Without a
	// refusal the server had the request, and nobody knows what it did with it.
	r.dealtWith = err.Code != ""
	if opens(err.Kind) && !r.call.Reads {
		r.open = true
		r.silent = r.silent || !r.dealtWith // a gateway's page: not the vendor's answer
	}
	err.Status = answer.Status
	if err.Retryable() {
		err.RetryAfter = max(err.RetryAfter, retryAfter(answer))
	}
	return result{err: r.complete(err, secrets), sent: true}
}

// opens tells whether an answer leaves open what the request did.
func opens(kind recall.Kind) bool {
	return kind == recall.ErrUnavailable || kind == recall.ErrBadResponse
}

func (r *run) decode(answer Answer, secrets []string) (Verdict, *recall.Error) {
	if answer.Status >= 300 && answer.Status <= 399 {
		return Verdict{}, redirected(answer, secrets)
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
