package recall

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"
)

// EachOptions are the choices that Each leaves to its caller. The zero value
// is fit for production.
type EachOptions struct {
	// Concurrency bounds the calls in flight; 0 or less stands for
	// DefaultConcurrency. Each finds out how many are worth having. Where the
	// provider tells its quota (Capabilities.CallsPerSecond), calls begin as
	// evenly as that allows, and their number follows from how long they take.
	// Where it tells none, the number grows for as long as that brings more
	// calls a second. While two calls wait for a quota (see Waiting), no other
	// begins.
	Concurrency int

	// Linger is how long a request that could be sent waits, from when it was
	// read, for others that may share its call. 0 stands for DefaultLinger; with
	// a negative one it does not wait. Nothing waits once the last request has
	// been read, nor while the look-ahead is full.
	Linger time.Duration

	// LookAhead bounds the requests that were read and whose results the loop is
	// not through with. 0 or less stands for some 8,000, more with a Concurrency
	// above 128. Set it to the number of deliveries that a queue lets a consumer
	// leave unacknowledged, or lower where the queue delivers again soon: at 100
	// messages a second the last of 8,000 has its result after 80 s. The source
	// holds one request more. Batch calls are full only where LookAhead is many
	// times their size.
	LookAhead int

	// Rate bounds the messages that are handed to the provider in a second,
	// evenly spread and never ahead by more than one call: each recall may
	// trigger a callback to the application's own webhook, which has to keep
	// up. A call has no more messages than a second allows. 0 or less stands
	// for no limit besides the provider's quota.
	Rate float64

	// Late is given the results that the loop over Each did not get because it
	// ended early: those of calls in flight, those that it had not come to, and
	// an ErrCanceled for each request that was read and not sent. It is called
	// on the loop's goroutine, before the range statement ends, and not again
	// after a panic in it. Nil drops these results.
	Late func(Result)
}

// What the zero value of EachOptions stands for.
const (
	DefaultConcurrency = 128
	DefaultLinger      = 50 * time.Millisecond
)

// Each recalls everything that reqs yields, and yields exactly one Result for
// each request read, as they complete. A wave may be of any length: Each holds
// only a bounded number of requests in memory (EachOptions.LookAhead), which
// includes those whose results wait for the loop. So a slow loop slows down the
// wave.
//
// Where p is a [Batcher], requests that may share a call do; it pays to yield
// those of one conversation close to each other. Calls begin in the order in
// which they become ready. They are made under [WithBulk], so that single
// recalls overtake them. Each does not repeat a call, as providers do that
// themselves: a result whose error is still Retryable is for a later wave.
// Where a quota has no room before the deadline of ctx, calls fail at once with
// ErrRateLimited, at most 100 of them a second: a wave is better off without a
// deadline. The example named Queue settles the deliveries of a queue.
//
// # Failures
//
// Each message has its own Result, and an error of one does not end the loop.
// A call for several messages may fail as a whole for what is wrong with one of
// them: with ErrInvalidRequest, ErrUnsupported, ErrForbidden, ErrWindowExpired,
// ErrNotFound or ErrBadResponse. It is then split in halves, until the message
// that is to blame stands alone; at worst that takes twice as many calls as
// there are messages. Any other failure says nothing about a message: each has
// it as its result, with a copy of the error of its own.
//
// After a failed call that may have been applied, MayHaveApplied is true in
// each later error about its messages too, and one that is not found then is
// AlreadyGone. Where the earlier call itself failed with ErrNotFound, it stays
// ErrNotFound, with MayHaveApplied.
//
// While the vendor is down each call fails, and the next begins at the pace of
// the quota. Leave the loop, or have reqs wait, where many results in a row are
// ErrUnavailable, as the example named Queue does.
//
// A message that is there twice is recalled twice, unless both share a call,
// and then may be ErrNotFound the second time.
//
// # The end
//
// When ctx ends, the provider ends the calls in flight, and each request that
// was read and not sent yields ErrCanceled, whose MayHaveApplied is false unless
// an earlier call failed (see above). When ctx is over before the loop begins,
// nothing is read. Look at ctx.Err after the loop: it tells whether all was
// read.
//
// A loop that is left early (break, return, a panic) waits for the calls in
// flight, and begins no other. Their results go to EachOptions.Late, so that
// nothing that was handed to the vendor goes unreported. To wait less, end ctx
// first.
//
// # The source
//
// reqs runs on another goroutine, and has to watch ctx wherever it waits, as it
// does for a channel. Where its yield returns false, that request was not read
// and has no Result. A loop that is left early, or whose ctx has ended, waits at
// most one second for reqs to return; a source that is stuck for longer is left
// behind, and stops when it yields next. If the source's waiting has to end with
// the loop, give it a ctx of its own, and cancel that where you leave the loop.
//
// A panic of the provider or of reqs ends the wave as a break does, and
// goes on in the goroutine of the loop, as an error whose text has the
// original stack.
//
// The Seq may be ranged over more than once; each time reads reqs again. A nil
// ctx or p is an error of each request, a nil reqs is empty.
func Each(ctx context.Context, p Provider, reqs iter.Seq[Request], opts EachOptions) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		each(ctx, p, reqs, opts, func(_ int, r Result) bool { return yield(r) })
	}
}

// Batch recalls requests as Each does, and returns their results in the order
// of reqs. Requests that ctx left no time for have ErrCanceled.
func Batch(ctx context.Context, p Provider, reqs []Request) []Result {
	results := make([]Result, len(reqs))
	read := 0
	each(ctx, p, slices.Values(reqs), EachOptions{}, func(number int, r Result) bool {
		results[number] = r
		read++ // each request read has a result, and they are read in order
		return true
	})
	for i := read; i < len(reqs); i++ {
		results[i] = Result{Request: reqs[i], Err: history{}.unsent("", ctx.Err())}
	}
	return results
}

var errLeft = errors.New("the loop ended before this request was sent")

// each is Each that also yields the number of each request in order of reading.
func each(ctx context.Context, p Provider, reqs iter.Seq[Request], opts EachOptions, yield func(int, Result) bool) {
	switch {
	case reqs == nil:
		return
	case ctx == nil:
		refuseAll(reqs, "ctx", yield)
		return
	case p == nil:
		refuseAll(reqs, "p", yield)
		return
	case ctx.Err() != nil:
		return
	}
	w := newWave(ctx, p, opts)
	stop := context.AfterFunc(ctx, func() { w.stop(ctx.Err()) })
	d := delivery{wave: w, taken: []numbered{}}
	defer func() {
		if crashed := w.leave(); crashed != nil {
			crashed.raise()
		}
	}()
	defer func() { // which leave comes after even where Late panics
		stop()
		w.stop(errLeft)
		d.finish(opts.Late)
	}()
	go w.readAll(ctx, reqs)
	d.run(yield)
}

// delivery hands the results of a wave to the caller's loop.
type delivery struct {
	wave  *wave
	taken []numbered // from the wave, and not yielded yet; nil once there are no more
}

// run yields results until there are no more, or the loop is left.
func (d *delivery) run(yield func(int, Result) bool) {
	var space []numbered
	seen := 0 // results of which the wave has not heard that the loop is through with them
	for {
		all := d.wave.take(space)
		if all == nil {
			d.taken = nil
			return
		}
		for d.taken = all; len(d.taken) > 0; {
			r := d.taken[0]
			d.taken = d.taken[1:]
			if !yield(r.number, r.Result) {
				return
			}
			if seen++; seen > d.wave.window/16 && len(d.taken) > 0 { // a slow loop need not be through with all
				d.wave.seen(seen)
				seen = 0
			}
		}
		seen = 0
		clear(all)
		space = all
	}
}

// finish gives late, if there is one, what the loop did not get. It returns when
// there is no more.
func (d *delivery) finish(late func(Result)) {
	for ; d.taken != nil; d.taken = d.wave.take(nil) {
		for _, r := range d.taken {
			if late != nil {
				late(r.Result)
			}
		}
	}
}

// refuseAll yields for each request that an argument is nil.
func refuseAll(reqs iter.Seq[Request], argument string, yield func(int, Result) bool) {
	number := 0
	for req := range reqs {
		if !yield(number, Result{Request: req, Err: Invalid(argument, "is nil")}) {
			return
		}
		number++
	}
}
