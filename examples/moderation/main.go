// Moderation takes back what a banned user has sent: each message is recalled
// for everyone where the vendor's window allows it, and taken from its
// recipient alone where it does not. It needs no account: the vendors are
// emulators on this machine.
//
//	go run ./examples/moderation
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"text/tabwriter"
	"time"

	"github.com/imrecall/imrecall/recall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "moderation:", err)
		os.Exit(1)
	}
}

// backend is an application at a vendor, as this program sees it.
type backend struct {
	vendor   string
	provider recall.Provider
	messages []recall.Request // what the banned user has sent, from the application's own records

	// deleteOneWay takes a message from its recipient alone. Nil where the
	// vendor has no window that could make it necessary.
	deleteOneWay func(context.Context, recall.Request) error
}

// run recalls and writes a line for each vendor to w.
func run(ctx context.Context, w io.Writer) error {
	backends, stop, err := emulated()
	if err != nil {
		return err
	}
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()

	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VENDOR\tMESSAGES\tRECALLED\tACCEPTED\tONE-WAY\tFAILED")
	for _, b := range backends {
		s := b.takeBack(recall.WithBulk(ctx)) // others' single recalls overtake this
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\n", b.vendor, len(b.messages), s.recalled, s.accepted, s.oneWay, s.failed)
	}
	return table.Flush()
}

// summary counts what became of the messages.
type summary struct {
	recalled int // for everyone, proven by the vendor's answer
	accepted int // for everyone, as far as the vendor's answer tells
	oneWay   int // taken from the recipient alone
	failed   int
}

func (b backend) takeBack(ctx context.Context) summary {
	var s summary
	for _, result := range b.recallAll(ctx) {
		switch {
		case result.Err == nil && result.Receipt.Outcome.Proven():
			s.recalled++
		case result.Err == nil:
			s.accepted++
		case errors.Is(result.Err, recall.ErrWindowExpired) && b.deleteOneWay != nil:
			if err := b.deleteOneWay(ctx, result.Request); err != nil {
				s.failed++
				continue
			}
			s.oneWay++
		default:
			s.failed++
		}
	}
	return s
}

// recallAll recalls several messages by one call where the vendor can.
func (b backend) recallAll(ctx context.Context) []recall.Result {
	batcher, ok := b.provider.(recall.Batcher)
	if !ok {
		return b.recallEach(ctx, b.messages)
	}
	var results []recall.Result
	for _, batch := range batches(batcher, b.messages) {
		together, err := batcher.RecallMessages(ctx, batch)
		if err != nil {
			together = b.recallAfter(ctx, batch, err)
		}
		results = append(results, together...)
	}
	return results
}

// recallAfter recalls the messages of a batch that failed one by one, so that
// one does not stand for all. Where the batch may have recalled them, those
// that the vendor does not know any more count as done.
func (b backend) recallAfter(ctx context.Context, batch []recall.Request, failure error) []recall.Result {
	results := b.recallEach(ctx, batch)
	var e *recall.Error
	if !errors.As(failure, &e) || !e.MayHaveApplied {
		return results
	}
	for i, result := range results {
		if errors.Is(result.Err, recall.ErrNotFound) {
			results[i].Receipt, results[i].Err = recall.Receipt{Outcome: recall.AlreadyGone}, nil
		}
	}
	return results
}

func (b backend) recallEach(ctx context.Context, messages []recall.Request) []recall.Result {
	var results []recall.Result
	for _, message := range messages {
		receipt, err := b.provider.RecallMessage(ctx, message)
		results = append(results, recall.Result{Request: message, Receipt: receipt, Err: err})
	}
	return results
}

// batches puts together what may share a call.
func batches(batcher recall.Batcher, messages []recall.Request) [][]recall.Request {
	var all [][]recall.Request
	open := map[string]int{} // the batch of a key that has room
	for _, message := range messages {
		key, limit := batcher.BatchKey(message)
		at, found := open[key]
		if key == "" || !found || len(all[at]) >= limit {
			all = append(all, nil)
			at = len(all) - 1
			open[key] = at
		}
		all[at] = append(all[at], message)
	}
	return all
}
