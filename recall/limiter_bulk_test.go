package recall_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestLimiterLetsSingleCallsOvertakeBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, quota := acquirer(t), perSecond(1)
		call := func(ctx context.Context, name string, order chan<- string) {
			release, err := limiter.Acquire(ctx, quota)
			if err != nil {
				return
			}
			order <- name
			release(answered)
		}
		ctx, cancel := context.WithCancel(t.Context())
		order := make(chan string, 10_100)
		for i := range 10_000 {
			go call(recall.WithBulk(ctx), fmt.Sprint("bulk ", i), order)
		}
		synctest.Wait()
		<-order // the first of the wave goes out at once
		go call(ctx, "single", order)
		synctest.Wait()
		next := []string{<-order, <-order}
		assert.Contains(t, next, "single", "within two slots of a wave of ten thousand")

		// And the wave does not starve.
		for range 100 {
			go call(ctx, "single", order)
		}
		synctest.Wait()
		bulk := 0
		for range 50 {
			if <-order != "single" {
				bulk++
			}
		}
		assert.Equal(t, 5, bulk, "every tenth slot")
		cancel()
		synctest.Wait()
	})
}

// A bulk call is not refused because of single calls that it will not have to
// wait for.
func TestLimiterDoesNotRefuseBulkThatHasItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, quota := acquirer(t), perSecond(10)
		ctx, cancel := context.WithCancel(t.Context())
		for range 1000 {
			go func() {
				if release, err := limiter.Acquire(ctx, quota); err == nil {
					release(answered)
				}
			}()
		}
		synctest.Wait()
		bulk, stop := context.WithTimeout(recall.WithBulk(t.Context()), time.Minute)
		defer stop()
		_, err := limiter.Acquire(bulk, quota)
		require.NoError(t, err)
		cancel()
		synctest.Wait()
	})
}

// Bulk calls, however many, leave permits where there are single calls: as many
// as these had at once of late, a quarter at most, and one more of a large quota.
func TestLimiterBulkLeavesRoom(t *testing.T) {
	for _, c := range []struct{ calls, singles, away, bulk int }{
		{100, 0, 0, 100},
		{100, 8, 0, 91},
		{100, 40, 30, 59},
		{17, 0, 0, 17},
		{17, 3, 0, 14},
		{1, 1, 0, 1},
		{20, 20, 0, 15},
	} {
		synctest.Test(t, func(t *testing.T) {
			limiter, quota := acquirer(t), perSecond(c.calls)
			for range c.singles {
				release, err := limiter.Acquire(t.Context(), quota)
				require.NoError(t, err)
				time.AfterFunc(time.Second, func() { release(answered) })
			}
			<-time.After(2100 * time.Millisecond) // now all are back
			for range c.away {
				_, err := limiter.Acquire(t.Context(), quota)
				require.NoError(t, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			bulk := 0
			for range 200 {
				go func() {
					if _, err := limiter.Acquire(recall.WithBulk(ctx), quota); err == nil {
						bulk++
						<-ctx.Done()
					}
				}()
				synctest.Wait()
			}
			assert.Equal(t, c.bulk, bulk, "%+v", c)
			for range min(c.calls-c.away-c.bulk, 9) { // then comes a bulk call's turn
				_, err := limiter.Acquire(t.Context(), quota)
				require.NoError(t, err)
			}
			cancel()
			synctest.Wait()
		})
	}
}

func TestIsBulk(t *testing.T) {
	assert.False(t, recall.IsBulk(t.Context()))
	assert.True(t, recall.IsBulk(recall.WithBulk(t.Context())))
}
