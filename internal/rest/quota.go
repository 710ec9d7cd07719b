package rest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// quotas returns the limits that a call is kept within: the vendor's, with
// the policy's rate in place of the application's.
func (r *run) quotas() []recall.Quota {
	all := r.call.Quotas
	rate := r.client.rate
	if len(all) == 0 || rate == 0 {
		return all
	}
	last := len(all) - 1
	if rate < 0 {
		return all[:last]
	}
	changed := append(all[:last:last], all[last])
	changed[last].Calls, changed[last].Per = perSpan(rate)
	return changed
}

// Pace is how many calls a second the client makes within q at most, 0 for no
// limit.
func (c *Client) Pace(q recall.Quota) float64 {
	switch {
	case c.rate < 0:
		return 0
	case c.rate > 0:
		return c.rate
	}
	return float64(q.Calls) / q.Per.Seconds()
}

// perSpan writes a rate as a whole number of calls in about a second, or one
// call in a longer time.
func perSpan(rate float64) (calls int, per time.Duration) {
	whole := math.Ceil(min(rate, math.MaxInt32))
	return int(whole), time.Duration(min(whole/rate*float64(time.Second), float64(maxSpan)))
}

const maxSpan = 365 * 24 * time.Hour

// acquire waits for all quotas of the call. The function that it returns has
// to be called when the attempt is over.
func (r *run) acquire(ctx context.Context) (release func(recall.CallEnd), err error) {
	quotas := r.quotas()
	if len(quotas) == 0 {
		return func(recall.CallEnd) {}, nil
	}
	releases := make([]func(recall.CallEnd), 0, len(quotas))
	release = func(end recall.CallEnd) {
		for _, f := range releases {
			f(end)
		}
	}
	for _, q := range quotas {
		span := r.span(recall.SpanWait)
		span.Quota = q.Key
		inner, end := r.client.observe(ctx, span)
		one, err := take(inner, r.client.limiter, q)
		end(recall.SpanEnd{Err: err})
		if err != nil {
			release(recall.CallEnd{})
			return nil, untilOver(ctx, q, err)
		}
		releases = append(releases, one)
	}
	return release, nil
}

func take(ctx context.Context, limiter recall.Limiter, q recall.Quota) (release func(recall.CallEnd), err error) {
	if a, ok := limiter.(recall.Acquirer); ok {
		release, err = a.Acquire(ctx, q)
	} else {
		release, err = func(recall.CallEnd) {}, wait(ctx, limiter, q)
	}
	var e *recall.Error
	if errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &e) && ended(ctx) == nil {
		err = &recall.Error{Kind: recall.ErrRateLimited, Err: err}
	}
	return release, err
}

// untilOver makes the error of a wait that ended with ctx say what was waited
// for, and why ctx ended, which a limiter need not know.
func untilOver(ctx context.Context, q recall.Quota, err error) error {
	over := ended(ctx)
	if over == nil || errors.Is(err, recall.ErrRateLimited) {
		return err
	}
	return canceled(fmt.Errorf("waiting for the quota %s: %w", q.Key, over))
}

// wait waits, and lets recall.Each know that it does.
func wait(ctx context.Context, limiter recall.Limiter, q recall.Quota) error {
	done := recall.Waiting(ctx)
	defer done()
	return limiter.Wait(ctx, q)
}

// pause closes the quota that the vendor says was exceeded, for everyone. The
// vendor does not say which; it is taken to be the narrowest. False means
// that there is none to close.
func (r *run) pause(ctx context.Context, err *recall.Error) bool {
	quotas := r.quotas()
	if len(quotas) == 0 {
		return false
	}
	d := err.RetryAfter
	if d == 0 {
		d = quotas[0].Per << min(r.attempts-r.free-1, 5)
	}
	d = min(max(d, 0), recall.LongestRetryAfter)
	return r.client.limiter.Pause(ctx, quotas[0], d) == nil
}
