// Package wave recalls the messages of an input, any number of them: each once, however often the run is killed and
// started again, and each with an account of what became of it.
package wave

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/imrecall/imrecall/recall"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/journal"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/records"
)

// Provider is who recalls, and can tell what it would refuse.
type Provider interface {
	recall.Provider
	recall.Validator
	recall.Capable
}

// Reporter is told what happens. Its methods are called one at a time.
type Reporter interface {
	// Result is called for each message that is settled, with the line that it is on. Where the record could not be read,
	// text is what it says. After an error, which says that nobody can be told any more, the run ends as by Stop.
	Result(line int, class Class, res recall.Result, text string) error
	// Progress is called after it with the numbers of this run.
	Progress(counts Counts)
}

// Wave is one run over one input.
type Wave struct {
	Provider    Provider
	Input       *records.Reader
	Journal     *journal.Journal // nil: nothing is remembered
	Failures    *Failures        // nil: failures are only reported
	Reporter    Reporter
	Rate        float64         // messages a second at most; 0: as fast as the vendor's quota allows
	Concurrency int             // calls at a time; 0: the library's choice
	First       int             // send this many and stop; 0: all
	Stop        <-chan struct{} // closed to send no more and finish what is in flight

	mu     sync.Mutex
	end    Summary
	read   bool   // the input is read to its end
	left   int    // messages that were read, and are left for another run
	cancel func() // ends what has not been handed to the vendor's client
}

// Summary is what became of a run.
type Summary struct {
	Counts  Counts // of this run
	Skipped int    // settled in earlier runs
	Open    int    // of those that were sent: left for another run, because this one had to stop
	Stopped bool   // messages are left because Stop was closed
	Limited bool   // messages are left because of First
	Halt    error  // why the run had to stop; nil where it did not
}

// Run recalls all that is left of the input.
func (w *Wave) Run(ctx context.Context) Summary {
	w.end = Summary{Counts: Counts{}}
	// What is in flight goes on when this ctx ends: see tracked.
	ctx, w.cancel = context.WithCancel(ctx)
	defer w.cancel()
	finished := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-w.Stop:
			w.stop()
		case <-finished:
		}
	})
	options := recall.EachOptions{Concurrency: w.Concurrency, Rate: w.Rate}
	for result := range recall.Each(ctx, w.provider(), w.feed, options) {
		w.settle(result)
	}
	close(finished)
	watching.Wait()
	if w.Failures != nil {
		w.halt(w.Failures.Sync())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Journal != nil {
		w.end.Open = w.Journal.Unanswered()
	}
	if w.read && w.left == 0 {
		w.end.Stopped = false // Stop came too late to leave anything
	}
	return w.end
}

func (w *Wave) provider() recall.Provider {
	tracked := tracked{inner: w.Provider, journal: w.Journal, halt: w.halt, outage: new(atomic.Int64)}
	if batcher, ok := w.Provider.(recall.Batcher); ok {
		return trackedBatcher{tracked, batcher}
	}
	return tracked
}

// feed yields the messages to send. Bad ones are settled here.
func (w *Wave) feed(yield func(recall.Request) bool) {
	sent := 0
	for !w.stopped() {
		rec, err := w.Input.Next()
		if errors.Is(err, io.EOF) {
			w.mu.Lock()
			w.read = true
			w.mu.Unlock()
			return
		}
		if err != nil {
			w.breakOff(fmt.Errorf("the input can't be read on: %w", err))
			return
		}
		if w.Journal != nil && w.Journal.Done(rec.Line) {
			w.skipped()
			continue
		}
		if w.over(sent) {
			return
		}
		if rec.Err == nil {
			rec.Err = w.Provider.ValidateRequest(rec.Request)
		}
		if rec.Err != nil {
			w.refuse(rec)
			continue
		}
		again := rec.MayBeGone || w.Journal != nil && w.Journal.IsUnanswered(rec.Line)
		sent++
		if !yield(marked(rec.Request, rec.Line, again)) {
			return
		}
	}
}

// stop ends the run as Stop does.
func (w *Wave) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end.Stopped = true
	w.cancel()
}

// stopped tells whether no more messages are to be sent.
func (w *Wave) stopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.end.Stopped || w.end.Halt != nil
}

// over tells whether the first messages were all that is wanted, and notes it.
func (w *Wave) over(sent int) bool {
	if w.First == 0 || sent < w.First {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end.Limited = true
	return true
}

func (w *Wave) skipped() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end.Skipped++
}

// breakOff ends the run after what was read so far.
func (w *Wave) breakOff(reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.end.Halt == nil {
		w.end.Halt = reason
	}
}

// halt ends the run: what is in flight finishes, and nothing more is sent.
func (w *Wave) halt(reason error) {
	if reason == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.haltLocked(reason)
}

func (w *Wave) haltLocked(reason error) {
	if w.end.Halt == nil {
		w.end.Halt = reason
		w.cancel()
	}
}

// refuse settles a record that is never sent.
func (w *Wave) refuse(rec records.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record(rec.Line, true, Invalid, recall.Result{Request: rec.Request, Err: rec.Err}, rec.Text)
}

// settle takes in the result of a message that was given to Each. One whose error says nothing about the message, but
// that no message can be recalled now, is left for another run.
func (w *Wave) settle(result recall.Result) {
	line, again, request := unmarked(result.Request)
	result.Request = request
	w.mu.Lock()
	defer w.mu.Unlock()
	if AboutApp(result.Err) || errors.Is(result.Err, recall.ErrCanceled) {
		w.leave(line, again, result.Err)
		return
	}
	class := ClassOf(result)
	if again && errors.Is(result.Err, recall.ErrNotFound) {
		class, result = AlreadyGone, gone(result)
	}
	w.record(line, again, class, result, "")
}

// leave leaves a message for another run.
func (w *Wave) leave(line int, again bool, reason error) {
	w.left++
	if AboutApp(reason) {
		w.haltLocked(reason)
	}
	if !again && reason != nil && ClassOf(recall.Result{Err: reason}) != Unknown && w.Journal != nil && w.Journal.IsUnanswered(line) {
		if err := w.Journal.Return(line); err != nil {
			w.haltLocked(err)
		}
	}
}

// record writes down what became of a message: in the journal last, so that where the run is killed meanwhile nothing is
// lost, and at worst told twice. A failure that can't be written down is left for another run, which is to hear of it as
// of a message that was never sent.
func (w *Wave) record(line int, again bool, class Class, result recall.Result, text string) {
	if class.failed() && w.Failures != nil {
		if err := w.Failures.Add(line, result, text); err != nil {
			w.haltLocked(err)
			w.leave(line, again, result.Err)
			return
		}
	}
	w.end.Counts[class]++
	if err := w.Reporter.Result(line, class, result, text); err != nil {
		w.haltLocked(fmt.Errorf("the results can't be written: %w", err))
	}
	w.Reporter.Progress(w.end.Counts)
	if w.Journal != nil {
		if err := w.Journal.Finish(line, string(class)); err != nil {
			w.haltLocked(err)
		}
	}
}
