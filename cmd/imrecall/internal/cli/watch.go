package cli

import (
	"context"
	"os"
	"time"
)

// sameSignal is for how long after the first signal another is taken for the same one: timeout, and what passes a
// terminal's signals on, send it to the process and to its group.
const sameSignal = time.Second

// untilSignal is ctx, ended by the first signal. Call cancel when the work is done.
func (p *program) untilSignal(ctx context.Context) (ended context.Context, cancel context.CancelFunc) {
	ended, cancel = context.WithCancel(ctx)
	signals := p.env.Signals()
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ended.Done():
		}
	}()
	return ended, cancel
}

// watch obeys signals: the first one ends the run when what is in flight is answered, a later one at once.
func (p *program) watch(ctx context.Context, signals <-chan os.Signal, stop chan<- struct{}, report *report) {
	select {
	case <-ctx.Done():
		return
	case <-signals:
	}
	first := p.env.Now()
	close(stop)
	report.progress.Print("stopping: what is in flight is finished first; a second signal quits at once")
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		if p.env.Now().Sub(first) >= sameSignal {
			report.progress.Print("quit: what was in flight may be recalled; the same command goes on")
			p.env.Exit(exitInterrupted)
			return
		}
	}
}
