package recall_test

import (
	"context"
	"iter"
	"strconv"
	"sync"
	"testing"

	"github.com/imrecall/imrecall/recall"
)

// repeated yields n requests, without making anything of its own.
func repeated(n int) iter.Seq[recall.Request] {
	return func(yield func(recall.Request) bool) {
		for i := range n {
			if !yield(recall.Request{MessageID: "1234567890123456789", Chat: recall.ChatGroup, From: "alice", To: keys[i/20%len(keys)]}) {
				return
			}
		}
	}
}

// keys are recipients, each of twenty messages in a row.
var keys = func() []string {
	out := make([]string, 500)
	for i := range out {
		out[i] = "group" + strconv.Itoa(i)
	}
	return out
}()

// yes is a provider that costs nothing.
type yes struct{}

func (yes) RecallMessage(_ context.Context, req recall.Request) (recall.Receipt, error) {
	return succeed(req)
}

// yesInBatches is one that recalls twenty at a time.
type yesInBatches struct{ yes }

func (yesInBatches) BatchKey(req recall.Request) (string, int) { return req.To, 20 }

func (yesInBatches) RecallMessages(_ context.Context, reqs []recall.Request) ([]recall.Result, error) {
	return yesToAll(reqs), nil
}

// pool is what an application would write without Each: workers, and a channel
// to either side. It packs nothing, limits nothing, and loses what is in flight
// when the loop is left.
func pool(ctx context.Context, p recall.Provider, reqs iter.Seq[recall.Request], workers int) iter.Seq[recall.Result] {
	return func(yield func(recall.Result) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		in, out := make(chan recall.Request, 2*workers), make(chan recall.Result, 2*workers)
		go func() {
			defer close(in)
			for req := range reqs {
				select {
				case in <- req:
				case <-ctx.Done():
					return
				}
			}
		}()
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for req := range in {
					receipt, err := p.RecallMessage(ctx, req)
					select {
					case out <- recall.Result{Request: req, Receipt: receipt, Err: err}:
					case <-ctx.Done():
						return
					}
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

// BenchmarkEach is what a message costs besides its call:
// go test ./recall -run '^$' -bench 'Each$' -benchtime 1000000x.
func BenchmarkEach(b *testing.B) {
	for _, c := range []struct {
		name string
		run  func(iter.Seq[recall.Request]) iter.Seq[recall.Result]
	}{
		{"impl=each/calls=single", func(reqs iter.Seq[recall.Request]) iter.Seq[recall.Result] {
			return recall.Each(b.Context(), yes{}, reqs, recall.EachOptions{})
		}},
		{"impl=pool/calls=single", func(reqs iter.Seq[recall.Request]) iter.Seq[recall.Result] {
			return pool(b.Context(), yes{}, reqs, 16)
		}},
		{"impl=each/calls=batch", func(reqs iter.Seq[recall.Request]) iter.Seq[recall.Result] {
			return recall.Each(b.Context(), yesInBatches{}, reqs, recall.EachOptions{})
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			got := 0
			for r := range c.run(repeated(b.N)) {
				if r.Err == nil {
					got++
				}
			}
			if got != b.N {
				b.Errorf("%d results of %d", got, b.N)
			}
		})
	}
}
