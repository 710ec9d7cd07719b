package recall_test

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestEachPacks(t *testing.T) {
	b := &batcher{limit: 20}
	var reqs []recall.Request
	for i, req := range requests(2000) {
		req.To, req.Ref = strconv.Itoa(i%10), "ref "+req.MessageID
		reqs = append(reqs, req)
	}
	got := atOnce(t, b, reqs)
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
				<-time.After(10 * time.Millisecond)
				requests <- recall.Request{To: "d"}
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
			require.Len(t, at, 24)
			assert.Equal(t, []time.Duration{want, want, want, 10*time.Millisecond + want}, at[:4])
			assert.Equal(t, time.Hour+10*time.Millisecond, at[4])
			assert.Equal(t, time.Hour+10*time.Millisecond, at[23])
			if linger >= 0 {
				assert.Equal(t, []int{2, 1, 1, 20}, b.sizes)
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
		for i, req := range requests(12_000) {
			req.To = strconv.Itoa(i % 10_000)
			reqs = append(reqs, req)
		}
		start := time.Now()
		checkEach(t, reqs, collect(recall.Each(t.Context(), b, slices.Values(reqs), recall.EachOptions{Linger: time.Hour})))
		assert.Zero(t, time.Since(start))
	})
}

// A look-ahead that was full for a while does not keep a slow source from being
// packed later.
func TestEachPacksAgainAfterTheLookAheadWasFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &batcher{limit: 20}
		source := func(yield func(recall.Request) bool) {
			for n := range 10_000 {
				yield(recall.Request{To: strconv.Itoa(n)})
			}
			<-time.After(time.Hour)
			for range 20 {
				yield(recall.Request{To: "slow"})
				<-time.After(time.Millisecond)
			}
		}
		for range recall.Each(t.Context(), b, source, recall.EachOptions{Linger: time.Minute}) {
			continue
		}
		require.Len(t, b.sizes, 10_001)
		assert.Equal(t, 20, b.sizes[10_000])
	})
}

// No more requests are read ahead than LookAhead, those included whose results
// wait for the loop; what was read goes then without waiting for more.
func TestEachReadsAheadAsFarAsItMay(t *testing.T) {
	for _, ahead := range []int{1, 7, 100} {
		synctest.Test(t, func(t *testing.T) {
			read, seen, most := 0, 0, 0
			source := func(yield func(recall.Request) bool) {
				for _, req := range requests(500) {
					if !yield(req) {
						return
					}
					read++
				}
			}
			b := &batcher{limit: 20}
			start := time.Now()
			for range recall.Each(t.Context(), b, source, recall.EachOptions{LookAhead: ahead, Linger: time.Hour}) {
				synctest.Wait() // a loop that is slow
				most = max(most, read-seen)
				seen++
			}
			assert.Equal(t, 500, seen)
			assert.Equal(t, ahead, most)
			assert.Less(t, time.Since(start), time.Hour)
			assert.LessOrEqual(t, slices.Max(b.sizes), min(ahead, 20))
		})
	}
}

// A loop that is slow does not have to be through with all results that there
// are before more is read.
func TestEachMakesRoomLittleByLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &batcher{limit: 20, many: func(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
			return yesToAll(reqs), pass(ctx, 500*time.Millisecond)
		}}
		start := time.Now()
		for range recall.Each(t.Context(), b, slices.Values(requests(1000)), recall.EachOptions{LookAhead: 100}) {
			<-time.After(5 * time.Millisecond) // to acknowledge it
		}
		assert.Less(t, time.Since(start), 6500*time.Millisecond)
	})
}
