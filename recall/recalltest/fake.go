package recalltest

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// Fake is a [recall.Provider] that answers as a test tells it to and remembers
// what it was asked. The zero value is ready, takes every request and says
// [recall.Recalled].
//
// Set the fields before the first call; the methods may be called at any time,
// also by several goroutines at once. A Fake must not be copied after its first
// use.
type Fake struct {
	// As is what the fake pretends to be. Give it the capabilities of a real
	// client to have what that vendor needs checked, and its outcomes given:
	//
	//	fake := recalltest.Fake{As: client.Capabilities()}
	//
	// Where it is zero, no field is needed, every kind of chat is taken, and
	// the outcome is recall.Recalled. As.Batch makes BatchKey let messages
	// share a call, at most that many; the fake keeps no pace.
	As recall.Capabilities

	// App is the application in receipts and errors; "fake-app" where empty.
	App string

	// Default is the answer to calls that have no other. The zero Answer is a
	// success.
	Default Answer

	// Latency is how long a call takes whose Answer says nothing else. A call
	// whose ctx ends first returns at once, with recall.ErrCanceled.
	Latency time.Duration

	mu      sync.Mutex
	next    []Answer
	scripts map[string][]Answer // by MessageID
	calls   []Call
}

// Answer is what a call comes to. The zero value is a success with the fake's
// usual outcome.
type Answer struct {
	// Outcome is that of a success, instead of the usual one.
	Outcome recall.Outcome

	// Err makes the call fail. A bare [recall.Kind], such as
	// recall.ErrWindowExpired, becomes a *recall.Error of that kind. A
	// *recall.Error is copied, and its Vendor, App, Op and Attempts are filled in
	// where they are zero; nothing is added to an error that wraps one. Any
	// other error becomes the cause of a recall.ErrUnavailable. Where As.Force is
	// true, recall.ErrWindowExpired is for requests without Force only; the
	// others succeed.
	Err error

	// Latency is how long the call takes, instead of Fake.Latency.
	Latency time.Duration
}

// Forever is the Latency of a call that only the end of its ctx ends.
const Forever = time.Duration(1<<63 - 1)

// Call is what the fake was asked, once. A request that it refuses for a bad
// field, and a call whose ctx is over before, would never reach a vendor and
// are not among its calls.
type Call struct {
	// Requests are copies of the one request of RecallMessage, or of those of
	// RecallMessages that would be sent: each message once.
	Requests []recall.Request

	Batch    bool      // it was RecallMessages
	Deadline time.Time // of the ctx; zero where it had none
	Bulk     bool      // the ctx was made by recall.WithBulk
}

var (
	_ recall.Provider  = (*Fake)(nil)
	_ recall.Batcher   = (*Fake)(nil)
	_ recall.Capable   = (*Fake)(nil)
	_ recall.Validator = (*Fake)(nil)
)

// Next scripts the calls to come: each answer is for one of them, first come,
// first served, after the answers that are left of earlier scripts. A call of
// RecallMessages takes one, whose Err fails the call as a whole. RecallMessage
// takes none for messages that have a script of their own; see For.
func (f *Fake) Next(answers ...Answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = append(f.next, answers...)
}

// For scripts the message with this MessageID, instead of an earlier script of
// it: its calls get the answers in turn, and the last one again and again. In a
// call of RecallMessages the answer is for that message alone, and its Latency
// is not looked at.
func (f *Fake) For(messageID string, answers ...Answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.scripts == nil {
		f.scripts = make(map[string][]Answer)
	}
	f.scripts[messageID] = append([]Answer(nil), answers...)
}

// Calls returns all calls so far, in the order in which they began.
func (f *Fake) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := make([]Call, len(f.calls))
	for i, call := range f.calls {
		call.Requests = append([]recall.Request(nil), call.Requests...)
		calls[i] = call
	}
	return calls
}

// Requests returns the requests of all calls so far.
func (f *Fake) Requests() []recall.Request {
	var requests []recall.Request
	for _, call := range f.Calls() {
		requests = append(requests, call.Requests...)
	}
	return requests
}

// RecallMessage implements [recall.Provider].
func (f *Fake) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	if err := f.unsent(ctx); err != nil {
		return recall.Receipt{}, err
	}
	if err := f.ValidateRequest(req); err != nil {
		return recall.Receipt{}, err
	}
	answer, number := f.begin(ctx, req)
	if err := f.wait(ctx, answer); err != nil {
		return recall.Receipt{}, err
	}
	return f.give(answer, req, number)
}

// begin writes a call of RecallMessage down and returns its answer and its
// number.
func (f *Fake) begin(ctx context.Context, req recall.Request) (Answer, int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	number := f.record(ctx, []recall.Request{req}, false)
	if answer, ok := f.scripted(req.MessageID); ok {
		return answer, number
	}
	return f.takeNext(), number
}

func (f *Fake) record(ctx context.Context, reqs []recall.Request, batch bool) int {
	deadline, _ := ctx.Deadline()
	f.calls = append(f.calls, Call{Requests: reqs, Batch: batch, Deadline: deadline, Bulk: recall.IsBulk(ctx)})
	return len(f.calls)
}

func (f *Fake) takeNext() Answer {
	if len(f.next) == 0 {
		return f.Default
	}
	answer := f.next[0]
	f.next = f.next[1:]
	return answer
}

func (f *Fake) scripted(messageID string) (Answer, bool) {
	script := f.scripts[messageID]
	if len(script) == 0 {
		return Answer{}, false
	}
	if len(script) > 1 {
		f.scripts[messageID] = script[1:]
	}
	return script[0], true
}

// unsent returns the error of a call whose ctx is over before it begins.
func (f *Fake) unsent(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return f.complete(&recall.Error{Kind: recall.ErrCanceled, Err: err}, 0)
	}
	return nil
}

func (f *Fake) wait(ctx context.Context, answer Answer) error {
	latency := cmp.Or(answer.Latency, f.Latency)
	if latency <= 0 {
		return nil
	}
	timer := time.NewTimer(latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return f.complete(&recall.Error{Kind: recall.ErrCanceled, Err: ctx.Err(), MayHaveApplied: true}, 1)
	}
}

// give turns an answer into what is known of the message.
func (f *Fake) give(answer Answer, req recall.Request, number int) (recall.Receipt, error) {
	as := f.Capabilities()
	reached := req.Force && as.Force && errors.Is(answer.Err, recall.ErrWindowExpired)
	if answer.Err != nil && !reached {
		return recall.Receipt{}, f.failure(answer.Err)
	}
	usual := as.Success
	if req.Force {
		usual = as.ForcedSuccess
	}
	return recall.Receipt{
		Vendor: as.Vendor, App: f.app(), MessageID: req.MessageID, Outcome: cmp.Or(answer.Outcome, usual),
		Code: "ok", Attempts: 1, TraceID: "fake-" + strconv.Itoa(number), At: time.Now(),
	}, nil
}

// failure makes a scripted error one that a provider may return.
func (f *Fake) failure(err error) error {
	if e, ok := err.(*recall.Error); ok { //nolint:errorlint // an error that wraps one is left as it is
		return f.complete(e, 1)
	}
	if kind, ok := err.(recall.Kind); ok { //nolint:errorlint // the same
		return f.complete(&recall.Error{Kind: kind}, 1)
	}
	var e *recall.Error
	if errors.As(err, &e) {
		return err
	}
	return f.complete(&recall.Error{Kind: recall.ErrUnavailable, Err: err}, 1)
}

// complete returns a copy of e with what the fake knows.
func (f *Fake) complete(e *recall.Error, attempts int) *recall.Error {
	out := *e
	out.Vendor, out.App = cmp.Or(e.Vendor, f.Capabilities().Vendor), cmp.Or(e.App, f.app())
	out.Op, out.Attempts = cmp.Or(e.Op, "recall"), cmp.Or(e.Attempts, attempts)
	return &out
}

func (f *Fake) app() string { return cmp.Or(f.App, "fake-app") }
