package rest

import (
	"context"
	"fmt"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// again decides whether the call is worth another attempt, and waits for it.
// Where it is not, it returns the error that ends the call.
func (r *run) again(ctx context.Context, res result) (bool, *recall.Error) {
	err := res.err
	switch {
	case !res.sent:
		return false, err // waiting and fetching credentials are repeated where they happen
	case !r.renewed && r.call.Renew != nil && err.Status != 0 && r.call.Renew(err):
		r.renewed = true
		r.free++
		return true, nil
	case !err.Retryable():
		return false, err
	case res.moved:
		r.free++ // nothing was sent, and the next host may answer
		return true, nil
	}
	// The vendor's "too fast" is for everyone, also where this call ends with it.
	closed := err.Kind == recall.ErrRateLimited && r.pause(ctx, err)
	if r.attempts-r.free >= r.client.retry.Attempts {
		return false, err
	}
	wait := r.backoff(err)
	if closed {
		wait = 0 // the limiter makes everyone wait, this call included
	}
	if late := r.sleep(ctx, wait, err); late != nil {
		return false, late
	}
	return true, nil
}

// backoff is how long to wait after an attempt: at random, with a bound that
// doubles from attempt to attempt, and no shorter than the vendor says.
func (r *run) backoff(err *recall.Error) time.Duration {
	p := r.client.retry
	bound := p.BaseDelay
	for range r.attempts - r.free - 1 {
		bound = min(2*bound, p.MaxDelay)
	}
	wait := min(max(p.Jitter(bound), 0), p.MaxDelay)
	return max(wait, min(err.RetryAfter, recall.LongestRetryAfter))
}

// sleep waits before the next attempt. It returns an error where ctx ends, or
// would end, first.
func (r *run) sleep(ctx context.Context, wait time.Duration, last *recall.Error) *recall.Error {
	if wait <= 0 {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return r.noTime(last, context.DeadlineExceeded)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return r.complete(canceled(after(ended(ctx), last)), nil)
	}
}

// noTime is the error of a call whose next attempt does not fit before the
// deadline: the last one, with the deadline as a further cause.
func (r *run) noTime(last *recall.Error, deadline error) *recall.Error {
	e := *last
	if e.Err == nil {
		e.Err = fmt.Errorf("no time for another attempt: %w", deadline)
	} else {
		e.Err = fmt.Errorf("%w; no time for another attempt: %w", e.Err, deadline)
	}
	return &e
}

// after tells why a call was waiting when its ctx ended.
func after(over error, last *recall.Error) error {
	return fmt.Errorf("%w, after: %w", over, last)
}
