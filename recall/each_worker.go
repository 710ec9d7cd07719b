package recall

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// worker makes one call after the other.
type worker struct {
	wave     *wave
	ctx      context.Context // of its calls
	queues   atomic.Int32    // how many nested waits for a quota the present call is in
	queuedAt atomic.Int64    // when the present call began to wait for a quota, in ns
	waited   atomic.Int64    // how long it has waited for quotas, in ns
}

// kick has the next call begin if one may: it wakes an idle worker, or adds
// one. Call it after every change that may let a call begin. A worker that has
// taken a load calls it for the next.
func (w *wave) kick() {
	switch {
	case w.waking || !w.startable():
	case w.idle > 0:
		w.waking = true
		w.work.Signal()
	case w.mayGrow():
		w.waking = true
		w.workers++
		w.running.Add(1)
		go w.runWorker()
	}
}

// startable tells whether a call may begin.
func (w *wave) startable() bool {
	if w.over || !w.packer.has(w.dry || w.full) || w.queued.Load() >= spareQueued {
		return false
	}
	for _, m := range []*meter{&w.messages, &w.pace.quota, &w.brake} {
		if !m.open() {
			w.arm(m.opens())
			return false
		}
	}
	return true
}

// mayGrow tells whether to add a worker, where all are busy.
func (w *wave) mayGrow() bool {
	if w.watching {
		return false // the timer comes back to it
	}
	now := time.Now()
	at, ok := w.pace.another(now, w.workers)
	switch {
	case !ok:
		return false
	case now.Before(at):
		w.watching = true
		w.arm(at)
		return false
	}
	w.pace.added(now, w.workers+1)
	return true
}

// arm has tick called at the given time, or sooner.
func (w *wave) arm(at time.Time) {
	if !w.armed.IsZero() && !at.Before(w.armed) {
		return
	}
	w.armed = at
	wait := max(time.Until(at), time.Microsecond)
	if w.timer == nil {
		w.timer = time.AfterFunc(wait, w.tick)
		return
	}
	w.timer.Reset(wait)
}

// armLinger arms the timer for the share that has been waiting longest.
func (w *wave) armLinger() {
	if s := w.packer.oldest(); s != nil {
		w.arm(s.since.Add(w.linger))
	}
}

// tick is what the timer calls: shares that have lingered long enough are ready
// now, and a call may begin.
func (w *wave) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.watching = time.Time{}, false
	if w.over {
		return
	}
	now := time.Now()
	for s := w.packer.oldest(); s != nil && now.Sub(s.since) >= w.linger; s = w.packer.oldest() {
		w.packer.ripen(s)
	}
	w.armLinger()
	w.kick()
}

// runWorker is the goroutine of a worker.
func (w *wave) runWorker() {
	defer w.running.Done()
	k := &worker{wave: w}
	k.ctx = withQueuer(w.ctx, k)
	var doing load
	busy := false
	defer func() {
		if busy {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.workers--
			w.fail(recover())
			w.lost(doing)
		}
	}()
	w.mu.Lock()
	for w.await() {
		doing = w.begin()
		w.mu.Unlock()
		busy = true
		out := k.call(&doing)
		busy = false
		w.mu.Lock()
		w.finish(&doing, &out)
	}
	w.workers--
	w.kick() // it may have been the one that was called
	w.mu.Unlock()
}

// await waits until a call may begin. False means that the worker is not needed
// any more.
func (w *wave) await() bool {
	for {
		w.waking = false
		switch {
		case w.over || w.workers > w.pace.level():
			return false
		case w.startable():
			return true
		}
		w.idle++
		w.work.Wait()
		w.idle--
	}
}

// begin takes the load whose turn it is, and lets others begin.
func (w *wave) begin() load {
	l := w.packer.take()
	w.messages.take(l.size())
	w.pace.quota.take(1)
	w.brake.take(1)
	w.kick()
	return l
}

// outcome is how a call ended.
type outcome struct {
	one  Result   // of a call for one message
	all  []Result // of one for several
	err  error    // of one for several, which failed as a whole
	took time.Duration
}

// call hands a load to the provider.
func (k *worker) call(l *load) outcome {
	var out outcome
	var began time.Time
	timed := k.wave.pace.quota.rate > 0
	if timed {
		began = time.Now()
		k.waited.Store(0)
	}
	switch {
	case l.share == nil:
		out.one = k.recall(l.req)
	case len(l.share.reqs) == 1:
		out.one = k.recall(l.share.reqs[0])
	default:
		out.all, out.err = k.wave.batcher.RecallMessages(k.ctx, l.share.reqs)
		if out.err == nil && len(out.all) != len(l.share.reqs) {
			out.err = fmt.Errorf("%d results for %d requests: %w", len(out.all), len(l.share.reqs), errMiscounted)
		}
	}
	if timed {
		out.took = max(time.Since(began)-time.Duration(k.waited.Load()), 1)
	}
	return out
}

var errMiscounted = errors.New("recall: RecallMessages has to return one for each")

func (k *worker) recall(req Request) Result {
	receipt, err := k.wave.provider.RecallMessage(k.ctx, req)
	if err != nil {
		receipt = Receipt{}
	}
	return Result{Request: req, Receipt: receipt, Err: err}
}

// finish gives the results of a call, or has its parts called.
func (w *wave) finish(l *load, out *outcome) {
	w.brake.rate = 0
	switch {
	case neverSent(out.one.Err):
		w.pace.quota.giveBack()
	case noRoom(out.one.Err) || noRoom(out.err):
		w.brake.rate = usualQuota
	default:
		w.pace.ended(out.took, w.workers, w.packer.has(w.dry || w.full))
	}
	switch s := l.share; {
	case s == nil:
		w.give(l.number, out.one)
	case len(s.reqs) == 1:
		w.give(s.numbers[0], s.before.settle(out.one))
	case out.err != nil:
		w.failed(s, out.err)
	default:
		for i, r := range out.all {
			r.Request = s.reqs[i]
			if r.Err != nil {
				r.Receipt, r.Err = Receipt{}, separate(r.Err)
			}
			w.give(s.numbers[i], s.before.settle(r))
		}
	}
}

// neverSent tells whether a call was refused before anything was sent: it used
// nothing of a quota.
func neverSent(err error) bool {
	e, ok := errorIn(err)
	return ok && (e.Kind == ErrInvalidRequest || e.Kind == ErrUnsupported) && e.Attempts == 0 && e.Status == 0
}

// noRoom tells whether a call was refused before anything was sent, because
// its quota has no room before the deadline. The next one would be, too: without
// a brake a whole queue would fail in no time.
func noRoom(err error) bool {
	e, ok := errorIn(err)
	return ok && e.Kind == ErrRateLimited && e.Attempts == 0 && errors.Is(e, context.DeadlineExceeded)
}

// failed deals with a share whose call failed as a whole.
func (w *wave) failed(s *share, err error) {
	if errors.Is(err, errMiscounted) {
		err = &Error{Kind: ErrBadResponse, Vendor: w.vendor, Op: "recall", MayHaveApplied: true, Err: err}
	} else if e, ok := errorIn(err); ok && maySplit(e) {
		first, second := s.halves(e)
		w.packer.urgent.push(load{share: first})
		w.packer.urgent.push(load{share: second})
		if w.over {
			w.abandonAll()
		}
		return
	}
	for i, req := range s.reqs {
		w.give(s.numbers[i], s.before.settle(Result{Request: req, Err: separate(err)}))
	}
}

// lost gives every request of a call that panicked a result.
func (w *wave) lost(l load) {
	why := fmt.Errorf("the call did not return: %v", w.crashed.value)
	l.each(func(e entry, _ history) {
		w.give(e.number, Result{Request: e.req, Err: &Error{
			Kind: ErrUnavailable, Vendor: w.vendor, Op: "recall", MayHaveApplied: true, Err: why,
		}})
	})
}
