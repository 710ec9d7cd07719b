// Webhook stores what vendors tell by callback (see store.go), recalls messages
// from what is stored alone, and takes the callback of a recall for the proof.
// It needs no account: it starts an emulator of each vendor on this machine,
// which sends each callback twice, and of two events the later one first.
//
//	go run ./examples/webhook
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
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
		fmt.Fprintln(os.Stderr, "webhook:", err)
		os.Exit(1)
	}
}

// deadline is how long a recall may take, with all its repetitions.
const deadline = 3 * time.Second

// vendor is an application at a vendor.
type vendor struct {
	name           string
	provider       recall.Provider
	callbacks      recall.EventParser
	tellsOfRecalls bool // false: GoEasy, which is not documented to
}

// newHandler receives each vendor's callbacks at a URL of its own. Handle does
// no more than to store: a vendor that waits for long sends the callback again,
// and soon gives up.
func newHandler(vendors []vendor, s *store, onError func(*http.Request, error)) http.Handler {
	mux := http.NewServeMux()
	for _, v := range vendors {
		mux.Handle("POST /callbacks/"+v.name, &recall.EventHandler{
			Parser: v.callbacks, Handle: s.handle, OnError: onError,
		})
	}
	return mux
}

// run recalls what a spammer has sent, and writes what came of it to w.
func run(ctx context.Context, w io.Writer) error {
	s := newStore()
	world, err := startEmulators(func(vendors []vendor) http.Handler {
		return newHandler(vendors, s, func(r *http.Request, err error) {
			fmt.Fprintln(os.Stderr, "callback refused:", r.URL.Path, err) // an alarm, in a service
		})
	})
	if err != nil {
		return err
	}
	defer world.stop()
	world.sendMessages()
	if err := world.callbacksArrive(ctx); err != nil {
		return err
	}

	before := map[key]string{}
	for _, v := range world.vendors {
		for k := range s.sentBy("spammer", v.name) {
			before[k] = recallStored(ctx, v.provider, s, k) + "\t" + s.state(k)
		}
	}
	if err := world.callbacksArrive(ctx); err != nil { // a service gives them some minutes
		return err
	}

	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VENDOR\tMESSAGE\tANSWER\tTHEN\tAFTER THE CALLBACKS")
	for _, v := range world.vendors {
		for k := range s.sentBy("spammer", v.name) {
			after := s.state(k)
			if after == pending && !v.tellsOfRecalls {
				after += ": this vendor is not documented to tell of recalls"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", k.vendor, k.id, before[k], after)
		}
	}
	events, repeated := s.counts()
	fmt.Fprintf(table, "\n%d events, %d more that came again\n", events, repeated)
	return table.Flush()
}

// recallStored recalls a message by nothing but what is stored of it.
func recallStored(ctx context.Context, provider recall.Provider, s *store, k key) string {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	receipt, err := provider.RecallMessage(ctx, s.request(k))
	if err != nil {
		return err.Error() // what else it can mean: docs/outcomes.md
	}
	s.accepted(k, receipt)
	return string(receipt.Outcome)
}
