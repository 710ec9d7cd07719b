package recall_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestEachAfterABreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent sync.Map
		b := &batcher{limit: 3, many: func(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
			for _, req := range reqs {
				sent.Store(req.MessageID, true)
			}
			return yesToAll(reqs), pass(ctx, time.Second)
		}}
		read := 0
		source := func(yield func(recall.Request) bool) {
			for i, req := range requests(30_000) {
				req.To = strconv.Itoa(i / 3)
				if !yield(req) {
					return
				}
				read++
			}
		}
		var got, late []recall.Result
		start := time.Now()
		for r := range recall.Each(t.Context(), b, source, recall.EachOptions{
			Concurrency: 8, Late: func(r recall.Result) { late = append(late, r) },
		}) {
			got = append(got, r)
			if len(got) == 40 {
				break
			}
		}
		assert.Less(t, time.Since(start), 3500*time.Millisecond, "no further calls were begun")
		require.Len(t, got, 40)
		checkEach(t, requests(read), slices.Concat(got, late))
		inFlight := 0
		for _, r := range late {
			if _, was := sent.Load(r.Request.MessageID); was {
				inFlight++
				require.NoError(t, r.Err)
				continue
			}
			e := failure(t, r)
			assert.Equal(t, recall.ErrCanceled, e.Kind)
			assert.False(t, e.MayHaveApplied)
		}
		handed := 0
		sent.Range(func(any, any) bool { handed++; return true })
		assert.Equal(t, handed, len(got)+inFlight, "what was handed over is reported")
		assert.Greater(t, handed, len(got))
	})
}

// Results can be pulled, too, and to stop is to break.
func TestEachPulled(t *testing.T) {
	p := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) { return succeed(req) })
	var got []recall.Result
	next, stop := iter.Pull(recall.Each(t.Context(), p, slices.Values(requests(100)), recall.EachOptions{
		Late: func(r recall.Result) { got = append(got, r) },
	}))
	for range 10 {
		r, ok := next()
		require.True(t, ok)
		got = append(got, r)
	}
	stop()
	assert.GreaterOrEqual(t, len(got), 10)
	seen := map[string]bool{}
	for _, r := range got {
		assert.False(t, seen[r.Request.MessageID])
		seen[r.Request.MessageID] = true
	}
}

// The results do not depend on somebody who takes the late ones.
func TestEachAfterABreakWithoutLate(t *testing.T) {
	p := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) { return succeed(req) })
	for range recall.Each(t.Context(), p, slices.Values(requests(1000)), recall.EachOptions{}) {
		break
	}
}

// A loop whose goroutine exits, as by FailNow, ends as after a break.
func TestEachWhoseLoopExits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := recall.ProviderFunc(func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
			if err := pass(ctx, time.Second); err != nil {
				return recall.Receipt{}, err
			}
			return succeed(req)
		})
		var got []recall.Result
		done := make(chan struct{})
		go func() {
			defer close(done)
			for r := range recall.Each(t.Context(), p, slices.Values(requests(1000)), recall.EachOptions{
				Late: func(r recall.Result) { got = append(got, r) },
			}) {
				got = append(got, r)
				runtime.Goexit()
			}
		}()
		<-done
		checkEach(t, requests(1000), got)
	})
}

// A Late that panics, or whose goroutine exits, leaves no call behind.
func TestEachWhoseLatePanics(t *testing.T) {
	for name, leave := range map[string]func(){"panic": func() { panic(errBoom) }, "exit": runtime.Goexit} {
		synctest.Test(t, func(t *testing.T) {
			var inFlight atomic.Int32
			p := recall.ProviderFunc(func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				inFlight.Add(1)
				defer inFlight.Add(-1)
				if err := pass(ctx, time.Second); err != nil {
					return recall.Receipt{}, err
				}
				return succeed(req)
			})
			late := 0
			var value any
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer func() { value = recover() }()
				for range recall.Each(t.Context(), p, slices.Values(requests(1000)), recall.EachOptions{
					Late: func(recall.Result) {
						late++
						leave()
					},
				}) {
					break
				}
			}()
			<-done
			assert.Equal(t, name == "panic", value == any(errBoom))
			assert.Equal(t, 1, late)
			assert.Zero(t, inFlight.Load(), name)
		})
	}
}

// A loop whose ctx ends still gets a result for all that was read.
func TestEachWhoseCtxEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		read := 0
		source := func(yield func(recall.Request) bool) {
			for _, req := range requests(30_000) {
				if !yield(req) {
					return
				}
				read++
			}
		}
		got := collect(recall.Each(ctx, blocking{}, source, recall.EachOptions{Concurrency: 5}))
		checkEach(t, requests(read), got)
		assert.Less(t, read, 20_000)
		for _, r := range got {
			e := failure(t, r)
			require.Equal(t, recall.ErrCanceled, e.Kind)
			require.ErrorIs(t, e, context.DeadlineExceeded)
		}
		assert.Empty(t, collect(recall.Each(ctx, blocking{}, func(func(recall.Request) bool) {
			t.Error("read after ctx ended")
		}, recall.EachOptions{})))
	})
}

// A source that is stuck does not keep the loop.
func TestEachLeavesASourceThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait := make(chan struct{})
		over := make(chan bool)
		source := func(yield func(recall.Request) bool) {
			yield(recall.Request{MessageID: "1"})
			<-wait
			over <- yield(recall.Request{MessageID: "2"})
		}
		p := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) { return succeed(req) })
		start := time.Now()
		for range recall.Each(t.Context(), p, source, recall.EachOptions{}) {
			break
		}
		assert.Equal(t, time.Second, time.Since(start))
		close(wait)
		assert.False(t, <-over, "it may put the request back")

		wait = make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		assert.Len(t, collect(recall.Each(ctx, p, source, recall.EachOptions{})), 1)
		assert.Equal(t, time.Second+time.Minute+time.Second, time.Since(start))
		close(wait)
		assert.False(t, <-over)
	})
}

var errBoom = errors.New("boom")

// panicOf returns what f panics with.
func panicOf(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

func TestEachRaisesPanicsInTheLoop(t *testing.T) {
	reqs := requests(100)
	fine := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) { return succeed(req) })
	for name, f := range map[string]func(late func(recall.Result)){
		"provider": func(late func(recall.Result)) {
			p := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) {
				if req.MessageID == "50" {
					panic(errBoom)
				}
				return succeed(req)
			})
			for r := range recall.Each(t.Context(), p, slices.Values(reqs), recall.EachOptions{Late: late}) {
				late(r)
			}
		},
		"batcher": func(late func(recall.Result)) {
			b := &batcher{limit: 20, many: func(context.Context, []recall.Request) ([]recall.Result, error) { panic(errBoom) }}
			for r := range recall.Each(t.Context(), b, slices.Values(reqs), recall.EachOptions{Late: late}) {
				late(r)
			}
		},
		"source": func(late func(recall.Result)) {
			source := func(yield func(recall.Request) bool) {
				for _, req := range reqs {
					yield(req)
				}
				panic(errBoom)
			}
			for r := range recall.Each(t.Context(), fine, source, recall.EachOptions{Late: late}) {
				late(r)
			}
		},
		"loop": func(late func(recall.Result)) {
			for r := range recall.Each(t.Context(), fine, slices.Values(reqs), recall.EachOptions{Late: late}) {
				late(r)
				panic(errBoom)
			}
		},
	} {
		var got []recall.Result
		value := panicOf(func() { f(func(r recall.Result) { got = append(got, r) }) })
		err, ok := value.(error)
		require.True(t, ok, name)
		require.ErrorIs(t, err, errBoom, name)
		if name != "loop" {
			require.ErrorContains(t, err, "_test.go", name)
		}
		if name == "source" { // which had been read whole
			checkEach(t, reqs, got)
		}
		for _, r := range got {
			if r.Err != nil {
				e := failure(t, r)
				assert.Equal(t, e.Kind == recall.ErrUnavailable, e.MayHaveApplied, "what panicked may have been sent")
				assert.Less(t, len(e.Error()), 200, "no stack")
			}
		}
	}
	err := panicOf(func() {
		for range recall.Each(t.Context(), fine, func(func(recall.Request) bool) { panic("no error") }, recall.EachOptions{}) {
			continue
		}
	}).(error)
	require.ErrorContains(t, err, "no error")
	assert.NoError(t, errors.Unwrap(err))
}

// A goroutine that a test's helper ends, as FailNow does, ends the loop's.
func TestEachEndsWithAGoroutineThatExits(t *testing.T) {
	done := make(chan bool)
	go func() {
		ended := true
		defer func() { done <- ended }()
		p := recall.ProviderFunc(func(context.Context, recall.Request) (recall.Receipt, error) {
			new(testing.T).SkipNow() // ends the goroutine
			return recall.Receipt{}, nil
		})
		recall.Batch(t.Context(), p, requests(10))
		ended = false
	}()
	assert.True(t, <-done)
}
