// Package wave recalls the messages of an input, any number of them: each once, however often the run is killed and
// started again, and each with an account of what became of it.
package wave

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

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
	// text is what it says.
	Result(line int, class Class, res recall.Result, text string)
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
	halted chan struct{} // closed when nothing more may be sent
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

// Run recalls all that is left of the input. Its error is one of reading the input.
func (w *Wave) Run(ctx context.Context) (Summary, error) {
	w.end = Summary{Counts: Counts{}}
	w.halted = make(chan struct{})
	var broken error
	requests := func(yield func(recall.Request) bool) {
		broken = w.feed(yield)
	}
	options := eachOptions{Concurrency: w.Concurrency, Rate: w.Rate}
	for result := range each(recall.WithBulk(ctx), w.provider(), requests, options) {
		w.settle(result)
	}
	if w.Failures != nil {
		w.halt(w.Failures.Sync())
	}
	return w.end, broken
}

func (w *Wave) provider() recall.Provider {
	tracked := tracked{inner: w.Provider, journal: w.Journal, stopped: w.stopped, halt: w.halt}
	if batcher, ok := w.Provider.(recall.Batcher); ok {
		return trackedBatcher{tracked, batcher}
	}
	return tracked
}

// feed yields the messages to send. Bad ones are settled here.
func (w *Wave) feed(yield func(recall.Request) bool) error {
	sent := 0
	for {
		rec, err := w.Input.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the input can't be read on: %w", err)
		}
		if w.Journal != nil && w.Journal.Done(rec.Line) {
			w.skipped()
			continue
		}
		if w.over(sent) {
			return nil
		}
		if rec.Err == nil {
			rec.Err = w.Provider.ValidateRequest(rec.Request)
		}
		if rec.Err != nil {
			w.refuse(rec)
			continue
		}
		again := w.Journal != nil && w.Journal.IsUnanswered(rec.Line)
		sent++
		if !yield(marked(rec.Request, rec.Line, again)) {
			return nil
		}
	}
}

// stopped tells whether nothing more may be handed to the vendor's client.
func (w *Wave) stopped() bool {
	select {
	case <-w.halted:
		return true
	case <-w.Stop:
		w.mu.Lock()
		w.end.Stopped = true
		w.mu.Unlock()
		return true
	default:
		return false
	}
}

// over tells whether no more messages are to be sent, and notes why.
func (w *Wave) over(sent int) bool {
	if w.stopped() {
		return true
	}
	if w.First == 0 || sent < w.First {
		return false
	}
	w.mu.Lock()
	w.end.Limited = true
	w.mu.Unlock()
	return true
}

func (w *Wave) skipped() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end.Skipped++
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
		close(w.halted)
	}
}

// refuse settles a record that is never sent.
func (w *Wave) refuse(rec records.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record(rec.Line, Invalid, recall.Result{Request: rec.Request, Err: rec.Err}, rec.Text)
}

// settle takes in the result of a message that was sent. One whose error says nothing about the message, but that no
// message can be recalled now, is left for another run.
func (w *Wave) settle(result recall.Result) {
	line, again, request := unmarked(result.Request)
	result.Request = request
	w.mu.Lock()
	defer w.mu.Unlock()
	if reason := hopeless(result.Err); reason != nil {
		w.end.Open++
		if !errors.Is(reason, errStopped) {
			w.haltLocked(reason)
		}
		return
	}
	class := classOf(result.Err, result.Receipt.Outcome)
	if class == NotFound && again {
		class, result = AlreadyGone, gone(result)
	}
	w.record(line, class, result, "")
}

// record writes down what became of a message: the failure first, so that none is lost where the run is killed between
// the two.
func (w *Wave) record(line int, class Class, result recall.Result, text string) {
	if class.failed() && w.Failures != nil {
		if err := w.Failures.Add(line, result, text); err != nil {
			w.end.Open++
			w.haltLocked(err)
			return
		}
	}
	if w.Journal != nil {
		if err := w.Journal.Finish(line, string(class)); err != nil {
			w.haltLocked(err)
		}
	}
	w.end.Counts[class]++
	w.Reporter.Result(line, class, result, text)
	w.Reporter.Progress(w.end.Counts)
}
