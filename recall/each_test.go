package recall_test

import (
	"context"
	"errors"
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

// atOnce is recall.Batch in a bubble, where no time passes: on a busy machine calls would go before they are full.
func atOnce(t *testing.T, p recall.Provider, reqs []recall.Request) (results []recall.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { results = recall.Batch(t.Context(), p, reqs) })
	return results
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
	p := recall.ProviderFunc(func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
		assert.True(t, recall.IsBulk(ctx), "others overtake")
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
		{Concurrency: -1, Linger: -1, Rate: -1, LookAhead: -1},
		{Concurrency: 1 << 62},
		{Rate: 1e300},
		{Linger: 1 << 62},
		{LookAhead: 1 << 62},
		{LookAhead: 1},
		{LookAhead: 2, Concurrency: 1},
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
		reqs := requests(20_000) // more than the look-ahead
		results := recall.Batch(ctx, blocking{}, reqs)
		require.Len(t, results, len(reqs))
		for i, r := range results {
			var e *recall.Error
			if r.Request != reqs[i] || !errors.As(r.Err, &e) || e.Kind != recall.ErrCanceled || e.MayHaveApplied ||
				!errors.Is(e, context.DeadlineExceeded) {
				t.Fatalf("request %d: %+v", i, r)
			}
		}
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
