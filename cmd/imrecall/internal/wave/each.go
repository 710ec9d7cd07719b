package wave

import (
	"context"
	"iter"
	"sync"

	"github.com/imrecall/imrecall/recall"
)

type eachOptions struct {
	Concurrency int
	Rate        float64
}

func each(ctx context.Context, p recall.Provider, reqs iter.Seq[recall.Request], opts eachOptions) iter.Seq[recall.Result] {
	return func(yield func(recall.Result) bool) {
		in, out := make(chan recall.Request), make(chan recall.Result)
		go func() {
			for r := range reqs {
				in <- r
			}
			close(in)
		}()
		var wg sync.WaitGroup
		for range max(opts.Concurrency, 16) {
			wg.Go(func() {
				for r := range in {
					rec, err := p.RecallMessage(ctx, r)
					out <- recall.Result{Request: r, Receipt: rec, Err: err}
				}
			})
		}
		go func() { wg.Wait(); close(out) }()
		for r := range out {
			if !yield(r) {
				return
			}
		}
	}
}
