package wave

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/imrecall/imrecall/recall"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/journal"
)

// tracked notes in the journal what it hands on. When the run has to stop it hands on nothing more, and what it has
// handed on is finished. It says as much of itself as the provider that it wraps.
type tracked struct {
	inner   Provider
	journal *journal.Journal // nil for none
	halt    func(error)
	outage  *atomic.Int64 // how many times in a row there was no answer about a message
}

// longOutage is after how many times in a row without an answer about a message a run ends: more than are under way at
// a time, so that a moment is not enough.
const longOutage = 500

// RecallMessage hands on one message.
func (t tracked) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	if err := t.sending(ctx, req); err != nil {
		return recall.Receipt{}, err
	}
	receipt, err := t.inner.RecallMessage(context.WithoutCancel(ctx), req)
	t.heed(err)
	return receipt, err
}

// sending writes the journal. Where that fails, nothing may be sent.
func (t tracked) sending(ctx context.Context, reqs ...recall.Request) error {
	if err := ctx.Err(); err != nil {
		return &recall.Error{Kind: recall.ErrCanceled, Err: err}
	}
	if t.journal == nil {
		return nil
	}
	lines := make([]int, len(reqs))
	for i, req := range reqs {
		lines[i], _, _ = unmarked(req)
	}
	if err := t.journal.Sending(lines); err != nil {
		t.halt(err)
		return &recall.Error{Kind: recall.ErrCanceled, Err: err}
	}
	return nil
}

// heed ends the run where the next message would meet the same error. Here and not where results are taken in, which may
// be thousands of calls later.
func (t tracked) heed(err error) {
	if AboutApp(err) {
		t.halt(err)
	}
	if !outage(err) {
		t.outage.Store(0)
	} else if n := t.outage.Add(1); n >= longOutage {
		t.halt(fmt.Errorf("%d times in a row there was no answer about a message: %w", n, err))
	}
}

// outage tells of errors that would meet any message: the vendor can't be reached, something that is not the vendor
// answers in its place, or the app's quota stays used up.
func outage(err error) bool {
	return errors.Is(err, recall.ErrUnavailable) || errors.Is(err, recall.ErrBadResponse) || errors.Is(err, recall.ErrRateLimited)
}

// ValidateRequest is the inner provider's.
func (t tracked) ValidateRequest(req recall.Request) error { return t.inner.ValidateRequest(req) }

// Capabilities are the inner provider's.
func (t tracked) Capabilities() recall.Capabilities { return t.inner.Capabilities() }

// trackedBatcher is tracked for a provider that recalls several messages by one call.
type trackedBatcher struct {
	tracked
	batcher recall.Batcher
}

// BatchKey is the inner provider's.
func (t trackedBatcher) BatchKey(req recall.Request) (string, int) { return t.batcher.BatchKey(req) }

// RecallMessages hands on several messages.
func (t trackedBatcher) RecallMessages(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
	if err := t.sending(ctx, reqs...); err != nil {
		return nil, err
	}
	results, err := t.batcher.RecallMessages(context.WithoutCancel(ctx), reqs)
	if err != nil {
		t.heed(err)
	}
	for _, result := range results {
		t.heed(result.Err)
	}
	return results, err
}

// marked puts the line of a message, and whether an earlier run sent it, into its Ref, which is never sent and comes
// back with the result: so nothing has to be remembered for each message.
func marked(req recall.Request, line int, again bool) recall.Request {
	mark := ":"
	if again {
		mark = "!"
	}
	req.Ref = strconv.Itoa(line) + mark + req.Ref
	return req
}

func unmarked(req recall.Request) (line int, again bool, original recall.Request) {
	for i, c := range []byte(req.Ref) {
		if c < '0' || c > '9' {
			line, _ = strconv.Atoi(req.Ref[:i])
			req.Ref = req.Ref[i+1:]
			return line, c == '!', req
		}
	}
	return 0, false, req
}
