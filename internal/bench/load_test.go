package bench

import (
	"context"
	"sync"
	"sync/atomic"
)

// load makes so many calls by so many workers, and returns the first error.
// Each worker has a ctx of its own, as the handlers of a server have.
func load(ctx context.Context, call recaller, calls, workers int) error {
	var left atomic.Int64
	left.Store(int64(calls))
	errs := make(chan error, workers)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			for left.Add(-1) >= 0 {
				if err := call(ctx); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}
