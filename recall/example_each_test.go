package recall_test

import (
	"context"
	"fmt"
	"strconv"

	"github.com/imrecall/imrecall/recall"
)

// A wave of messages, as fast as the vendor allows, with the fate of each.
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

// Few messages at once: their results are in order.
func ExampleBatch() {
	provider := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) {
		if req.MessageID == "2" {
			return recall.Receipt{}, &recall.Error{Kind: recall.ErrNotFound, Vendor: "mock", Op: "recall"}
		}
		return recall.Receipt{MessageID: req.MessageID, Outcome: recall.Recalled}, nil
	})
	requests := []recall.Request{{MessageID: "1"}, {MessageID: "2"}, {MessageID: "3"}}
	for i, result := range recall.Batch(context.Background(), provider, requests) {
		fmt.Println(requests[i].MessageID, result.Receipt.Outcome, result.Err)
	}
	// Output:
	// 1 recalled <nil>
	// 2  mock: recall: not_found
	// 3 recalled <nil>
}
