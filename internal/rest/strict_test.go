package rest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/recall"
)

var seeds = flag.Int("seeds", 2, "how many random networks of each sort TestWaveAtAStrictVendor tries")

// networks are ways in which a request is late.
func networks(random *rand.Rand) map[string]func(int) time.Duration {
	upTo := func(d time.Duration) func(int) time.Duration {
		return func(int) time.Duration { return time.Duration(random.Int64N(int64(d))) }
	}
	return map[string]func(int) time.Duration{
		"steady":       func(int) time.Duration { return 0 },
		"jitter 5 ms":  upTo(5 * time.Millisecond),
		"jitter 20 ms": upTo(20 * time.Millisecond),
		"WAN tail": func(int) time.Duration {
			if random.IntN(100) == 0 {
				return 200 * time.Millisecond
			}
			return 0
		},
	}
}

// A wave at a vendor that allows 100 calls a second to the letter: not one
// call is rejected, and the quota is used to at least 94 %, also where the
// first calls take long to connect and so start a row of calls that all
// arrive sooner than the ones before.
func TestWaveAtAStrictVendor(t *testing.T) {
	const calls = 2000
	worst := map[string]float64{}
	for seed := range *seeds {
		random := rand.New(rand.NewPCG(uint64(seed), 0))
		for network, delay := range networks(random) {
			for _, way := range []time.Duration{5 * time.Millisecond, 25 * time.Millisecond} {
				for _, fixed := range []bool{false, true} {
					vendor := &strict{fixed: fixed, way: way, delay: delay, connect: slowFirst(100, 250*time.Millisecond)}
					took := wave(t, vendor, calls, 200)
					cell := fmt.Sprintf("%s, %v each way, fixed window %v", network, way, fixed)
					assert.Zero(t, vendor.rejected, "%s, seed %d", cell, seed)
					share := float64(calls) / 100 / took.Seconds()
					if old, seen := worst[cell]; !seen || share < old {
						worst[cell] = share
					}
				}
			}
		}
	}
	for cell, share := range worst {
		t.Logf("%s: at least %.1f %% of the quota", cell, 100*share)
		assert.GreaterOrEqual(t, share, 0.94, cell)
	}
}

// slowFirst is what connecting costs: much for the first calls, nothing later.
func slowFirst(calls int, cost time.Duration) func(int) time.Duration {
	return func(n int) time.Duration {
		if n <= calls {
			return cost
		}
		return 0
	}
}

// BenchmarkWave is one wave in real time, with the jitter and the WAN tail
// together: go test ./internal/rest -run '^$' -bench Wave -benchtime 1x.
func BenchmarkWave(b *testing.B) {
	const calls = 2000
	for b.Loop() {
		vendor := &strict{
			way:     25 * time.Millisecond,
			connect: slowFirst(100, 100*time.Millisecond),
			delay: func(n int) time.Duration {
				if n%100 == 0 {
					return 200 * time.Millisecond
				}
				return rand.N(5 * time.Millisecond)
			},
		}
		c, err := New(Config{Vendor: "acme", Host: "im.example", Policy: recall.Policy{Transport: vendor}})
		if err != nil {
			b.Fatal(err)
		}
		took := callAll(b, c, calls, 200)
		if vendor.rejected > 0 {
			b.Errorf("%d calls rejected", vendor.rejected)
		}
		b.ReportMetric(calls/took.Seconds(), "calls/s")
		b.ReportMetric(float64(vendor.rejected), "rejected")
	}
}

// wave makes so many calls by so many workers on a virtual clock.
func wave(t *testing.T, vendor *strict, calls, workers int) (took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		took = callAll(t, newClient(t, "im.example", recall.Policy{Transport: vendor}), calls, workers)
	})
	return took
}

func callAll(t testing.TB, c *Client, calls, workers int) time.Duration {
	t.Helper()
	call := withQuota(aCall(), 100)
	work := make(chan struct{}, calls)
	for range calls {
		work <- struct{}{}
	}
	close(work)
	start := time.Now()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range work {
				if _, err := c.Do(t.Context(), call); err != nil {
					assert.NoError(t, err)
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}
