package recall_test

import (
	"context"
	"errors"
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

// memoryBroker is a broker whose deliveries are named like their messages.
type memoryBroker struct {
	whenEmpty func()

	mu                  sync.Mutex
	waiting             []string
	received            int
	acked, back, buried []string
}

func newMemoryBroker(ids ...string) *memoryBroker { return &memoryBroker{waiting: ids} }

func (b *memoryBroker) Receive(ctx context.Context) (recall.Request, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil {
		return recall.Request{}, ctx.Err()
	}
	if len(b.waiting) == 0 {
		b.mu.Unlock()
		if b.whenEmpty != nil {
			b.whenEmpty()
		}
		<-ctx.Done()
		b.mu.Lock()
		return recall.Request{}, ctx.Err()
	}
	id := b.waiting[0]
	b.waiting = b.waiting[1:]
	b.received++
	return recall.Request{MessageID: id, To: "a", Ref: id}, nil
}

func (b *memoryBroker) note(to *[]string, ref string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*to = append(*to, ref)
}

func (b *memoryBroker) Ack(ref string)                       { b.note(&b.acked, ref) }
func (b *memoryBroker) GiveBack(ref string, _ time.Duration) { b.note(&b.back, ref) }
func (b *memoryBroker) Bury(ref string, _ error)             { b.note(&b.buried, ref) }
func (b *memoryBroker) Redelivered(string) bool              { return false }

// The consumer of the example settles each delivery once, however it ends.
func TestEachBehindAQueue(t *testing.T) {
	for name, end := range map[string]time.Duration{"told to stop": time.Second, "told to hurry": 2 * time.Second, "hopeless": 0} {
		synctest.Test(t, func(t *testing.T) {
			var calls atomic.Int32
			b := &batcher{limit: 20, many: func(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
				if end == 0 && calls.Add(1) > 50 {
					return nil, &recall.Error{Kind: recall.ErrUnauthorized}
				}
				return yesToAll(reqs), pass(ctx, 50*time.Millisecond)
			}}
			ids := make([]string, 1_000_000)
			for i := range ids {
				ids[i] = strconv.Itoa(i)
			}
			q := newMemoryBroker(ids...)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			reading := ctx
			switch name {
			case "told to stop":
				var stop context.CancelFunc
				reading, stop = context.WithTimeout(ctx, end)
				defer stop()
			case "told to hurry":
				time.AfterFunc(end, cancel)
			}
			start := time.Now()
			err := consume(ctx, reading, b, q)
			assert.Equal(t, end == 0, errors.Is(err, recall.ErrUnauthorized), name)
			assert.LessOrEqual(t, time.Since(start), end+time.Second, name)
			settled := slices.Concat(q.acked, q.back)
			assert.Empty(t, q.buried)
			assert.NotEmpty(t, q.acked)
			slices.Sort(settled)
			require.Len(t, slices.Compact(settled), q.received, name)
			require.Len(t, settled, q.received, "each once: %s", name)
		})
	}
}

// While the vendor is down the consumer does not make failures of the whole
// queue, and goes on as soon as it is back.
func TestEachBehindAQueueThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		const outage = 10 * time.Minute
		p := knownVendor{&vendor{latency: time.Millisecond}}
		failing := recall.ProviderFunc(func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
			receipt, err := p.RecallMessage(ctx, req)
			if now := time.Since(start); now > time.Second && now < outage {
				return recall.Receipt{}, &recall.Error{Kind: recall.ErrUnavailable}
			}
			return receipt, err
		})
		ids := make([]string, 100_000)
		for i := range ids {
			ids[i] = strconv.Itoa(i)
		}
		q := newMemoryBroker(ids...)
		reading, stop := context.WithTimeout(t.Context(), outage+10*time.Second)
		defer stop()
		require.NoError(t, consume(t.Context(), reading, oddVendor{failing, 100}, q))
		assert.Less(t, len(q.back), 2000, "what was read ahead, and one a second")
		assert.Greater(t, len(q.acked), 900, "of the last ten seconds")
		assert.Len(t, slices.Concat(q.acked, q.back), q.received)
	})
}
