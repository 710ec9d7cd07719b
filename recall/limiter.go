package recall

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// NewLimiter returns a Limiter for one process. Give the same one to several
// clients of an application to have them share its quotas, each of which is
// of one vendor, application and API. Where their Policy.Rate differs, the
// latest call's counts.
//
// A quota of 100 calls a second is 100 permits. A call takes one, which comes
// back one second after the answer, or up to 50 ms sooner: by half of what the
// way there and back takes at least, less 5 ms that a busy machine may have
// added to every trip. At least it takes the shortest round trip of late, less
// twice what the usual one takes longer. Two calls that use the same permit
// arrive at least a second apart, however the network delays each call and
// whichever way is the slower one, unless it is suddenly faster than that; so
// the vendor never sees more than 100 in any second. With a round trip of 50 ms,
// calls go out at 97 a second. The permit of a call that was given up without an
// answer, which may still be on its way, comes back after two seconds.
//
// Bulk calls ([WithBulk]) wait for the others, and leave room for them: as many
// permits as they need to have as many away at once as in the last seconds, up to
// a quarter of all, and where the quota is 64 or more, another one for a minute
// after the last of them. A tenth of the permits is for bulk calls whatever the others do.
//
// It is an [Acquirer]. A caller that uses only Wait gets its permit back a
// little later than Per after it took it.
//
// State of a quota that nobody uses is dropped.
func NewLimiter() Limiter {
	return &limiter{buckets: map[string]*bucket{}}
}

type limiter struct {
	mu      sync.Mutex
	buckets map[string]*bucket
	sweepAt int // sweep when there are as many buckets
}

// Wait implements Limiter.
func (l *limiter) Wait(ctx context.Context, q Quota) error {
	release, err := l.Acquire(ctx, q)
	if err != nil {
		return err
	}
	// Nobody says here when the answer comes: allow for a round trip.
	time.AfterFunc(q.Per/20, func() { release(CallEnd{Sent: true, Answered: true}) })
	return nil
}

// Acquire implements Acquirer.
func (l *limiter) Acquire(ctx context.Context, q Quota) (func(CallEnd), error) {
	if q.Calls <= 0 || q.Per <= 0 {
		return nil, Invalid("Quota", "has to allow at least one call")
	}
	if err := ctx.Err(); err != nil {
		return nil, &Error{Kind: ErrCanceled, Err: err}
	}
	l.mu.Lock()
	b := l.bucket(q)
	now := time.Now()
	b.settle(now)
	bulk := IsBulk(ctx)
	if b.open(now) && b.mayPass(now, bulk) {
		b.take(now, bulk)
		l.mu.Unlock()
		return l.releaser(b, bulk), nil
	}
	w, queue, element, err := l.enqueue(ctx, b, now)
	l.mu.Unlock()
	if err != nil {
		return nil, err
	}
	served := queuing(ctx)
	select {
	case <-w.ready:
	case <-ctx.Done():
		l.leave(b, w, queue, element, ctx.Err())
	}
	served()
	if w.err != nil {
		return nil, w.err
	}
	return l.releaser(b, bulk), nil
}

// Pause implements Limiter.
func (l *limiter) Pause(_ context.Context, q Quota, d time.Duration) error {
	if q.Calls <= 0 || q.Per <= 0 {
		return Invalid("Quota", "has to allow at least one call")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(q)
	now := time.Now()
	if until := now.Add(d); until.After(b.closed) {
		b.closed = until
	}
	b.failLate(&b.single, now)
	b.failLate(&b.bulk, now)
	l.serve(b, now)
	return nil
}

// bucket returns the state of q. Where clients disagree about a limit, the
// latest call is right.
func (l *limiter) bucket(q Quota) *bucket {
	b := l.buckets[q.Key]
	if b == nil {
		l.sweep()
		b = &bucket{key: q.Key}
		l.buckets[q.Key] = b
	}
	b.calls, b.per = q.Calls, q.Per
	return b
}

// sweep drops idle buckets once their number has doubled.
func (l *limiter) sweep() {
	if len(l.buckets) < max(l.sweepAt, 64) {
		return
	}
	now := time.Now()
	for key, b := range l.buckets {
		b.settle(now)
		if b.running == 0 && len(b.returns) == 0 && b.single.Len() == 0 && b.bulk.Len() == 0 && !now.Before(b.closed) {
			delete(l.buckets, key)
		}
	}
	l.sweepAt = 2 * len(l.buckets)
}

// releaser returns the function that ends a call that holds a permit of b.
func (l *limiter) releaser(b *bucket, bulk bool) func(CallEnd) {
	var once sync.Once
	return func(end CallEnd) {
		once.Do(func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			now := time.Now()
			b.running--
			if end.Sent {
				b.sent(now, end, bulk)
			} else {
				b.lend(now, !bulk, -1)
			}
			l.serve(b, now)
		})
	}
}

// leave takes a waiter whose ctx has ended out of its queue. It may have been
// granted a permit at that moment, which then goes to the next.
func (l *limiter) leave(b *bucket, w *waiter, queue *list.List, element *list.Element, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	switch {
	case w.granted:
		b.running--
		b.lend(now, queue == &b.single, -1)
	case w.err == nil:
		queue.Remove(element)
	}
	w.err = &Error{Kind: ErrCanceled, Err: why}
	l.serve(b, now)
}

// enqueue adds a waiter to b, unless it could not be served in time.
func (l *limiter) enqueue(ctx context.Context, b *bucket, now time.Time) (*waiter, *list.List, *list.Element, error) {
	queue, ahead := &b.single, b.single.Len()
	if IsBulk(ctx) {
		queue, ahead = &b.bulk, b.bulk.Len()
		ahead += min(b.single.Len(), longestRun*(ahead+1)) // the others let every tenth through
	}
	w := &waiter{ready: make(chan struct{}), bulk: queue == &b.bulk}
	if deadline, ok := ctx.Deadline(); ok {
		w.deadline = deadline
		if at := b.earliest(now, ahead); at.After(deadline) {
			return nil, nil, nil, b.tooLate(at.Sub(now))
		}
	}
	element := queue.PushBack(w)
	l.arm(b, now)
	return w, queue, element, nil
}

// serve gives the permits that are there to those who wait.
func (l *limiter) serve(b *bucket, now time.Time) {
	b.settle(now)
	for b.open(now) {
		w := b.next(now)
		if w == nil {
			break
		}
		b.take(now, w.bulk)
		w.granted = true
		close(w.ready)
	}
	l.arm(b, now)
}

// arm sets the timer for the moment at which the next waiter may be served.
// Where every permit belongs to a call under way, the end of one serves.
func (l *limiter) arm(b *bucket, now time.Time) {
	if b.single.Len() == 0 && b.bulk.Len() == 0 {
		return
	}
	at := now
	missing := b.running + len(b.returns) - b.calls
	if b.single.Len() == 0 && !b.spare(now) {
		missing = max(missing, 0) // though a permit may be there
	}
	if missing >= 0 {
		if missing >= len(b.returns) {
			return
		}
		at = b.back(missing)
	}
	if at.Before(b.closed) {
		at = b.closed
	}
	if b.timer != nil {
		b.timer.Reset(at.Sub(now))
		return
	}
	b.timer = time.AfterFunc(at.Sub(now), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.serve(b, time.Now())
	})
}
