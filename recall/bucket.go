package recall

import (
	"container/list"
	"context"
	"fmt"
	"slices"
	"time"
)

// bucket is the state of one quota. The limiter's mutex guards it.
type bucket struct {
	key     string
	calls   int           // permits in all
	per     time.Duration // how long one stays away after its call
	running int           // permits of calls that have no answer yet
	returns []coming      // the other permits that are away, in the order in which they come back
	lent    int           // of all that are away, those of single calls
	busiest highest       // how many these were of late
	asked   time.Time     // when the last of them went or came
	closed  time.Time     // nothing goes out before this
	single  list.List     // of *waiter
	bulk    list.List     // of *waiter
	singles int           // granted in a row while bulk calls were waiting
	trip    roundTrip
	timer   *time.Timer // runs serve when the next permit comes back
}

// coming is a permit that comes back.
type coming struct {
	at     time.Time
	single bool
}

// waiter is one call that waits. granted and err are set before ready is
// closed.
type waiter struct {
	ready    chan struct{}
	deadline time.Time // zero: none
	bulk     bool
	granted  bool
	err      error
}

// away is how long the permit of a call that was sent stays away.
func (b *bucket) away(now time.Time, end CallEnd) time.Duration {
	switch {
	case !end.Answered:
		return 2 * b.per
	case end.RoundTrip <= 0:
		return b.per
	}
	early := b.trip.add(now, end.RoundTrip)/2 - b.per/doubt
	return b.per - min(max(early, 0), b.per/20)
}

// doubt is the share of the quota's time that a measured round trip may owe to
// a machine that was busy all the while: 5 ms of a second.
const doubt = 200

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

// highest knows the highest number of the last while, in the same way.
type highest struct {
	since             time.Time
	current, previous int
}

// trustNumbers is how long a span is.
const trustNumbers = 5 * time.Second

// add takes in one more.
func (h *highest) add(now time.Time, n int) {
	if now.Sub(h.since) >= trustNumbers {
		h.previous = h.current
		if now.Sub(h.since) >= 2*trustNumbers {
			h.previous = 0
		}
		h.since, h.current = now, n
	}
	h.current = max(h.current, n)
}

func (h *highest) value(now time.Time) int {
	h.add(now, 0)
	return max(h.current, h.previous)
}

// settle takes back the permits that have been away for long enough.
func (b *bucket) settle(now time.Time) {
	back := 0
	for back < len(b.returns) && !now.Before(b.returns[back].at) {
		b.lend(now, b.returns[back].single, -1)
		back++
	}
	b.returns = slices.Delete(b.returns, 0, back)
}

// send keeps a permit away until it comes back. Times come nearly in order.
func (b *bucket) send(c coming) {
	i := len(b.returns)
	for i > 0 && c.at.Before(b.returns[i-1].at) {
		i--
	}
	b.returns = slices.Insert(b.returns, i, c)
}

// take begins a call.
func (b *bucket) take(now time.Time, bulk bool) {
	b.running++
	b.lend(now, !bulk, 1)
}

// lend counts a permit that goes away or comes back.
func (b *bucket) lend(now time.Time, single bool, n int) {
	if single {
		b.lent += n
		b.busiest.add(now, b.lent)
		b.asked = now
	}
}

// spare tells whether a bulk call that goes now leaves enough permits for
// single calls, where there are any: as many as they had away at once of late,
// and one more of a quota that can afford it. A wave that took each permit as it
// comes back would leave none, for as long as those that it took together are
// away together. A tenth is for bulk calls.
func (b *bucket) spare(now time.Time) bool {
	away := b.running + len(b.returns)
	kept := max(b.busiest.value(now)-b.lent, 0)
	if b.calls >= affordable && now.Sub(b.asked) < time.Minute {
		kept++
	}
	return b.calls-away > kept || away-b.lent < max(b.calls/(longestRun+1), 1)
}

// affordable is how many calls a quota has at least of which bulk calls leave
// one more.
const affordable = 64

// open tells whether a call may go out now.
func (b *bucket) open(now time.Time) bool {
	return b.running+len(b.returns) < b.calls && !now.Before(b.closed)
}

// mayPass tells whether a call need not queue behind others, and counts it
// where it overtakes.
func (b *bucket) mayPass(now time.Time, bulk bool) bool {
	switch {
	case b.single.Len() > 0:
		return false
	case b.bulk.Len() == 0:
		return !bulk || b.spare(now)
	case bulk || b.singles >= longestRun:
		return false
	}
	b.singles++
	return true
}

// earliest returns the time before which a waiter behind so many others
// can't be served: each permit serves one of them, then stays away. The permit
// of a call that is running may come back at any moment, if nothing was sent.
func (b *bucket) earliest(now time.Time, ahead int) time.Time {
	at := now
	free := b.calls - b.running - len(b.returns)
	if turn := ahead%b.calls - free - b.running; turn >= 0 && turn < len(b.returns) {
		at = b.returns[turn].at
	}
	at = at.Add(time.Duration(ahead/b.calls) * (b.per - b.per/20))
	if at.Before(b.closed) {
		return b.closed
	}
	return at
}

// longestRun is how many single calls overtake the bulk calls that wait
// before one of these has its turn.
const longestRun = 9

// next takes the waiter whose turn it is out of its queue, nil if none may go.
func (b *bucket) next(now time.Time) *waiter {
	queue := &b.single
	if b.single.Len() == 0 || b.bulk.Len() > 0 && b.singles >= longestRun {
		queue = &b.bulk
	}
	front := queue.Front()
	if front == nil || b.single.Len() == 0 && !b.spare(now) {
		return nil
	}
	b.singles++
	if queue == &b.bulk || b.bulk.Len() == 0 {
		b.singles = 0
	}
	return queue.Remove(front).(*waiter)
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
