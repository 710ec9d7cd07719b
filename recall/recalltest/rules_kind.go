package recalltest

import (
	"context"
	"errors"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// kindRules are about what an error means.
func kindRules() []rule {
	return []rule{
		{"wrong credentials", "wrong credentials are ErrUnauthorized", kindIn(WrongCredentials, recall.ErrUnauthorized)},
		{"unknown message", "a message that the vendor refuses as unknown is ErrNotFound", kindIn(UnknownMessages, recall.ErrNotFound)},
		{"window expired", "a message that is too old is ErrWindowExpired, with Force too unless Capabilities promises otherwise", windowExpired},
		{"rate limited", "\"too fast\" is ErrRateLimited", kindIn(RateLimited, recall.ErrRateLimited)},
		{"garbage", "an answer that can't be read is ErrBadResponse", kindIn(Garbage, recall.ErrBadResponse)},
		{"slow answer", "an attempt that took too long is ErrUnavailable, and no deadline of the caller", slowAnswer},
	}
}

// kindIn checks the kind of the error in a situation, where there is one.
func kindIn(s Situation, want recall.Kind) func(*probe) {
	return func(p *probe) {
		for _, f := range p.failures(s) {
			if f.err != nil && !errors.Is(f.err, want) {
				p.violated("%s", got(f.receipt, f.err))
			}
		}
	}
}

func windowExpired(p *probe) {
	kindIn(WindowExpired, recall.ErrWindowExpired)(p)
	h, ok := p.stage(WindowExpired)
	if !ok {
		return
	}
	c, ok := h.Provider.(recall.Capable)
	if !ok {
		return
	}
	req := h.Messages[0]
	req.Force = true
	r, err := p.recall(h, req)
	if promised := c.Capabilities().Force; promised == errors.Is(err, recall.ErrWindowExpired) {
		p.violated("Capabilities says that Force makes a difference: %v; but with it the call %s", promised, got(r, err))
	}
}

func slowAnswer(p *probe) {
	for _, f := range p.failures(Slow) {
		switch {
		case !errors.Is(f.err, recall.ErrUnavailable):
			p.violated("%s", got(f.receipt, f.err))
		case errors.Is(f.err, context.DeadlineExceeded):
			p.violated("the caller's ctx lives, and the error matches context.DeadlineExceeded: %v", f.err)
		}
	}
}

// canceled makes a call whose ctx ends while the vendor is silent.
func (p *probe) canceled(h Harness, after time.Duration) (recall.Receipt, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), after)
	defer cancel()
	r, _ := untilReturned(ctx, single(h))
	return r.Receipt, r.Err
}
