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
	early   time.Duration // how much sooner they do, as the way takes time
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
	at     time.Time // at the latest
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

// sent keeps the permit of a call that was sent away for as long as it has to
// be.
func (b *bucket) sent(now time.Time, end CallEnd, bulk bool) {
	away := b.per
	if end.Answered && end.RoundTrip > 0 {
		b.early = b.trip.add(now, end.RoundTrip).early(b.per)
	} else {
		away += b.early // it stays away for all of the time
	}
	if !end.Answered {
		away += b.per
	}
	b.send(coming{now.Add(away), !bulk})
}

// back returns when the i-th of the permits that are away comes back.
func (b *bucket) back(i int) time.Time { return b.returns[i].at.Add(-b.early) }

// settle takes back the permits that have been away for long enough.
func (b *bucket) settle(now time.Time) {
	n := 0
	for n < len(b.returns) && !now.Before(b.back(n)) {
		b.lend(now, b.returns[n].single, -1)
		n++
	}
	b.returns = slices.Delete(b.returns, 0, n)
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
		at = b.back(turn)
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
