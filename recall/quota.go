package recall

import (
	"context"
	"time"
)

// Quota is one limit of a vendor: at most Calls calls in any Per of time, for
// what Key names (vendor, application, API, perhaps a user). Keys hold no
// secret and stay the same from release to release, so that processes can
// share them.
type Quota struct {
	Key   string
	Calls int
	Per   time.Duration
}

// Limiter keeps calls within quotas. It is safe for concurrent use.
// NewLimiter returns the one that clients use by default; implement it to
// share a quota between processes.
type Limiter interface {
	// Wait takes one call's worth of q, waiting for it where necessary. An
	// error means that nothing may be sent. It fails at once, with an error
	// that wraps context.DeadlineExceeded, if it would have to wait past ctx's
	// deadline: the call then ends with ErrRateLimited. Any other error counts
	// as ErrUnavailable, unless it is a *Error. Calls whose ctx says IsBulk
	// should yield to others.
	Wait(ctx context.Context, q Quota) error

	// Pause closes q for d, for those who are waiting already too: the vendor
	// told us to stop. It does not wait itself. Nil promises that Wait will;
	// after an error the client waits by itself.
	Pause(ctx context.Context, q Quota, d time.Duration) error
}

// Acquirer is a Limiter that wants to know when each call has been answered.
// Where a client's Limiter is one, the client calls Acquire and not Wait.
//
// That is what a strict limit needs. The vendor counts a call when it
// arrives, which may be any moment between sending and the answer; two calls
// that are one second apart when they are sent may be closer than that when
// they arrive.
type Acquirer interface {
	Limiter

	// Acquire does what Wait does, for a call whose end is reported by calling
	// release, once, before the call returns: so release should not take long,
	// and ctx may have ended by then. While the call waits, it should say so by
	// Waiting.
	Acquire(ctx context.Context, q Quota) (release func(CallEnd), err error)
}

// CallEnd is how a call ended that had its share of a quota. The zero value
// is a call that was not sent after all.
type CallEnd struct {
	Sent     bool // it may have reached the vendor
	Answered bool // and the vendor's answer has come

	// RoundTrip is the time from writing the request to the first byte of the
	// answer, 0 where it is not known. What came before (credentials,
	// connecting) is not part of it.
	RoundTrip time.Duration
}

// WithBulk marks the calls made under the returned context as part of a bulk
// job: where calls wait for a quota, others overtake them, so that a single
// flagged message does not queue behind a wave of two million. Bulk calls
// still get every tenth slot, so that they don't starve.
func WithBulk(ctx context.Context) context.Context {
	return context.WithValue(ctx, bulkKey{}, true)
}

// IsBulk tells whether ctx comes from WithBulk. It is for implementers of a
// Limiter.
func IsBulk(ctx context.Context) bool {
	bulk, _ := ctx.Value(bulkKey{}).(bool)
	return bulk
}

type bulkKey struct{}
