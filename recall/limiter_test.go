package recall_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func acquirer(t *testing.T) recall.Acquirer {
	t.Helper()
	a, ok := recall.NewLimiter().(recall.Acquirer)
	require.True(t, ok)
	return a
}

// answered is the end of a call that went well.
var answered = recall.CallEnd{Sent: true, Answered: true}

// perSecond is a quota of so many calls a second.
func perSecond(calls int) recall.Quota {
	return recall.Quota{Key: "acme/app/recall", Calls: calls, Per: time.Second}
}

// overlap returns the largest number of events within any half-open span of
// the given length.
func overlap(events []time.Time, span time.Duration) int {
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

// Calls that take any time on their way, in either direction, never arrive
// more densely than the quota, and fill it nearly.
func TestLimiterIsStrictWhateverTheNetworkDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls, workers, total = 20, 50, 1000
		limiter, quota := acquirer(t), perSecond(calls)
		start := time.Now()
		var mu sync.Mutex
		var arrivals []time.Time
		var wg sync.WaitGroup
		work := make(chan int)
		for range workers {
			wg.Go(func() {
				for n := range work {
					release, err := limiter.Acquire(t.Context(), quota)
					assert.NoError(t, err)
					<-time.After(time.Duration(1+n*7919%97) * time.Millisecond)
					mu.Lock()
					arrivals = append(arrivals, time.Now())
					mu.Unlock()
					<-time.After(time.Duration(1+n*104729%31) * time.Millisecond)
					release(answered)
					release(answered) // once is enough
				}
			})
		}
		for n := range total {
			work <- n
		}
		close(work)
		wg.Wait()
		took := time.Since(start)
		require.Len(t, arrivals, total)
		assert.LessOrEqual(t, overlap(arrivals, time.Second), calls)
		assert.Less(t, took.Seconds(), float64(total)/calls*1.08)
	})
}

// A machine that is busy at first makes round trips look longer than they are:
// what it measured must not be given back to calls that travel faster later.
func TestLimiterIsStrictAfterASlowStart(t *testing.T) {
	const calls = 20
	for name, late := range map[string]func(n int) time.Duration{
		"a little busy": func(int) time.Duration { return 8 * time.Millisecond },
		"very busy":     func(n int) time.Duration { return time.Duration(60+n*37%80) * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limiter, quota := acquirer(t), perSecond(calls)
				var mu sync.Mutex
				var arrivals []time.Time
				var wg sync.WaitGroup
				for n := range 3 * calls {
					wg.Go(func() {
						release, err := limiter.Acquire(t.Context(), quota)
						assert.NoError(t, err)
						there := 100 * time.Microsecond
						if n < calls {
							there = late(n)
						}
						sent := time.Now()
						<-time.After(there)
						mu.Lock()
						arrivals = append(arrivals, time.Now())
						mu.Unlock()
						<-time.After(100 * time.Microsecond)
						release(recall.CallEnd{Sent: true, Answered: true, RoundTrip: time.Since(sent)})
					})
					synctest.Wait()
				}
				wg.Wait()
				assert.LessOrEqual(t, overlap(arrivals, time.Second), calls)
			})
		})
	}
}

func TestLimiterBySmallQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := recall.NewLimiter()
		quota := recall.Quota{Key: "easemob/o#a/user_channel/u1", Calls: 5, Per: time.Minute}
		start := time.Now()
		for range 5 {
			require.NoError(t, limiter.Wait(t.Context(), quota))
		}
		assert.Zero(t, time.Since(start), "five go out at once")
		require.NoError(t, limiter.Wait(t.Context(), quota))
		assert.GreaterOrEqual(t, time.Since(start), time.Minute, "the sixth waits")
		assert.Less(t, time.Since(start), 64*time.Second)

		other := quota
		other.Key = "easemob/o#a/user_channel/u2"
		before := time.Now()
		require.NoError(t, limiter.Wait(t.Context(), other))
		assert.Zero(t, time.Since(before), "another user has a quota of their own")
		<-time.After(2 * time.Minute) // the timers of Wait end with the test
	})
}

func TestLimiterFailsAtOnceWhereThereIsNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, quota := acquirer(t), perSecond(1)
		release, err := limiter.Acquire(t.Context(), quota)
		require.NoError(t, err)
		release(answered)

		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err = limiter.Acquire(ctx, quota)
		assert.Zero(t, time.Since(start))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, recall.ErrRateLimited)
		var e *recall.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, time.Second, e.RetryAfter)

		ctx, cancel = context.WithTimeout(t.Context(), 1100*time.Millisecond)
		defer cancel()
		_, err = limiter.Acquire(ctx, quota)
		require.NoError(t, err, "and waits where there is")
	})
}

func TestLimiterEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, quota := acquirer(t), perSecond(1)
		release, err := limiter.Acquire(t.Context(), quota)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err = limiter.Acquire(ctx, quota)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, recall.ErrCanceled)
		_, err = limiter.Acquire(ctx, quota)
		require.ErrorIs(t, err, context.Canceled, "over before the call")

		release(recall.CallEnd{}) // never sent: the permit is there at once
		start := time.Now()
		_, err = limiter.Acquire(t.Context(), quota)
		require.NoError(t, err, "the one that gave up holds nothing")
		assert.Zero(t, time.Since(start))
	})
}

func TestLimiterPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, quota := acquirer(t), perSecond(2)
		hold := func() func(recall.CallEnd) {
			release, err := limiter.Acquire(t.Context(), quota)
			require.NoError(t, err)
			return release
		}
		first, second := hold(), hold()
		start := time.Now()
		type end struct {
			after time.Duration
			err   error
		}
		ends := make(chan end, 2)
		for _, patience := range []time.Duration{5 * time.Second, 20 * time.Second} {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				_, err := limiter.Acquire(ctx, quota)
				ends <- end{time.Since(start), err}
			}()
		}
		synctest.Wait()
		require.NoError(t, limiter.Pause(t.Context(), quota, 10*time.Second))
		require.NoError(t, limiter.Pause(t.Context(), quota, time.Second), "a shorter one changes nothing")
		first(answered)
		second(answered)
		early := <-ends
		require.ErrorIs(t, early.err, context.DeadlineExceeded)
		assert.Zero(t, early.after, "the one that can't wait that long is told at once")
		late := <-ends
		require.NoError(t, late.err)
		assert.Equal(t, 10*time.Second, late.after)
	})
}

func TestLimiterIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, quota := acquirer(t), perSecond(1)
		order := make(chan int, 100)
		for i := range 100 {
			go func() {
				release, err := limiter.Acquire(t.Context(), quota)
				assert.NoError(t, err)
				order <- i
				release(answered)
			}()
			synctest.Wait()
		}
		for i := range 100 {
			assert.Equal(t, i, <-order)
		}
	})
}

func TestLimiterForgetsIdleQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := acquirer(t)
		users := func(from, to int) {
			for user := from; user < to; user++ {
				release, err := limiter.Acquire(t.Context(), recall.Quota{Key: fmt.Sprint("user/", user), Calls: 5, Per: time.Minute})
				require.NoError(t, err)
				release(answered)
				if user%1000 == 0 {
					<-time.After(time.Second)
				}
			}
		}
		users(0, 100_000)
		before := heapInUse()
		users(100_000, 400_000)
		assert.Less(t, heapInUse(), before+before/2+8<<20)
		runtime.KeepAlive(limiter)
	})
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Permits of running calls may come back at any moment: a call is not refused
// for want of them.
func TestLimiterWaitsForRunningCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, quota := acquirer(t), perSecond(1)
		release, err := limiter.Acquire(t.Context(), quota)
		require.NoError(t, err)
		time.AfterFunc(50*time.Millisecond, func() { release(recall.CallEnd{}) })
		ctx, cancel := context.WithTimeout(t.Context(), 800*time.Millisecond)
		defer cancel()
		_, err = limiter.Acquire(ctx, quota)
		require.NoError(t, err)
	})
}

// What is given up may still be on its way.
func TestLimiterAfterCallsThatWereGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, quota := acquirer(t), perSecond(1)
		start := time.Now()
		release, err := limiter.Acquire(t.Context(), quota)
		require.NoError(t, err)
		release(recall.CallEnd{Sent: true})
		_, err = limiter.Acquire(t.Context(), quota)
		require.NoError(t, err)
		assert.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestLimiterRefusesNonsense(t *testing.T) {
	limiter := recall.NewLimiter()
	for _, quota := range []recall.Quota{{}, {Calls: 1}, {Per: 1}, {Calls: -1, Per: 1}} {
		require.ErrorIs(t, limiter.Wait(t.Context(), quota), recall.ErrInvalidRequest)
		require.ErrorIs(t, limiter.Pause(t.Context(), quota, 1), recall.ErrInvalidRequest)
	}
}

func BenchmarkLimiter(b *testing.B) {
	limiter := recall.NewLimiter().(recall.Acquirer)
	quota := recall.Quota{Key: "k", Calls: 1 << 30, Per: time.Nanosecond}
	b.ReportAllocs()
	for b.Loop() {
		release, err := limiter.Acquire(b.Context(), quota)
		if err != nil {
			b.Fatal(err)
		}
		release(answered)
	}
}
