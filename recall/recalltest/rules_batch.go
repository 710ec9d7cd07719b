package recalltest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// batchRules are about recall.Batcher. That the requests are as they were is a
// rule for every provider, but one that gets copies can't break it.
func batchRules() []rule {
	return []rule{
		{"request unchanged", "a provider changes no request", requestUnchanged},
		{"batch in order", "there is one result for each request, in the order of the requests, about that message", batchInOrder},
		{"batch with duplicates", "the same message given twice has a result for each, which are alike", batchDuplicates},
		{"batch with one invalid", "a request that can't be sent has an error in its result and does not keep the others from being sent", batchInvalid},
		{"batch that can't be one", "requests with different keys, and more than the limit, are refused as a whole before anything is sent", batchRefused},
		{"batch canceled before", "where ctx is over before the call, nothing is sent, the error is ErrCanceled and there are no results", batchCanceled},
		{"batch canceled during", "a call returns within 100 ms of the end of ctx, with ErrCanceled", batchCanceledDuring},
		{"batch concurrent use", "RecallMessages may be called by several goroutines at once", batchConcurrentUse},
		{"batch refused", "a refusal by the vendor is an error of the whole, or of each result; with an error of the whole there are no results", batchUnauthorized},
	}
}

// stageBatch is stage for providers that let messages share a call.
func (p *probe) stageBatch(s Situation) (Harness, recall.Batcher, bool) {
	h, ok := p.stage(s)
	if !ok {
		return h, nil, false
	}
	b, ok := h.Provider.(recall.Batcher)
	if !ok {
		p.staged--
		p.skip("the provider is no recall.Batcher")
		return h, nil, false
	}
	if key, _ := b.BatchKey(h.Messages[0]); key == "" {
		p.staged--
		p.skip("the provider lets no messages share a call")
		return h, nil, false
	}
	return h, b, true
}

func (p *probe) recallAll(b recall.Batcher, reqs []recall.Request) ([]recall.Result, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), callTime)
	defer cancel()
	return b.RecallMessages(ctx, reqs)
}

// together recalls messages and checks that there is a result for each, in
// order. A success is about the message of its request.
func (p *probe) together(b recall.Batcher, reqs []recall.Request) ([]recall.Result, bool) {
	results, err := p.recallAll(b, slices.Clone(reqs))
	if err != nil || len(results) != len(reqs) {
		p.violated("of %d messages, there are %s, and the error %v", len(reqs), count(len(results), "result"), err)
		return nil, false
	}
	for i, r := range results {
		switch {
		case !sameRequest(r.Request, reqs[i]):
			p.violated("the request at %d was about %q, and the result there is about %q", i, reqs[i].MessageID, r.Request.MessageID)
			return nil, false
		case r.Err == nil && r.Receipt.MessageID != reqs[i].MessageID:
			p.violated("the request at %d was about %q, and its receipt is about %q", i, reqs[i].MessageID, r.Receipt.MessageID)
			return nil, false
		}
	}
	return results, true
}

func sameRequest(a, b recall.Request) bool {
	sameTime := a.SentAt.Equal(b.SentAt)
	a.SentAt, b.SentAt = time.Time{}, time.Time{}
	return sameTime && a == b
}

func requestUnchanged(p *probe) {
	h, b, ok := p.stageBatch(Healthy)
	if !ok {
		if h.Provider != nil {
			p.skipped = nil
			p.skip("RecallMessage gets a copy; only a recall.Batcher that lets messages share a call could change a request")
		}
		return
	}
	reqs := slices.Clone(h.Messages)
	_, _ = p.recallAll(b, reqs)
	if !slices.Equal(reqs, h.Messages) {
		p.violated("RecallMessages got %+v and left %+v", h.Messages, reqs)
	}
	clear(reqs) // a provider that still looks at them is in a race with this
}

func batchInOrder(p *probe) {
	h, b, ok := p.stageBatch(OneUnknown)
	if !ok {
		return
	}
	const unknown = 2 // the unknown message is last: in the middle it would stay there in a reversed answer
	results, ok := p.together(b, []recall.Request{h.Messages[2], h.Messages[0], h.Messages[1]})
	if !ok {
		return
	}
	for i, r := range results {
		switch {
		case i == unknown && r.Err == nil && r.Receipt.Outcome.Proven(), i == unknown && r.Err != nil && !errors.Is(r.Err, recall.ErrNotFound):
			p.violated("of the message that the vendor does not know, %s", got(r.Receipt, r.Err))
		case i != unknown && r.Err != nil:
			p.violated("of a message that the vendor knows, beside one that it does not know, %s", got(r.Receipt, r.Err))
		}
	}
}

func batchDuplicates(p *probe) {
	h, b, ok := p.stageBatch(Healthy)
	if !ok {
		return
	}
	again := h.Messages[0]
	again.Ref = "the same again"
	reqs := []recall.Request{h.Messages[0], again}
	if len(h.Messages) > 1 {
		reqs = []recall.Request{h.Messages[0], h.Messages[1], again}
	}
	results, ok := p.together(b, reqs)
	if !ok {
		return
	}
	first, last := results[0], results[len(results)-1]
	alike := (first.Err == nil) == (last.Err == nil) && first.Receipt.Outcome == last.Receipt.Outcome
	if !alike || first.Err != nil && !h.Live {
		p.violated("the first %s, the same again %s", got(first.Receipt, first.Err), got(last.Receipt, last.Err))
	}
}

func batchInvalid(p *probe) {
	h, b, ok := p.stageBatch(Healthy)
	switch {
	case !ok:
		return
	case h.Live:
		p.staged--
		p.skip("a real vendor gets whole requests only")
		return
	}
	v := missing(h)[0]
	results, ok := p.together(b, []recall.Request{h.Messages[0], v.req, h.Messages[1]})
	if !ok {
		return
	}
	e, _ := errors.AsType[*recall.Error](results[1].Err)
	if !errors.Is(results[1].Err, recall.ErrInvalidRequest) || e == nil || v.field != "" && e.Field != v.field {
		p.violated("%s: %s", v.name, got(results[1].Receipt, results[1].Err))
	}
	for _, i := range []int{0, 2} {
		if results[i].Err != nil {
			p.violated("beside %s, a valid request: %s", v.name, got(results[i].Receipt, results[i].Err))
		}
	}
}

func batchRefused(p *probe) {
	h, b, ok := p.stageBatch(Untouched)
	if !ok {
		return
	}
	if two, ok := differentKeys(h, b); ok {
		p.refusedAsAWhole(h, b, "two requests with different keys", two)
	} else {
		p.skip("no two requests have different keys")
	}
	_, limit := b.BatchKey(h.Messages[0])
	tooMany := make([]recall.Request, limit+1)
	for i := range tooMany {
		tooMany[i] = numbered(h.Messages[0], i)
	}
	p.refusedAsAWhole(h, b, count(limit+1, "message"), tooMany)
}

func (p *probe) refusedAsAWhole(h Harness, b recall.Batcher, what string, reqs []recall.Request) {
	p.unsent(h, what, func() {
		results, err := p.recallAll(b, reqs)
		if err == nil || results != nil {
			p.violated("%s: got the error %v and %s", what, err, count(len(results), "result"))
		}
	})
}

// differentKeys returns two requests that may not share a call.
func differentKeys(h Harness, b recall.Batcher) ([]recall.Request, bool) {
	first := h.Messages[0]
	key, _ := b.BatchKey(first)
	for _, change := range []func(*recall.Request){
		func(r *recall.Request) { r.Extension += "x" },
		func(r *recall.Request) { r.Operator += "0" },
		func(r *recall.Request) { r.To += "0" },
	} {
		other := numbered(first, 1)
		change(&other)
		if k, _ := b.BatchKey(other); k != key && k != "" {
			return []recall.Request{first, other}, true
		}
	}
	return nil, false
}

// numbered returns a request about another message of the same conversation.
func numbered(req recall.Request, i int) recall.Request {
	const digits = 4
	req.MessageID = req.MessageID[:max(0, len(req.MessageID)-digits)] + fmt.Sprintf("%0*d", digits, i)
	req.SentAt = req.SentAt.Add(time.Duration(-i) * time.Millisecond)
	return req
}

func batchCanceled(p *probe) {
	h, b, ok := p.stageBatch(Untouched)
	if !ok {
		return
	}
	for how, ctx := range p.overContexts() {
		p.unsent(h, "ctx "+how, func() {
			results, err := b.RecallMessages(ctx, slices.Clone(h.Messages))
			if !errors.Is(err, recall.ErrCanceled) || results != nil {
				p.violated("ctx %s: got the error %v and %s", how, err, count(len(results), "result"))
			}
		})
	}
}

func batchCanceledDuring(p *probe) {
	h, b, ok := p.stageBatch(Silent)
	if !ok {
		return
	}
	p.endInTime(h, func(ctx context.Context) recall.Result {
		_, err := b.RecallMessages(ctx, slices.Clone(h.Messages))
		return recall.Result{Err: err}
	})
}

// batchConcurrentUse recalls the same messages by several calls at once: of each
// message, one of them has to be told that it is gone.
func batchConcurrentUse(p *probe) {
	h, b, ok := p.stageBatch(Healthy)
	if !ok {
		return
	}
	const calls = 4
	var all [calls][]recall.Result
	var errs [calls]error
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() { all[i], errs[i] = p.recallAll(b, slices.Clone(h.Messages)) })
	}
	wg.Wait()
	for i, req := range h.Messages {
		successes := 0
		for n, results := range all {
			switch {
			case len(results) != len(h.Messages):
				p.violated("of %d calls at once, one got %s for %d messages, and the error %v", calls, count(len(results), "result"), len(h.Messages), errs[n])
				return
			case results[i].Err == nil:
				successes++
			case !errors.Is(results[i].Err, recall.ErrNotFound) && !settled(h, results[i].Err):
				p.violated("of %d calls at once, one about %q %s", calls, req.MessageID, got(results[i].Receipt, results[i].Err))
			}
		}
		if successes == 0 && !h.Live {
			p.violated("of %d calls at once, none had a success about %q", calls, req.MessageID)
		}
	}
}

func batchUnauthorized(p *probe) {
	h, b, ok := p.stageBatch(WrongCredentials)
	if !ok {
		return
	}
	results, err := p.recallAll(b, slices.Clone(h.Messages))
	if err != nil && results != nil {
		p.violated("got the error %q and %s", err, count(len(results), "result"))
	}
	if err != nil {
		return
	}
	for i, r := range results {
		if r.Err == nil {
			p.violated("the vendor refused the credentials, and at %d there is the receipt %+v", i, r.Receipt)
		}
	}
	if len(results) == 0 {
		p.violated("the vendor refused the credentials, and there are neither results nor an error")
	}
}
