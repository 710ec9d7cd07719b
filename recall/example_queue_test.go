package recall_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// broker is what queues have in common. What is neither acknowledged nor given
// back is delivered again after a while.
type broker interface {
	Receive(ctx context.Context) (recall.Request, error) // Ref names the delivery
	Ack(ref string)
	GiveBack(ref string, after time.Duration)
	Bury(ref string, why error) // where people look at it
	Redelivered(ref string) bool
}

// consume recalls what the broker delivers until reading ends: then it receives
// no more, and settles what it has. The end of ctx cuts that short. An error that
// every other message would meet, too, ends it as well.
func consume(ctx, reading context.Context, p recall.Provider, b broker) (err error) {
	reading, stop := context.WithCancel(reading)
	defer stop()
	deliveries := func(yield func(recall.Request) bool) {
		for {
			req, err := b.Receive(reading)
			if err != nil {
				return
			}
			if !yield(req) {
				b.GiveBack(req.Ref, 0) // not read: it has no result
				return
			}
		}
	}
	for r := range recall.Each(ctx, p, deliveries, recall.EachOptions{
		LookAhead: 1000,                                      // 10 s at 100 messages a second: less than the broker waits for Ack
		Late:      func(r recall.Result) { settle(b, r, 0) }, // after the break: no delivery goes unsettled
	}) {
		if hopeless(r.Err) {
			err = r.Err
			settle(b, r, time.Minute)
			stop() // the source may be waiting
			break
		}
		settle(b, r, 0)
	}
	return err
}

// settle has each delivery acknowledged, given back or buried, once.
func settle(b broker, r recall.Result, after time.Duration) {
	var e *recall.Error
	ref := r.Request.Ref
	switch {
	case r.Err == nil: // or record the receipt: Accepted and AlreadyGone are no proof
		b.Ack(ref)
	case !errors.As(r.Err, &e), e.MayHaveApplied, e.Retryable(), e.Kind == recall.ErrCanceled, hopeless(e):
		var wait time.Duration
		if e != nil {
			wait = e.RetryAfter
		}
		b.GiveBack(ref, max(wait, after)) // to recall twice does no harm
	case e.Kind == recall.ErrNotFound && b.Redelivered(ref):
		b.Ack(ref) // recalled before the crash
	default:
		b.Bury(ref, e)
	}
}

// hopeless tells whether an error is about the application, not the message.
func hopeless(err error) bool {
	for _, kind := range []recall.Kind{
		recall.ErrUnauthorized, recall.ErrMisconfigured, recall.ErrNotEnabled, recall.ErrPlanExhausted,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// A consumer of a queue, which settles each delivery once.
func ExampleEach_queue() {
	provider := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) {
		switch req.MessageID {
		case "old":
			return recall.Receipt{}, &recall.Error{Kind: recall.ErrWindowExpired}
		case "unlucky":
			return recall.Receipt{}, &recall.Error{Kind: recall.ErrUnavailable, MayHaveApplied: true}
		}
		return recall.Receipt{MessageID: req.MessageID, Outcome: recall.Recalled}, nil
	})
	b := newMemoryBroker("fresh", "old", "unlucky")
	reading, shutdown := context.WithCancel(context.Background()) // signal.NotifyContext in a service
	b.whenEmpty = shutdown
	err := consume(context.Background(), reading, provider, b)
	fmt.Println("acknowledged:", b.acked)
	fmt.Println("given back:", b.back)
	fmt.Println("buried:", b.buried)
	fmt.Println("error:", err)
	// Output:
	// acknowledged: [fresh]
	// given back: [unlucky]
	// buried: [old]
	// error: <nil>
}
