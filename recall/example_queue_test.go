package recall_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
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
// every other message would meet, too, ends it as well. While the vendor is
// down it receives one message a second, to learn when it is back.
func consume(ctx, reading context.Context, p recall.Provider, b broker) error {
	reading, stop := context.WithCancel(reading)
	defer stop()
	var down atomic.Int32 // results in a row that say so
	deliveries := func(yield func(recall.Request) bool) {
		for {
			if down.Load() > 100 {
				select {
				case <-time.After(time.Second):
				case <-reading.Done():
				}
			}
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
		LookAhead: 1000,                                   // 10 s at 100 messages a second: less than the broker waits for Ack
		Late:      func(r recall.Result) { settle(b, r) }, // after it was left: no delivery goes unsettled
	}) {
		settle(b, r)
		if !errors.Is(r.Err, recall.ErrUnavailable) {
			down.Store(0)
		} else {
			down.Add(1)
		}
		if hopeless(r.Err) {
			stop() // the source may be waiting
			return r.Err
		}
	}
	return nil
}

// settle has each delivery acknowledged, given back or buried, once.
func settle(b broker, r recall.Result) {
	var e *recall.Error
	ref := r.Request.Ref
	switch {
	case r.Err == nil: // or record the receipt: Accepted and AlreadyGone are no proof
		b.Ack(ref)
	case errors.Is(r.Err, recall.ErrCanceled): // the next consumer's
		b.GiveBack(ref, 0)
	case !errors.As(r.Err, &e), e.MayHaveApplied, e.Retryable(), hopeless(e):
		b.GiveBack(ref, time.Minute) // not at once: queues count deliveries. To recall twice does no harm
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
