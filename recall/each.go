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
	// Concurrency is how many calls are in flight at most; 0 or less stands for
	// DefaultConcurrency. How many are in use is found out. Where the provider
	// tells its quota (Capabilities.CallsPerSecond) calls begin as evenly as it
	// allows, and the number follows from how long they take; where it tells
	// none, it grows for as long as that brings more calls a second. While two
	// calls wait for a quota (see Waiting), no other is begun.
	Concurrency int

	// Linger is how long a request waits, from when it was read, for others that
	// may share its call, while a call could begin. 0 stands for
	// DefaultLinger; with a negative one it does not wait. A request does not
	// wait for others after the last one was read, nor where the look-ahead is
	// full.
	Linger time.Duration

	// LookAhead is how many requests at most are read before the loop is through
	// with their results. 0 or less stands for some 8,000, more with a Concurrency
	// above 128. Set it to what a queue lets a consumer leave unacknowledged, or
	// lower where it does not wait for long: at 100 messages a second the last of
	// 8,000 has its result after 80 s. The source holds one more. Calls for
	// several messages are full only if it is many times their size.
	LookAhead int

	// Rate is how many messages a second are handed to the provider at most,
	// evenly spread and never ahead by more than one call: each recall may
	// trigger a callback to the application's own webhook, which has to keep
	// up. A call has no more messages than a second allows. 0 or less stands
	// for no limit besides the provider's quota.
	Rate float64

	// Late is given the results that the loop over Each did not get because it
	// ended early: those of calls in flight, those that were not looked at yet,
	// and an ErrCanceled for each request that was read and not sent. It is
	// called on the goroutine of the loop, before the loop is left, and no more
	// once it panics. Nil drops them.
	Late func(Result)
}

// What the zero value of EachOptions stands for.
const (
	DefaultConcurrency = 128
	DefaultLinger      = 50 * time.Millisecond
)

// Each recalls everything that reqs yields, and yields exactly one Result for
// each request read, as they complete. It is for waves of any length: it holds
// only a bounded number of requests in memory (EachOptions.LookAhead), those
// included whose results wait for the loop. A loop that is slow slows down the
// wave.
//
// Requests that may share a call do, where p is a [Batcher]; it pays to have
// those of one conversation close to each other. Requests that are ready go
// first come, first served. Calls are made under [WithBulk], so that single
// recalls overtake them. Each does not repeat a call: providers do that, and a
// result whose error is Retryable in spite of it is for a later wave. Where a
// quota has no place before the deadline of ctx, calls fail at once with
// ErrRateLimited, at most 100 of them a second: a wave is better off without a
// deadline. The example named Queue settles the deliveries of a queue.
//
// # Failures
//
// Each message has its own Result, and an error of one does not end the loop.
// A call for several messages that fails as a whole is split in halves, until
// the message that is to blame stands alone, where the failure may be due to
// one of them: ErrInvalidRequest, ErrUnsupported, ErrForbidden,
// ErrWindowExpired, ErrNotFound and ErrBadResponse. At worst that takes twice
// as many calls as there are messages. Any other failure says nothing about a
// message, and is the result of each, with a copy of the error of its own.
// After a failed call that may have been applied MayHaveApplied is true in
// each later error too, and a message that is then not found is AlreadyGone;
// but it stays ErrNotFound, with MayHaveApplied, where not found was what the
// earlier call failed with.
//
// A message that is there twice is recalled twice, unless both share a call,
// and then may be ErrNotFound the second time.
//
// # The end
//
// Where ctx ends, calls in flight end as the provider has it, and each request
// that was read and not sent yields ErrCanceled, whose MayHaveApplied is false
// unless an earlier call failed (see above). When ctx is over before the loop
// begins, nothing is read. Look at ctx.Err after the loop: it tells whether all
// was read.
//
// A loop that is left early (break, return, a panic) waits for the calls in
// flight, and begins no other. Their results go to EachOptions.Late, so that
// nothing that was handed to the vendor goes unreported. End ctx before to
// wait less.
//
// # The source
//
// reqs runs on another goroutine, and has to watch ctx where it waits, as for
// a channel. Its yield returns false for a request that was not read, which
// has no Result then. A loop that is left early, or whose ctx has ended, waits
// one second at most for reqs to return; one that is stuck for longer is left
// to itself, and stops when it yields next. A source whose waiting has
// to end with the loop needs a ctx of its own, to be canceled where the loop is
// left.
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
	taken := []numbered{} // and not looked at
	defer func() {
		if crashed := w.leave(); crashed != nil {
			crashed.raise()
		}
	}()
	defer func() { // which leave comes after even where Late panics
		stop()
		w.stop(errLeft)
		for ; taken != nil; taken = w.take(nil) {
			for _, r := range taken {
				if opts.Late != nil {
					opts.Late(r.Result)
				}
			}
		}
	}()
	go w.readAll(ctx, reqs)
	var space []numbered
	seen := 0
	for {
		all := w.take(space)
		if all == nil {
			taken = nil
			return
		}
		for taken = all; len(taken) > 0; {
			r := taken[0]
			taken = taken[1:]
			if !yield(r.number, r.Result) {
				return
			}
			if seen++; seen > w.window/16 && len(taken) > 0 { // a slow loop does not have to be through with all
				w.seen(seen)
				seen = 0
			}
		}
		seen = 0
		clear(all)
		space = all
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
