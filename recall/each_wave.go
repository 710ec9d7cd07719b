package recall

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// numbered is a result, and the number of its request in order of reading.
type numbered struct {
	number int
	Result
}

// wave is one run of Each. A goroutine reads the source, workers make the
// calls, and the caller's own goroutine takes the results; they meet under mu.
type wave struct {
	provider Provider
	batcher  Batcher // nil where the provider is none
	vendor   string
	linger   time.Duration
	window   int // requests that are read and whose results the loop has not looked at, at most

	ctx        context.Context // of the calls
	sourceDone chan struct{}   // closed when the source's goroutine ends
	running    sync.WaitGroup
	queued     atomic.Int32 // calls that wait for a quota

	mu       sync.Mutex
	packer   packer
	pace     pace
	messages meter // EachOptions.Rate
	brake    meter // of calls, while a quota has no room before the deadline
	read     int   // requests read
	held     int   // of these, those whose results the loop has not looked at
	taken    int   // of these, those whose results it has
	dry      bool  // the source has ended
	full     bool  // the source waits for room
	over     bool  // no call is begun any more
	left     bool  // the loop has ended without waiting longer for the source
	why      error
	crashed  *crash

	workers  int
	idle     int
	waking   bool // a worker was called and is not there yet
	results  []numbered
	timer    *time.Timer
	armed    time.Time // when the timer fires; zero: it does not
	watching bool      // it will fire when there may be another worker

	work, room, news sync.Cond // for idle workers, the source, and the caller
}

const (
	usualWindow   = 8 << 10
	largestWindow = 256 << 10
)

func newWave(ctx context.Context, p Provider, opts EachOptions) *wave {
	concurrency := opts.Concurrency
	if concurrency <= 0 {
		concurrency = DefaultConcurrency
	}
	w := &wave{
		provider: p, ctx: WithBulk(ctx), linger: opts.Linger, sourceDone: make(chan struct{}),
		window: max(64*min(concurrency, largestWindow/64), usualWindow),
		packer: packer{open: map[string]*share{}}, pace: newPace(p, concurrency),
		messages: meter{rate: finite(opts.Rate), late: rateLateness}, brake: meter{late: rateLateness},
	}
	if opts.LookAhead > 0 {
		w.window = opts.LookAhead
	}
	w.batcher, _ = p.(Batcher)
	if capable, ok := p.(Capable); ok {
		w.vendor = capable.Capabilities().Vendor
	}
	if w.linger == 0 {
		w.linger = DefaultLinger
	}
	w.work.L, w.room.L, w.news.L = &w.mu, &w.mu, &w.mu
	return w
}

// readAll reads the source, on a goroutine of its own.
func (w *wave) readAll(ctx context.Context, reqs iter.Seq[Request]) {
	returned := false
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.dry = true
		if !returned && !w.left { // where it was left behind, nobody else would hear of it
			w.fail(recover())
		}
		w.kick()
		w.news.Broadcast()
		close(w.sourceDone)
	}()
	for req := range reqs {
		if !w.push(ctx, req) {
			break
		}
	}
	returned = true
}

// push takes in one request. False means that it did not.
func (w *wave) push(ctx context.Context, req Request) bool {
	key, limit := "", 1
	if w.batcher != nil {
		key, limit = w.batcher.BatchKey(req)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.held >= w.window && !w.over {
		w.full = true
		w.kick() // now also what would have waited for more of its key
		w.room.Wait()
	}
	w.full = false
	if w.over || ctx.Err() != nil {
		return false
	}
	began := w.packer.add(entry{w.read, req}, key, w.messages.fit(limit), w.linger)
	w.read++
	w.held++
	if began {
		w.armLinger()
	}
	w.kick()
	return true
}

// take returns the results that there are, waiting for some. None means that
// there will be no more. Those that it returned before have been looked at.
func (w *wave) take(into []numbered) []numbered {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.release(w.taken)
	for len(w.results) == 0 {
		if w.held == 0 && (w.dry || w.over) {
			return nil
		}
		w.news.Wait()
	}
	out := w.results
	w.results, w.taken = into[:0], len(out)
	return out
}

// seen makes room for n requests more, whose results the loop has looked at.
func (w *wave) seen(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.release(n)
}

func (w *wave) release(n int) {
	w.held -= n
	w.taken -= n
	if w.full && w.held <= w.window-w.window/16 {
		w.room.Signal()
	}
}

// give adds a result.
func (w *wave) give(number int, r Result) {
	w.results = append(w.results, numbered{number, r})
	if len(w.results) == 1 {
		w.news.Signal()
	}
}

// end has no call begun any more. What was not sent gets a result that says
// so.
func (w *wave) end(why error) {
	if w.over {
		return
	}
	w.over, w.why = true, why
	w.abandonAll()
	if w.timer != nil {
		w.timer.Stop()
	}
	w.work.Broadcast()
	w.room.Broadcast()
	w.news.Broadcast()
}

// abandonAll gives every request that waits a result: that it was not sent.
func (w *wave) abandonAll() {
	for w.packer.has(true) {
		w.packer.take().each(func(e entry, h history) {
			w.give(e.number, Result{Request: e.req, Err: h.unsent(w.vendor, w.why)})
		})
	}
}

// stop is end for those who don't hold mu.
func (w *wave) stop(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end(why)
}

// leave waits for what was begun: for the workers, and for a while for the
// source, which nobody can stop.
func (w *wave) leave() *crash {
	w.running.Wait()
	timer := time.NewTimer(sourceGrace)
	defer timer.Stop()
	select {
	case <-w.sourceDone:
	case <-timer.C:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = true
	return w.crashed
}

// sourceGrace is how long a loop that ended early waits for the source to
// return.
const sourceGrace = time.Second

var errCrashed = errors.New("a panic ended the loop before this request was sent")

// crash is a panic in a goroutine of Each, or an end of it by runtime.Goexit,
// kept to go on where the caller can recover it.
type crash struct {
	value any // nil for Goexit
	stack []byte
}

// fail ends the wave because of a panic, of which value is what recover
// returned.
func (w *wave) fail(value any) {
	if w.crashed == nil {
		w.crashed = &crash{value: value, stack: debug.Stack()}
	}
	w.end(errCrashed)
}

// raise goes on with the panic.
func (c *crash) raise() {
	if c.value == nil {
		runtime.Goexit()
	}
	panic(c) //nolint:forbidigo // not ours: it began in the caller's code
}

func (c *crash) Error() string {
	if c.value == nil {
		return "the provider or the source ended its goroutine"
	}
	return fmt.Sprintf("%v [recovered by recall.Each]\n\n%s", c.value, c.stack)
}

// Unwrap returns the value of the panic, where it is an error.
func (c *crash) Unwrap() error {
	err, _ := c.value.(error)
	return err
}
