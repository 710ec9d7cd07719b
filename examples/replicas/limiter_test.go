package main

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/imrecall/imrecall/recall"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const aLease = 10 * time.Second

var (
	answered = recall.CallEnd{Sent: true, Answered: true}
	hundred  = recall.Quota{Key: "acme/app/recall", Calls: 100, Per: time.Second}
	one      = recall.Quota{Key: "acme/app/users/}u{1", Calls: 1, Per: time.Second}
)

// withLimiters runs a test on a virtual clock, with so many limiters that share
// a Redis, each with a connection of its own.
func withLimiters(t *testing.T, count int, test func(t *testing.T, server *miniredis.Miniredis, limiters []*Limiter)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := miniredis.NewMiniRedis()
		defer server.Close()
		server.ClockTTL(true)
		limiters := make([]*Limiter, count)
		for i := range limiters {
			client := redis.NewClient(&redis.Options{
				Addr:                  "127.0.0.1:1", // not asked
				Dialer:                func(context.Context, string, string) (net.Conn, error) { return server.Dial() },
				ContextTimeoutEnabled: true,
			})
			defer client.Close()
			limiters[i] = NewLimiter(client, aLease)
		}
		test(t, server, limiters)
		for _, limiter := range limiters {
			limiter.Close()
		}
	})
}

// densest returns the largest number of events in any half-open span.
func densest(events []time.Time, span time.Duration) int {
	slices.SortFunc(events, time.Time.Compare)
	most, first := 0, 0
	for i, at := range events {
		for at.Sub(events[first]) >= span {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// Six replicas send as much as the vendor allows, to the letter, and not more.
func TestReplicasShareAQuota(t *testing.T) {
	const each = 150
	withLimiters(t, 6, func(t *testing.T, _ *miniredis.Miniredis, limiters []*Limiter) {
		var mu sync.Mutex
		var arrivals []time.Time
		var wg sync.WaitGroup
		start := time.Now()
		for r, limiter := range limiters {
			work := make(chan int, each)
			for n := range each {
				work <- n
			}
			close(work)
			for range 16 {
				wg.Go(func() {
					for n := range work {
						release, err := limiter.Acquire(t.Context(), hundred)
						if !assert.NoError(t, err) {
							return
						}
						<-time.After(time.Duration(5+(n+r)*7919%21) * time.Millisecond)
						mu.Lock()
						arrivals = append(arrivals, time.Now())
						mu.Unlock()
						<-time.After(time.Duration(5+(n+r)*104729%21) * time.Millisecond)
						release(answered)
					}
				})
			}
		}
		wg.Wait()
		took := time.Since(start)
		require.Len(t, arrivals, 6*each)
		assert.LessOrEqual(t, densest(arrivals, time.Second), hundred.Calls)
		share := float64(len(arrivals)-hundred.Calls) / took.Seconds() / float64(hundred.Calls) // without those that go out at once
		t.Logf("%.1f %% of the quota", 100*share)
		assert.Greater(t, share, 0.9)
	})
}

// take takes a permit that has to be there.
func take(t *testing.T, limiter *Limiter, q recall.Quota) func(recall.CallEnd) {
	t.Helper()
	start := time.Now()
	release, err := limiter.Acquire(t.Context(), q)
	require.NoError(t, err)
	require.Zero(t, time.Since(start))
	return release
}

// giveBack ends a call, and waits until Redis knows.
func giveBack(release func(recall.CallEnd), end recall.CallEnd) {
	release(end)
	synctest.Wait()
}

// waits returns how long it takes to get a permit.
func waits(t *testing.T, limiter *Limiter, q recall.Quota) time.Duration {
	t.Helper()
	start := time.Now()
	_, err := limiter.Acquire(t.Context(), q)
	require.NoError(t, err)
	return time.Since(start)
}

// How a call ends decides when its permit is there for another replica.
func TestPermitsComeBack(t *testing.T) {
	for name, tt := range map[string]struct {
		end   recall.CallEnd
		after time.Duration
	}{
		"answered":   {answered, time.Second},
		"unanswered": {recall.CallEnd{Sent: true}, 2 * time.Second},
		"not sent":   {recall.CallEnd{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			withLimiters(t, 2, func(t *testing.T, _ *miniredis.Miniredis, limiters []*Limiter) {
				ctx, cancel := context.WithCancel(t.Context())
				release, err := limiters[0].Acquire(ctx, one)
				require.NoError(t, err)
				cancel() // the caller may leave first
				giveBack(release, tt.end)
				assert.InDelta(t, tt.after, waits(t, limiters[1], one), float64(time.Millisecond))
			})
		})
	}
}

// A permit that was not used is there for a call that expected to wait longer.
func TestUnusedPermitsComeBackAtOnce(t *testing.T) {
	two := recall.Quota{Key: "two", Calls: 2, Per: time.Minute}
	withLimiters(t, 2, func(t *testing.T, _ *miniredis.Miniredis, limiters []*Limiter) {
		giveBack(take(t, limiters[0], two), answered)
		release := take(t, limiters[0], two)
		time.AfterFunc(2500*time.Millisecond, func() { release(recall.CallEnd{}) })
		assert.InDelta(t, 2500*time.Millisecond, waits(t, limiters[1], two), float64(time.Second))
	})
}

// A replica that is killed takes its permits with it for a bounded time.
func TestPermitsOfADeadReplicaComeBack(t *testing.T) {
	withLimiters(t, 2, func(t *testing.T, _ *miniredis.Miniredis, limiters []*Limiter) {
		for range hundred.Calls {
			take(t, limiters[0], hundred)
		}
		assert.InDelta(t, aLease+time.Second, waits(t, limiters[1], hundred), float64(20*time.Millisecond))
		take(t, limiters[1], hundred)
	})
}

// A call for which there is no place before its deadline fails at once, in front
// and behind others.
func TestNoPlaceBeforeTheDeadline(t *testing.T) {
	withLimiters(t, 2, func(t *testing.T, _ *miniredis.Miniredis, limiters []*Limiter) {
		refused := func(patience time.Duration) *recall.Error {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			start := time.Now()
			_, err := limiters[1].Acquire(ctx, one)
			assert.Zero(t, time.Since(start))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			var e *recall.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, recall.ErrRateLimited, e.Kind)
			return e
		}
		giveBack(take(t, limiters[0], one), answered)
		assert.InDelta(t, time.Second, refused(900*time.Millisecond).RetryAfter, float64(time.Millisecond))

		ctx, cancel := context.WithCancel(t.Context())
		for range 5 {
			go limiters[1].Acquire(ctx, one)
		}
		synctest.Wait()
		assert.InDelta(t, 6*time.Second, refused(5500*time.Millisecond).RetryAfter, float64(time.Millisecond))
		cancel()
		synctest.Wait()
	})
}

func TestTheContextEnds(t *testing.T) {
	two := recall.Quota{Key: "two", Calls: 2, Per: time.Second}
	withLimiters(t, 2, func(t *testing.T, _ *miniredis.Miniredis, limiters []*Limiter) {
		held := []func(recall.CallEnd){take(t, limiters[0], two), take(t, limiters[0], two)}
		for _, patience := range []time.Duration{0, time.Millisecond, time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			var wg sync.WaitGroup
			for range 2 { // one in front, one behind it
				wg.Go(func() {
					_, err := limiters[1].Acquire(ctx, two)
					assert.ErrorIs(t, err, recall.ErrCanceled)
					assert.ErrorIs(t, err, context.DeadlineExceeded)
				})
			}
			wg.Wait()
			cancel()
		}
		for _, release := range held {
			giveBack(release, recall.CallEnd{})
			take(t, limiters[1], two)
		}
		assert.Empty(t, limiters[1].lines)
	})
}

// The vendor's "too fast" is for all replicas, and for calls that wait already.
func TestPauseIsForAll(t *testing.T) {
	withLimiters(t, 2, func(t *testing.T, _ *miniredis.Miniredis, limiters []*Limiter) {
		giveBack(take(t, limiters[0], one), answered)
		start := time.Now()
		passed, failed := make(chan time.Duration, 1), make(chan error, 1)
		go func() {
			_, err := limiters[1].Acquire(t.Context(), one)
			assert.NoError(t, err)
			passed <- time.Since(start)
		}()
		synctest.Wait()
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
			defer cancel()
			_, err := limiters[0].Acquire(ctx, one)
			failed <- err
		}()
		synctest.Wait()
		require.NoError(t, limiters[0].Pause(t.Context(), one, 10*time.Second))
		for _, shorter := range []time.Duration{time.Second, 0, -1} {
			require.NoError(t, limiters[1].Pause(t.Context(), one, shorter), "it changes nothing")
		}
		require.NoError(t, limiters[1].Pause(t.Context(), hundred, 0))
		require.ErrorIs(t, <-failed, recall.ErrRateLimited)
		assert.Less(t, time.Since(start), 2*time.Second)
		assert.InDelta(t, 10*time.Second, <-passed, float64(time.Millisecond))
	})
}

func TestWaitGivesThePermitBack(t *testing.T) {
	withLimiters(t, 2, func(t *testing.T, _ *miniredis.Miniredis, limiters []*Limiter) {
		require.NoError(t, limiters[0].Wait(t.Context(), one))
		synctest.Wait()
		assert.InDelta(t, 2*time.Second, waits(t, limiters[1], one), float64(time.Millisecond))
	})
}

func TestNonsenseIsRefused(t *testing.T) {
	limiter := NewLimiter(nil, aLease)
	for _, q := range []recall.Quota{{}, {Calls: 1}, {Per: 1}, {Calls: -1, Per: 1}} {
		require.ErrorIs(t, limiter.Wait(t.Context(), q), recall.ErrInvalidRequest)
	}
}
