package recall_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// shared is a provider with a limiter of its own, first come, first served,
// that has a place every 60 ms, whatever the provider tells of its quota.
type shared struct {
	quota float64

	mu            sync.Mutex
	next          time.Time
	waiting, most int
	began         int
}

func (s *shared) Capabilities() recall.Capabilities {
	return recall.Capabilities{CallsPerSecond: s.quota}
}

func (s *shared) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	done := recall.Waiting(ctx)
	inner := recall.Waiting(ctx) // of a limiter within the limiter
	s.mu.Lock()
	s.waiting++
	s.began++
	s.most = max(s.most, s.waiting)
	wait := time.Until(s.next)
	s.next = latest(s.next, time.Now()).Add(60 * time.Millisecond)
	s.mu.Unlock()
	err := pass(ctx, wait)
	s.mu.Lock()
	s.waiting--
	s.mu.Unlock()
	inner()
	done()
	done()
	if err == nil {
		err = pass(ctx, 50*time.Millisecond)
	}
	if err != nil {
		return recall.Receipt{}, err
	}
	return succeed(req)
}

// A wave makes no queue at a limiter of the application's own, such as one that
// several processes share: single calls are held up by few others, and a loop
// that is left has few calls to wait for.
func TestEachDoesNotCrowdALimiterOfOnesOwn(t *testing.T) {
	for quota, most := range map[float64]int{100: 12, 0: 40} {
		synctest.Test(t, func(t *testing.T) {
			p := &shared{quota: quota}
			start := time.Now()
			got := 0
			var left time.Time
			for range recall.Each(t.Context(), p, slices.Values(requests(1000)), recall.EachOptions{}) {
				if got++; got == 300 {
					left = time.Now()
					break
				}
			}
			assert.Less(t, time.Since(left), time.Second, "quota %v", quota)
			assert.InDelta(t, 300*0.06, left.Sub(start).Seconds(), 0.5, "all of the quota was used")
			assert.LessOrEqual(t, p.most, most, "quota %v", quota)
		})
	}
}

// Where a quota has no room before the deadline, every call fails at once. A queue
// is not emptied by that.
func TestEachDoesNotRushIntoTheDeadline(t *testing.T) {
	for _, batch := range []int{1, 20} {
		synctest.Test(t, func(t *testing.T) {
			limiter := acquirer(t)
			closed := perSecond(100)
			require.NoError(t, limiter.Pause(t.Context(), closed, time.Minute))
			refuse := func(ctx context.Context) error {
				_, err := limiter.Acquire(ctx, closed)
				return err
			}
			b := &batcher{
				limit: batch,
				one: func(ctx context.Context, _ recall.Request) (recall.Receipt, error) {
					return recall.Receipt{}, refuse(ctx)
				},
				many: func(ctx context.Context, _ []recall.Request) ([]recall.Result, error) { return nil, refuse(ctx) },
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			kinds := map[recall.Kind]int{}
			read := 0
			for r := range recall.Each(ctx, b, func(yield func(recall.Request) bool) {
				for read < 1_000_000 && yield(recall.Request{To: "a"}) {
					read++
				}
			}, recall.EachOptions{}) {
				e := failure(t, r)
				assert.False(t, e.MayHaveApplied)
				kinds[e.Kind]++
			}
			assert.Less(t, kinds[recall.ErrRateLimited], 600*batch)
			assert.Equal(t, read, kinds[recall.ErrRateLimited]+kinds[recall.ErrCanceled])
		})
	}
}
