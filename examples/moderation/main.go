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
	"slices"
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
		s := b.takeBack(recall.WithBulk(ctx)) // others' single recalls overtake all of this
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

// takeBack recalls in the vendor's batch calls, where there are any, and as fast
// as its quota allows.
func (b backend) takeBack(ctx context.Context) summary {
	var s summary
	for result := range recall.Each(ctx, b.provider, slices.Values(b.messages), recall.EachOptions{}) {
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
