// Multivendor is one application with several applications at several vendors.
// It routes each message by the application that it was stored under, which is
// the only safe way (see router.go), and writes an audit record of each outcome.
// It needs no account: the vendors are emulators on this machine.
//
//	go run ./examples/multivendor
package main

import (
	"bytes"
	"context"
	"encoding/json"
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
		fmt.Fprintln(os.Stderr, "multivendor:", err)
		os.Exit(1)
	}
}

// run recalls what was stored, and writes the audit records as a table to w.
func run(ctx context.Context, w io.Writer) error {
	apps, stored, stop, err := emulated()
	if err != nil {
		return err
	}
	defer stop()
	var file bytes.Buffer // in production, a file or a queue that nobody can change
	r := &router{apps: apps, audit: &audit{w: &file, now: time.Now}}
	for _, m := range stored {
		if err := recallOne(ctx, r, m); err != nil {
			return err
		}
	}
	return show(w, &file)
}

func recallOne(ctx context.Context, r *router, m message) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := r.recall(ctx, m)
	return err
}

// show reads the audit records.
func show(w io.Writer, file io.Reader) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "APP\tMESSAGE\tTICKET\tVENDOR\tRESULT\tCODE")
	for decoder := json.NewDecoder(file); decoder.More(); {
		var rec record
		if err := decoder.Decode(&rec); err != nil {
			return err
		}
		receipt := rec.Result.Receipt
		vendor, result, code := receipt.Vendor, string(receipt.Outcome), receipt.Code
		if e, ok := errors.AsType[*recall.Error](rec.Result.Err); ok {
			vendor, result, code = e.Vendor, string(e.Kind), e.Code
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n",
			rec.App, rec.Result.Request.MessageID, rec.Result.Request.Ref, orDash(vendor), result, orDash(code))
	}
	return table.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
