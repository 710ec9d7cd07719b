package recalltest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// callRules are about single calls and what they return. The first one comes
// first because a real vendor has one message, which is fresh once.
func callRules() []rule {
	return []rule{
		{"receipt", "a success has a receipt with Vendor, App, the MessageID of the request, Outcome, Code, Attempts and At", receiptIsFilled},
		{"proof", "a success is Recalled only where the vendor refuses messages that it does not know, and is the outcome that Capabilities promises", outcomeIsTrue},
		{"recalled twice", "a message that is recalled again ends in ErrNotFound, or in a success that is no proof", recalledTwice},
		{"concurrent use", "RecallMessage may be called by any number of goroutines at once, and each gets what became of its own message", concurrentUse},
		{"canceled before", "where ctx is over before the call, nothing is sent and the error is ErrCanceled", canceledBefore},
		{"canceled during", "a call returns within 100 ms of the end of ctx, with ErrCanceled", canceledDuring},
	}
}

func receiptIsFilled(p *probe) {
	h, ok := p.stage(Healthy)
	if !ok {
		return
	}
	req := h.Messages[0]
	begin := time.Now()
	r, err := p.recall(h, req)
	end := time.Now()
	if err != nil {
		if h.Live && errors.Is(err, recall.ErrWindowExpired) {
			p.t.Fatalf("recalltest: the message is too old for a plain recall; name a fresh one, or set Force: %v", err)
		}
		p.violated("recalling a message that the vendor knows: %s", got(r, err))
		return
	}
	if h.Live {
		p.promised(h, r.Outcome, req.Force) // the rule proof finds the message gone
		if h.Sent() == 0 {
			p.violated("the provider did not send through the transport that it was given, and so nothing keeps it offline where it has to be")
		}
	}
	for name, empty := range map[string]bool{
		"Vendor": r.Vendor == "", "App": r.App == "", "Code": r.Code == "", "Attempts": r.Attempts < 1,
		"MessageID (as in the request)": r.MessageID != req.MessageID,
		"Outcome (one of recall's)":     !knownOutcome(r.Outcome),
		"At (during the call)":          r.At.Before(begin.Add(-time.Second)) || r.At.After(end.Add(time.Second)),
	} {
		if empty {
			p.violated("%s is missing or wrong in %+v", name, r)
		}
	}
}

func knownOutcome(o recall.Outcome) bool {
	return o == recall.Recalled || o == recall.Accepted || o == recall.AlreadyGone
}

func outcomeIsTrue(p *probe) {
	for _, force := range []bool{false, true} {
		healthy, ok := p.stage(Healthy)
		if !ok {
			return
		}
		if healthy.Live && force != healthy.Messages[0].Force {
			p.skip("Force %v: a real message is recalled as the harness says", force)
			continue
		}
		known := healthy.Messages[0]
		known.Force = force
		r, err := p.recall(healthy, known)
		if err != nil {
			continue // receipt's rule
		}
		p.promised(healthy, r.Outcome, force)
		unknown, ok := p.stage(UnknownMessages)
		if !ok {
			continue
		}
		req := unknown.Messages[0]
		req.Force = force
		u, err := p.recall(unknown, req)
		switch {
		case err == nil && u.Outcome.Proven():
			p.violated("Force %v: of a message that the vendor does not know, %s", force, got(u, err))
		case err == nil && r.Outcome.Proven():
			p.violated("Force %v: the vendor says yes to a message that it does not know too, but of one that it knows, %s", force, got(r, nil))
		}
	}
}

// promised compares an outcome with what the provider says of itself.
func (p *probe) promised(h Harness, got recall.Outcome, force bool) {
	c, ok := h.Provider.(recall.Capable)
	if !ok {
		return
	}
	want := c.Capabilities().Success
	if force {
		want = c.Capabilities().ForcedSuccess
	}
	if got != want && got != recall.AlreadyGone {
		p.violated("Force %v: Capabilities promises %q, but the outcome was %q", force, want, got)
	}
}

func recalledTwice(p *probe) {
	h, ok := p.stage(Healthy)
	if !ok {
		return
	}
	_, _ = p.recall(h, h.Messages[0])
	r, err := p.recall(h, h.Messages[0])
	if err == nil && r.Outcome.Proven() || err != nil && !errors.Is(err, recall.ErrNotFound) && !settled(h, err) {
		p.violated("the second time, %s", got(r, err))
	}
}

// settled tells whether an error is no surprise from a real vendor: an earlier
// rule has recalled the only message, or found it too old.
func settled(h Harness, err error) bool {
	return h.Live && (errors.Is(err, recall.ErrNotFound) || errors.Is(err, recall.ErrWindowExpired))
}

// concurrentUse recalls each message twice at once, so that the same one is in
// flight too.
func concurrentUse(p *probe) {
	h, ok := p.stage(Healthy)
	if !ok {
		return
	}
	const each = 2
	results := make([]recall.Result, each*len(h.Messages))
	var wg sync.WaitGroup
	for i := range results {
		req := h.Messages[i/each]
		wg.Go(func() {
			receipt, err := p.recall(h, req)
			results[i] = recall.Result{Request: req, Receipt: receipt, Err: err}
		})
	}
	wg.Wait()
	for i, result := range results {
		other := results[i^1]
		switch {
		case result.Err == nil && result.Receipt.MessageID != result.Request.MessageID:
			p.violated("the call about %q %s", result.Request.MessageID, got(result.Receipt, nil))
		case result.Err == nil, errors.Is(result.Err, recall.ErrNotFound) && other.Err == nil, settled(h, result.Err):
		default:
			p.violated("of %d calls at once, that about %q %s", len(results), result.Request.MessageID, got(result.Receipt, result.Err))
		}
	}
}

// overContexts returns contexts that are over.
func (p *probe) overContexts() map[string]context.Context {
	canceled, cancel := context.WithCancel(p.t.Context())
	cancel()
	late, cancel := context.WithDeadline(p.t.Context(), time.Now().Add(-time.Second))
	cancel()
	return map[string]context.Context{"canceled": canceled, "its deadline has passed": late}
}

func canceledBefore(p *probe) {
	h, ok := p.stage(Untouched)
	if !ok {
		return
	}
	for how, ctx := range p.overContexts() {
		p.unsent(h, "ctx "+how, func() {
			receipt, err := h.Provider.RecallMessage(ctx, h.Messages[0])
			if !errors.Is(err, recall.ErrCanceled) {
				p.violated("ctx %s: %s", how, got(receipt, err))
			}
		})
	}
}

const (
	whileCalling = 100 * time.Millisecond // when ctx ends
	soon         = 100 * time.Millisecond // after that
	hopeless     = time.Second            // after that
)

// call is a call of the provider that is cut short.
type call func(ctx context.Context) recall.Result

func single(h Harness) call {
	return func(ctx context.Context) recall.Result {
		receipt, err := h.Provider.RecallMessage(ctx, h.Messages[0])
		return recall.Result{Receipt: receipt, Err: err}
	}
}

func canceledDuring(p *probe) {
	if h, ok := p.stage(Silent); ok {
		p.endInTime(h, single(h))
	}
}

// endInTime checks calls whose ctx ends in one way or another.
func (p *probe) endInTime(h Harness, c call) {
	for how, begin := range map[string]func() (context.Context, context.CancelFunc){
		"deadline": func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(p.t.Context(), whileCalling)
		},
		"cancel": func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(p.t.Context())
			timer := time.AfterFunc(whileCalling, func() { cancel(&recall.Error{Kind: recall.ErrNotFound, Op: "another call"}) })
			return ctx, func() { timer.Stop(); cancel(nil) }
		},
	} {
		p.ends(h, c, how, begin)
	}
}

// ends checks a call whose ctx ends while the vendor is silent. On a busy
// machine one that returned late may have wanted to be in time: the best of
// three tries counts.
func (p *probe) ends(h Harness, c call, how string, begin func() (context.Context, context.CancelFunc)) {
	var late time.Duration
	for range 3 {
		ctx, cancel := begin()
		r, after := untilReturned(ctx, c)
		cancel()
		switch {
		case after > hopeless:
			p.violated("%s: the call had not returned %v after ctx ended", how, hopeless)
			return
		case !h.Live && !errors.Is(r.Err, recall.ErrCanceled):
			p.violated("%s: ctx ended while the vendor was silent, and the call %s", how, got(r.Receipt, r.Err))
			return
		case !h.Live && errors.Is(r.Err, recall.ErrNotFound):
			p.violated("%s: ctx ended because another call had not found its message, and the error says so of this one: %v", how, r.Err)
			return
		case after <= soon:
			return
		}
		late = after
	}
	p.violated("%s: the call returned %v after ctx ended, and twice before it was late too", how, late.Round(time.Millisecond))
}

// untilReturned calls the provider and returns how long after the end of ctx it
// returned. It does not wait for a call that ignores ctx.
func untilReturned(ctx context.Context, c call) (recall.Result, time.Duration) {
	done := make(chan recall.Result, 1)
	go func() { done <- c(ctx) }()
	select {
	case r := <-done:
		return r, 0
	case <-ctx.Done():
	}
	ended := time.Now()
	timer := time.NewTimer(hopeless)
	defer timer.Stop()
	select {
	case r := <-done:
		return r, time.Since(ended)
	case <-timer.C:
		return recall.Result{}, 2 * hopeless
	}
}
