package recall_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// requests returns n requests, whose ids count from 0.
func requests(n int) []recall.Request {
	reqs := make([]recall.Request, n)
	for i := range reqs {
		reqs[i] = recall.Request{MessageID: strconv.Itoa(i), To: "a"}
	}
	return reqs
}

// succeed is a provider's yes.
func succeed(req recall.Request) (recall.Receipt, error) {
	return recall.Receipt{MessageID: req.MessageID, Outcome: recall.Recalled}, nil
}

// pass lets time go by, or ctx end.
func pass(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return &recall.Error{Kind: recall.ErrCanceled, Err: ctx.Err()}
	}
}

// batcher is a Batcher of functions. The requests to one recipient share a call.
type batcher struct {
	limit int
	one   func(ctx context.Context, req recall.Request) (recall.Receipt, error)
	many  func(ctx context.Context, reqs []recall.Request) ([]recall.Result, error)

	mu    sync.Mutex
	sizes []int              // of the calls
	calls [][]recall.Request // with their messages
}

func (b *batcher) note(reqs ...recall.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sizes = append(b.sizes, len(reqs))
	b.calls = append(b.calls, slices.Clone(reqs))
}

func (b *batcher) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	b.note(req)
	if b.one == nil {
		return succeed(req)
	}
	return b.one(ctx, req)
}

func (b *batcher) BatchKey(req recall.Request) (string, int) { return req.To, b.limit }

func (b *batcher) RecallMessages(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
	b.note(reqs...)
	if b.many == nil {
		return yesToAll(reqs), nil
	}
	return b.many(ctx, reqs)
}

// yesToAll is a success of each.
func yesToAll(reqs []recall.Request) []recall.Result {
	results := make([]recall.Result, len(reqs))
	for i, req := range reqs {
		results[i].Receipt, _ = succeed(req)
	}
	return results
}

// failure returns the *Error that a result has to have.
func failure(t *testing.T, r recall.Result) *recall.Error {
	t.Helper()
	var e *recall.Error
	require.ErrorAs(t, r.Err, &e, r.Request.MessageID)
	assert.Zero(t, r.Receipt)
	return e
}

// collect ranges over the whole of Each.
func collect(results iter.Seq[recall.Result]) []recall.Result { return slices.Collect(results) }

// checkEach asserts that there is one result for each of the requests.
func checkEach(t *testing.T, want []recall.Request, got []recall.Result) {
	t.Helper()
	ids := func(n int, id func(int) string) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = id(i)
		}
		slices.Sort(out)
		return out
	}
	assert.Equal(t,
		ids(len(want), func(i int) string { return want[i].MessageID }),
		ids(len(got), func(i int) string { return got[i].Request.MessageID }))
}

func TestEachYieldsOneResultForEach(t *testing.T) {
	unknown := &recall.Error{Kind: recall.ErrNotFound}
	p := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) {
		if req.MessageID == "7" {
			return recall.Receipt{Vendor: "not zero"}, unknown
		}
		return succeed(req)
	})
	reqs := requests(1000)
	results := recall.Each(t.Context(), p, slices.Values(reqs), recall.EachOptions{})
	for range 2 { // a Seq may be ranged over again
		got := collect(results)
		checkEach(t, reqs, got)
		for _, r := range got {
			if r.Request.MessageID == "7" {
				assert.Same(t, unknown, failure(t, r))
				continue
			}
			require.NoError(t, r.Err)
			assert.Equal(t, r.Request.MessageID, r.Receipt.MessageID)
		}
	}
}

func TestEachArguments(t *testing.T) {
	p := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) { return succeed(req) })
	reqs := requests(3)
	for field, results := range map[string][]recall.Result{
		"p":   recall.Batch(t.Context(), nil, reqs),
		"ctx": recall.Batch(nil, p, reqs), //nolint:staticcheck // what is tested
	} {
		require.Len(t, results, 3)
		for i, r := range results {
			assert.Equal(t, reqs[i], r.Request)
			e := failure(t, r)
			assert.Equal(t, recall.ErrInvalidRequest, e.Kind)
			assert.Equal(t, field, e.Field)
		}
	}
	for range recall.Each(t.Context(), nil, slices.Values(reqs), recall.EachOptions{}) {
		break
	}
	assert.Empty(t, collect(recall.Each(t.Context(), p, nil, recall.EachOptions{})))
	assert.Empty(t, recall.Batch(t.Context(), p, nil))
	for _, opts := range []recall.EachOptions{
		{Concurrency: -1, Linger: -1, Rate: -1}, {Concurrency: 1 << 62}, {Rate: 1e300}, {Linger: 1 << 62},
	} {
		checkEach(t, reqs, collect(recall.Each(t.Context(), p, slices.Values(reqs), opts)))
	}
}

func TestBatchIsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := recall.ProviderFunc(func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
			n, _ := strconv.Atoi(req.MessageID)
			if err := pass(ctx, time.Duration(1+n*7919%97)*time.Millisecond); err != nil {
				return recall.Receipt{}, err
			}
			return succeed(req)
		})
		reqs := requests(500)
		for i, r := range recall.Batch(t.Context(), p, reqs) {
			require.NoError(t, r.Err)
			require.Equal(t, reqs[i], r.Request)
			require.Equal(t, reqs[i].MessageID, r.Receipt.MessageID)
		}
	})
}

func TestBatchWhoseCtxEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		calls := 0
		p := recall.ProviderFunc(func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
			calls++
			if req.MessageID == "0" {
				return succeed(req)
			}
			return recall.Receipt{}, pass(ctx, time.Hour)
		})
		reqs := requests(50_000) // more than the look-ahead
		results := recall.Batch(ctx, recall.ProviderFunc(func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
			return p(ctx, req)
		}), reqs[:1])
		require.NoError(t, results[0].Err)
		results = recall.Batch(ctx, blocking{}, reqs)
		for i, r := range results {
			require.Equal(t, reqs[i], r.Request)
			e := failure(t, r)
			require.Equal(t, recall.ErrCanceled, e.Kind)
			require.ErrorIs(t, e, context.DeadlineExceeded)
			require.False(t, e.MayHaveApplied)
		}
		assert.Len(t, results, len(reqs))
		for _, r := range recall.Batch(ctx, blocking{}, reqs[:3]) { // over before the call
			require.ErrorIs(t, r.Err, recall.ErrCanceled)
			require.ErrorIs(t, r.Err, context.DeadlineExceeded)
		}
	})
}

// blocking is a provider that never answers.
type blocking struct{}

func (blocking) RecallMessage(ctx context.Context, _ recall.Request) (recall.Receipt, error) {
	<-ctx.Done()
	return recall.Receipt{}, &recall.Error{Kind: recall.ErrCanceled, Err: ctx.Err()}
}

func TestEachPacks(t *testing.T) {
	b := &batcher{limit: 20}
	var reqs []recall.Request
	for i, req := range requests(2000) {
		req.To, req.Ref = strconv.Itoa(i%10), "ref "+req.MessageID
		reqs = append(reqs, req)
	}
	got := collect(recall.Each(t.Context(), b, slices.Values(reqs), recall.EachOptions{}))
	checkEach(t, reqs, got)
	for _, r := range got {
		require.NoError(t, r.Err)
		assert.Equal(t, r.Request.MessageID, r.Receipt.MessageID)
		assert.Equal(t, "ref "+r.Request.MessageID, r.Request.Ref)
	}
	assert.Len(t, b.sizes, 100, "all are full")
	for _, call := range b.calls {
		for _, req := range call {
			assert.Equal(t, call[0].To, req.To)
		}
	}
}

// oddBatcher has keys and limits that change.
type oddBatcher struct{ batcher }

func (b *oddBatcher) BatchKey(req recall.Request) (string, int) {
	n, _ := strconv.Atoi(req.MessageID)
	return []string{"", "a", "a", "b"}[n%4], []int{20, 1, 3, -5, 7, 0, 2}[n%7]
}

func TestEachWithKeysAndLimitsThatChange(t *testing.T) {
	b := &oddBatcher{}
	reqs := requests(5000)
	checkEach(t, reqs, collect(recall.Each(t.Context(), b, slices.Values(reqs), recall.EachOptions{})))
	for _, call := range b.calls {
		for _, req := range call {
			key, limit := b.BatchKey(req)
			if len(call) > 1 {
				assert.NotEmpty(t, key)
				assert.LessOrEqual(t, len(call), limit)
			}
		}
	}
}

// feed is a source that is given requests while it runs.
func feed(ctx context.Context, requests <-chan recall.Request) iter.Seq[recall.Request] {
	return func(yield func(recall.Request) bool) {
		for {
			select {
			case req, ok := <-requests:
				if !ok || !yield(req) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// A slow source does not hold back what is already read for longer than
// Linger.
func TestEachLingers(t *testing.T) {
	for linger, want := range map[time.Duration]time.Duration{
		0: recall.DefaultLinger, 300 * time.Millisecond: 300 * time.Millisecond, -1: 0,
	} {
		synctest.Test(t, func(t *testing.T) {
			requests, start := make(chan recall.Request), time.Now()
			go func() {
				defer close(requests)
				for _, to := range []string{"a", "a", "b"} {
					requests <- recall.Request{To: to}
				}
				<-time.After(time.Hour)
				for range 20 { // one that is full does not wait
					requests <- recall.Request{To: "c"}
				}
				<-time.After(time.Hour)
			}()
			var at []time.Duration
			b := &batcher{limit: 20}
			for range recall.Each(t.Context(), b, feed(t.Context(), requests), recall.EachOptions{Linger: linger}) {
				at = append(at, time.Since(start))
			}
			require.Len(t, at, 23)
			assert.Equal(t, []time.Duration{want, want, want}, at[:3])
			assert.Equal(t, time.Hour, at[3])
			assert.Equal(t, time.Hour, at[22])
			if linger >= 0 {
				assert.Equal(t, []int{2, 1, 20}, b.sizes)
			}
		})
	}
}

// A conversation with few messages is not starved by those with many.
func TestEachIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b := &batcher{limit: 20, many: func(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
			return yesToAll(reqs), pass(ctx, 100*time.Millisecond)
		}}
		source := func(yield func(recall.Request) bool) {
			for n := 0; ; n++ {
				to := strconv.Itoa(n % 3)
				if n%1000 == 1 {
					to = "rare"
				}
				if !yield(recall.Request{To: to}) {
					return
				}
			}
		}
		start, rare := time.Now(), 0
		for r := range recall.Each(ctx, b, source, recall.EachOptions{Concurrency: 4}) {
			if r.Request.To == "rare" {
				rare++
			}
			if time.Since(start) > 60*time.Second {
				break
			}
		}
		assert.InDelta(t, 4*20*10*60/1000, rare, 25, "as often as it was read")
	})
}

// Requests of very many conversations do not wait for each other for ever.
func TestEachWithMoreKeysThanLookAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &batcher{limit: 20}
		var reqs []recall.Request
		for i, req := range requests(60_000) {
			req.To = strconv.Itoa(i % 25_000)
			reqs = append(reqs, req)
		}
		start := time.Now()
		checkEach(t, reqs, collect(recall.Each(t.Context(), b, slices.Values(reqs), recall.EachOptions{Linger: time.Hour})))
		assert.Zero(t, time.Since(start))
	})
}

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
			for i, req := range requests(100_000) {
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
		assert.Equal(t, 3*time.Second, time.Since(start), "calls in flight have ended")
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
		assert.Equal(t, 3*8*3-40, inFlight)
	})
}

// The results do not depend on somebody who takes the late ones.
func TestEachAfterABreakWithoutLate(t *testing.T) {
	p := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) { return succeed(req) })
	for range recall.Each(t.Context(), p, slices.Values(requests(1000)), recall.EachOptions{}) {
		break
	}
}

// A loop whose ctx ends still gets a result for all that was read.
func TestEachWhoseCtxEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		read := 0
		source := func(yield func(recall.Request) bool) {
			for _, req := range requests(100_000) {
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
			require.ErrorContains(t, err, "each_test.go", name)
		}
		if name == "source" || name == "batcher" {
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

func ExampleEach() {
	provider := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) {
		return recall.Receipt{MessageID: req.MessageID, Outcome: recall.Recalled}, nil
	})
	wave := func(yield func(recall.Request) bool) { // from a file, a query, a queue
		for n := range 1000 {
			if !yield(recall.Request{MessageID: strconv.Itoa(n), Chat: recall.ChatGroup, To: "group1"}) {
				return
			}
		}
	}
	gone := 0
	for result := range recall.Each(context.Background(), provider, wave, recall.EachOptions{}) {
		if result.Err == nil && result.Receipt.Outcome.Proven() {
			gone++
		}
	}
	fmt.Println(gone)
	// Output: 1000
}
