package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSingleCallsOvertakeAWave(t *testing.T) {
	withLimiters(t, 2, func(t *testing.T, _ *miniredis.Miniredis, limiters []*Limiter) {
		ctx, cancel := context.WithCancel(t.Context())
		var waved atomic.Int32
		var wave sync.WaitGroup
		for range 1200 {
			wave.Go(func() {
				release, err := limiters[0].Acquire(recall.WithBulk(ctx), hundred)
				if err == nil {
					<-time.After(50 * time.Millisecond)
					waved.Add(1)
					release(answered)
				}
			})
		}
		<-time.After(3*time.Second + 500*time.Millisecond)
		assert.Greater(t, waved.Load(), int32(375), "alone, the wave has all for itself")
		assert.LessOrEqual(t, waits(t, limiters[1], hundred), 1100*time.Millisecond, "the first has the next place")
		<-time.After(2 * time.Second)
		waved.Store(0)
		for range 4 {
			for i := range hundred.Calls / 10 {
				giveBack(take(t, limiters[i%2], hundred), answered)
			}
			<-time.After(1050 * time.Millisecond)
		}
		assert.Greater(t, waved.Load(), int32(4*70), "beside others it has nine tenths")
		cancel()
		wave.Wait()
	})
}

// A wave that recall.Each makes has few calls waiting, as it is told of them.
func TestEachMakesNoQueue(t *testing.T) {
	withLimiters(t, 1, func(t *testing.T, _ *miniredis.Miniredis, limiters []*Limiter) {
		p := &slowVendor{limiter: limiters[0]}
		requests := slices.Repeat([]recall.Request{{MessageID: "1"}}, 300)
		for r := range recall.Each(t.Context(), p, slices.Values(requests), recall.EachOptions{}) {
			require.NoError(t, r.Err)
		}
		assert.LessOrEqual(t, p.most, 12)
	})
}

// slowVendor is a provider that says it allows 100 calls a second, and has a tenth
// of that for this process.
type slowVendor struct {
	limiter *Limiter

	mu            sync.Mutex
	waiting, most int
}

func (*slowVendor) Capabilities() recall.Capabilities {
	return recall.Capabilities{CallsPerSecond: 100}
}

func (v *slowVendor) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	v.wait(1)
	release, err := v.limiter.Acquire(ctx, recall.Quota{Key: "k", Calls: 10, Per: time.Second})
	v.wait(-1)
	if err != nil {
		return recall.Receipt{}, err
	}
	<-time.After(50 * time.Millisecond)
	release(answered)
	return recall.Receipt{MessageID: req.MessageID, Outcome: recall.Recalled}, nil
}

func (v *slowVendor) wait(change int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.waiting += change
	v.most = max(v.most, v.waiting)
}

// Calls of a process have their turn in the order in which they came.
func TestFirstComeFirstServed(t *testing.T) {
	withLimiters(t, 1, func(t *testing.T, _ *miniredis.Miniredis, limiters []*Limiter) {
		var mu sync.Mutex
		var order []int
		for i := range 30 {
			go func() {
				release, err := limiters[0].Acquire(t.Context(), one)
				assert.NoError(t, err)
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				release(answered)
			}()
			synctest.Wait()
		}
		<-time.After(time.Minute)
		assert.Len(t, order, 30)
		assert.IsIncreasing(t, order)
	})
}
