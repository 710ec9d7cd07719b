// Quickstart recalls messages through Easemob, NetEase and GoEasy by the same
// code. It needs no account: it starts an emulator of each vendor on this
// machine and shows what each answers to the same six cases.
//
//	go run ./examples/quickstart
//
// With the variables listed in the README it recalls one real message through
// a real vendor instead.
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
	if err := run(ctx, os.Stdout, os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run writes the table of results to w.
func run(ctx context.Context, w io.Writer, getenv func(string) string) error {
	trials, err := realTrials(getenv)
	if err != nil {
		return err
	}
	emulated := len(trials) == 0
	if emulated {
		var stop func()
		if trials, stop, err = emulatedTrials(); err != nil {
			return err
		}
		defer stop()
	}

	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VENDOR\tCASE\tRESULT\tCODE\tTEXT")
	failed := 0
	for _, t := range trials {
		result := recallOne(ctx, t.provider, t.request)
		if result.failed {
			failed++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", t.vendor, t.name, result.outcome, result.code, result.text)
	}
	if err := table.Flush(); err != nil || emulated || failed == 0 {
		return err // the emulators' failures are part of the show
	}
	return fmt.Errorf("%d of %d messages not recalled", failed, len(trials))
}

// trial is one line of the table.
type trial struct {
	vendor, name string
	provider     recall.Provider
	request      recall.Request
}

type result struct {
	outcome, code, text string
	failed              bool
}

// recallOne is all that an application needs: it knows recall.Provider, and no
// vendor.
func recallOne(ctx context.Context, provider recall.Provider, req recall.Request) result {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()

	receipt, err := provider.RecallMessage(ctx, req)
	if err == nil {
		return result{outcome: string(receipt.Outcome), code: receipt.Code, text: "-"}
	}
	var e *recall.Error
	if !errors.As(err, &e) {
		return result{outcome: "error", code: "-", text: err.Error(), failed: true}
	}
	r := result{outcome: string(e.Kind), code: orDash(e.Code), text: orDash(e.Message), failed: true}
	if e.Message == "" && e.Err != nil {
		r.text = e.Field + " " + e.Err.Error()
	}
	if e.MayHaveApplied {
		r.outcome += " (may have applied)"
	}
	return r
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
