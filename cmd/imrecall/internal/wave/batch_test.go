package wave

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/records"
)

// batcher is a fake whose messages to one user share a call of two.
type batcher struct {
	*fake
	calls int
}

func (b *batcher) BatchKey(req recall.Request) (string, int) { return req.To, 2 }

func (b *batcher) RecallMessages(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
	b.calls++
	results := make([]recall.Result, len(reqs))
	for i, req := range reqs {
		receipt, err := b.RecallMessage(ctx, req)
		results[i] = recall.Result{Request: req, Receipt: receipt, Err: err}
	}
	return results, nil
}

func TestBatches(t *testing.T) {
	b, l := &batcher{fake: newFake()}, newListener()
	j := openJournal(t, filepath.Join(t.TempDir(), "j"))
	text := header + "a,bob,1\nb,bob,2\nc,bob,3\nd,eve,4\n"
	w := Wave{Provider: b, Reporter: l, Journal: j, Input: input(t, text), Concurrency: 1}
	summary := w.Run(t.Context())
	require.NoError(t, j.Close())
	assert.Equal(t, Counts{Recalled: 4}, summary.Counts)
	assert.Positive(t, b.calls)
	assert.Equal(t, "2", l.results[3].Request.Ref)

	plan, err := Planner{Provider: b, Input: input(t, text+"bad,,\n"), Rate: 2, Bad: func(rec records.Record) { assert.Equal(t, 6, rec.Line) }}.Plan()
	require.NoError(t, err)
	assert.Equal(t, Plan{Messages: 4, Invalid: 1, Calls: 3, Takes: 2 * time.Second}, plan)
}

func TestPlanKeepsABoundedNumberOfConversationsInMind(t *testing.T) {
	p := packer{batcher: &batcher{}, filled: map[string]int{}}
	for i := range 3 * mostOpen {
		p.add(recall.Request{To: strconv.Itoa(i)})
		require.LessOrEqual(t, len(p.filled), mostOpen)
	}
	assert.Equal(t, 3*mostOpen, p.calls)
}
