package recall

import (
	"container/list"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// NewLimiter returns a Limiter for one process. Give the same one to several
// clients of an application to have them share its quotas, each of which is
// of one vendor, application and API. Where their Policy.Rate differs, the
// latest call's counts.
//
// A quota of 100 calls a second is 100 permits. A call takes one, and it
// comes back one second after the call was answered, less half of the
// shortest round trip that was seen of late. Two calls that use the same
// permit arrive at least a second apart unless the network suddenly takes
// less than half of that shortest time, however it delays each call and
// whichever way is the slower one; so the vendor never sees more than 100 in
// any second. With a round trip of 50 ms, calls go out at 97 a second. The
// permit of a call that was given up without an answer, which may still be on
// its way, comes back after two seconds.
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

// bucket is the state of one quota. The limiter's mutex guards it.
type bucket struct {
	key     string
	calls   int           // permits in all
	per     time.Duration // how long one stays away after its call
	running int           // permits of calls that have no answer yet
	returns []time.Time   // when the other permits that are away come back, in order
	closed  time.Time     // nothing goes out before this
	single  list.List     // of *waiter
	bulk    list.List     // of *waiter
	singles int           // granted in a row while bulk calls were waiting
	trip    roundTrip
	timer   *time.Timer // runs serve when the next permit comes back
}

// waiter is one call that waits. granted and err are set before ready is
// closed.
type waiter struct {
	ready    chan struct{}
	deadline time.Time // zero: none
	granted  bool
	err      error
}

// Wait implements Limiter.
func (l *limiter) Wait(ctx context.Context, q Quota) error {
	release, err := l.Acquire(ctx, q)
	if err != nil {
		return err
	}
	// When the answer comes is not told here: allow for a round trip.
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
	if b.open(now) && b.mayPass(IsBulk(ctx)) {
		b.running++
		l.mu.Unlock()
		return l.releaser(b), nil
	}
	w, queue, element, err := l.enqueue(ctx, b, now)
	l.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case <-w.ready:
	case <-ctx.Done():
		l.leave(b, w, queue, element, ctx.Err())
	}
	if w.err != nil {
		return nil, w.err
	}
	return l.releaser(b), nil
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
func (l *limiter) releaser(b *bucket) func(CallEnd) {
	var once sync.Once
	return func(end CallEnd) {
		once.Do(func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			now := time.Now()
			b.running--
			if end.Sent {
				b.send(now.Add(b.away(now, end)))
			}
			l.serve(b, now)
		})
	}
}

// away is how long the permit of a call that was sent stays away.
func (b *bucket) away(now time.Time, end CallEnd) time.Duration {
	switch {
	case !end.Answered:
		return 2 * b.per
	case end.RoundTrip <= 0:
		return b.per
	}
	shortest := b.trip.add(now, end.RoundTrip)
	return b.per - min(shortest/2, b.per/20)
}

// roundTrip knows the shortest round trip of the last while: of the current
// span of time and the one before.
type roundTrip struct {
	since             time.Time // when the current span began
	current, previous time.Duration
}

// trustTrips is how long a span is.
const trustTrips = 10 * time.Second

// add takes in one more and returns the shortest.
func (r *roundTrip) add(now time.Time, trip time.Duration) time.Duration {
	if now.Sub(r.since) >= trustTrips {
		r.previous = r.current
		if r.since.IsZero() || now.Sub(r.since) >= 2*trustTrips {
			r.previous = trip // what was seen before is too old
		}
		r.since, r.current = now, trip
	}
	r.current = min(r.current, trip)
	return min(r.current, r.previous)
}

// leave takes a waiter whose ctx has ended out of its queue. It may have been
// granted a permit at that moment, which then goes to the next.
func (l *limiter) leave(b *bucket, w *waiter, queue *list.List, element *list.Element, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case w.granted:
		b.running--
	case w.err == nil:
		queue.Remove(element)
	}
	w.err = &Error{Kind: ErrCanceled, Err: why}
	l.serve(b, time.Now())
}

// settle takes back the permits that have been away for long enough.
func (b *bucket) settle(now time.Time) {
	back := 0
	for back < len(b.returns) && !now.Before(b.returns[back]) {
		back++
	}
	b.returns = slices.Delete(b.returns, 0, back)
}

// send keeps a permit away until the given time. Times come nearly in order.
func (b *bucket) send(until time.Time) {
	i := len(b.returns)
	for i > 0 && until.Before(b.returns[i-1]) {
		i--
	}
	b.returns = slices.Insert(b.returns, i, until)
}

// open tells whether a call may go out now.
func (b *bucket) open(now time.Time) bool {
	return b.running+len(b.returns) < b.calls && !now.Before(b.closed)
}

// mayPass tells whether a call need not queue behind others, and counts it
// where it overtakes.
func (b *bucket) mayPass(bulk bool) bool {
	switch {
	case b.single.Len() > 0:
		return false
	case b.bulk.Len() == 0:
		return true
	case bulk || b.singles >= longestRun:
		return false
	}
	b.singles++
	return true
}

// enqueue adds a waiter to b, unless it could not be served in time.
func (l *limiter) enqueue(ctx context.Context, b *bucket, now time.Time) (*waiter, *list.List, *list.Element, error) {
	queue, ahead := &b.single, b.single.Len()
	if IsBulk(ctx) {
		queue, ahead = &b.bulk, b.bulk.Len()
		ahead += min(b.single.Len(), longestRun*(ahead+1)) // the others let every tenth through
	}
	w := &waiter{ready: make(chan struct{})}
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

// earliest returns the time before which a waiter behind so many others
// can't be served: each permit serves one of them, then stays away. The permit
// of a call that is running may come back at any moment, if nothing was sent.
func (b *bucket) earliest(now time.Time, ahead int) time.Time {
	at := now
	free := b.calls - b.running - len(b.returns)
	if turn := ahead%b.calls - free - b.running; turn >= 0 && turn < len(b.returns) {
		at = b.returns[turn]
	}
	at = at.Add(time.Duration(ahead/b.calls) * (b.per - b.per/20))
	if at.Before(b.closed) {
		return b.closed
	}
	return at
}

// serve gives the permits that are there to those who wait.
func (l *limiter) serve(b *bucket, now time.Time) {
	b.settle(now)
	for b.open(now) {
		w := b.next()
		if w == nil {
			return
		}
		b.running++
		w.granted = true
		close(w.ready)
	}
	l.arm(b, now)
}

// longestRun is how many single calls overtake the bulk calls that wait
// before one of these has its turn.
const longestRun = 9

// next takes the waiter whose turn it is out of its queue, nil if none waits.
func (b *bucket) next() *waiter {
	queue := &b.single
	if b.single.Len() == 0 || b.bulk.Len() > 0 && b.singles >= longestRun {
		queue = &b.bulk
	}
	b.singles++
	if queue == &b.bulk || b.bulk.Len() == 0 {
		b.singles = 0
	}
	front := queue.Front()
	if front == nil {
		return nil
	}
	return queue.Remove(front).(*waiter)
}

// arm sets the timer for the moment at which the next waiter may be served.
// Where every permit belongs to a call under way, the end of one serves.
func (l *limiter) arm(b *bucket, now time.Time) {
	if b.single.Len() == 0 && b.bulk.Len() == 0 {
		return
	}
	at := now
	if missing := b.running + len(b.returns) - b.calls; missing >= 0 {
		if missing >= len(b.returns) {
			return
		}
		at = b.returns[missing]
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

// failLate ends the waiting of those who can't wait for a closed quota to
// open.
func (b *bucket) failLate(queue *list.List, now time.Time) {
	var next *list.Element
	for element := queue.Front(); element != nil; element = next {
		next = element.Next()
		w := element.Value.(*waiter)
		if !w.deadline.IsZero() && w.deadline.Before(b.closed) {
			queue.Remove(element)
			w.err = b.tooLate(b.closed.Sub(now))
			close(w.ready)
		}
	}
}

func (b *bucket) tooLate(wait time.Duration) *Error {
	return &Error{
		Kind: ErrRateLimited, RetryAfter: (wait + time.Millisecond - 1).Truncate(time.Millisecond),
		Err: fmt.Errorf("our own quota %s of %d calls in %v has no place before the deadline: %w",
			b.key, b.calls, b.per, context.DeadlineExceeded),
	}
}
