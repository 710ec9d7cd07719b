package recall_test

import (
	"fmt"
	"iter"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/recall"
)

// unique yields n requests of as many messages, which are made as they are
// read, in conversations of their own where alone is set.
func unique(n int, alone bool) iter.Seq[recall.Request] {
	return func(yield func(recall.Request) bool) {
		for i := range n {
			to := "group" + strconv.Itoa(i/20)
			if alone {
				to = "group" + strconv.Itoa(i)
			}
			if !yield(recall.Request{
				MessageID: fmt.Sprintf("%019d", i), Chat: recall.ChatGroup, From: "user" + strconv.Itoa(i%1000), To: to,
				Ref: "spam.csv line " + strconv.Itoa(i),
			}) {
				return
			}
		}
	}
}

// A wave takes no more memory the longer it is.
func TestEachInBoundedMemory(t *testing.T) {
	for name, run := range map[string]iter.Seq[recall.Result]{
		"one by one":    recall.Each(t.Context(), yes{}, unique(waveLength, false), recall.EachOptions{}),
		"in batches":    recall.Each(t.Context(), yesInBatches{}, unique(waveLength, false), recall.EachOptions{}),
		"as many chats": recall.Each(t.Context(), yesInBatches{}, unique(waveLength, true), recall.EachOptions{}),
	} {
		runtime.GC()
		var peak, got uint64
		for r := range run {
			got++
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			if got%10_000 == 0 {
				var stats runtime.MemStats
				runtime.ReadMemStats(&stats)
				peak = max(peak, stats.HeapAlloc+stats.StackInuse)
			}
		}
		assert.EqualValues(t, waveLength, got)
		t.Logf("%s: %d messages with %.1f MiB", name, got, float64(peak)/(1<<20))
		assert.Less(t, peak, uint64(64<<20))
	}
}

// The engine costs less than three allocations a message.
func TestEachAllocates(t *testing.T) {
	const messages = waveLength / 50
	for name, p := range map[string]recall.Provider{"one by one": yes{}, "in batches": yesInBatches{}} {
		allocations := testing.AllocsPerRun(3, func() {
			for range recall.Each(t.Context(), p, repeated(messages), recall.EachOptions{}) {
				continue
			}
		}) / messages
		t.Logf("%s: %.2f allocations a message", name, allocations)
		assert.Less(t, allocations, 1.0)
	}
}
