package recall_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/imrecall/imrecall/recall"
)

// A wave from a queue that wants each message acknowledged. Ref carries the
// queue's own tag to the result, and Late settles what the loop did not get.
func ExampleEach_queue() {
	provider := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) {
		switch req.MessageID {
		case "2":
			return recall.Receipt{}, &recall.Error{Kind: recall.ErrUnavailable, MayHaveApplied: true}
		case "3":
			return recall.Receipt{}, &recall.Error{Kind: recall.ErrWindowExpired}
		}
		return recall.Receipt{MessageID: req.MessageID, Outcome: recall.Recalled}, nil
	})
	type delivery struct {
		tag string
		req recall.Request
	}
	deliveries := make(chan delivery, 3) // what the queue's client hands out
	for _, id := range []string{"1", "2", "3"} {
		deliveries <- delivery{tag: "tag " + id, req: recall.Request{MessageID: id, Chat: recall.ChatGroup, To: "group1"}}
	}
	close(deliveries)

	ctx, cancel := context.WithCancel(context.Background()) // canceled by a signal: the program is to stop
	defer cancel()
	source := func(yield func(recall.Request) bool) {
		for {
			select {
			case <-ctx.Done():
				return
			case d, open := <-deliveries:
				if !open {
					return
				}
				d.req.Ref = d.tag
				if !yield(d.req) { // not read, so it has no result
					fmt.Println("hand back", d.tag)
					return
				}
			}
		}
	}
	settle := func(r recall.Result) {
		var e *recall.Error
		switch {
		case r.Err == nil, errors.Is(r.Err, recall.ErrNotFound):
			fmt.Println("acknowledge", r.Request.Ref)
		case errors.As(r.Err, &e) && (e.MayHaveApplied || e.Retryable() || e.Kind == recall.ErrCanceled):
			fmt.Println("hand back", r.Request.Ref)
		default:
			fmt.Println("put aside", r.Request.Ref, r.Err)
		}
	}
	for result := range recall.Each(ctx, provider, source, recall.EachOptions{Late: settle}) {
		settle(result)
	}
	// Unordered output:
	// acknowledge tag 1
	// hand back tag 2
	// put aside tag 3 window_expired
}
