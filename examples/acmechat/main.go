// Acmechat recalls messages through a vendor that this module does not know:
// the package acmechat beside this program is its provider, and acmechattest
// the vendor. How to write one is in docs/adding-a-vendor.md.
//
//	go run ./examples/acmechat
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

	"github.com/imrecall/imrecall/examples/acmechat/acmechat"
	"github.com/imrecall/imrecall/examples/acmechat/acmechattest"
	"github.com/imrecall/imrecall/recall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "acmechat:", err)
		os.Exit(1)
	}
}

// run recalls a few messages and writes a line for each to w.
func run(ctx context.Context, w io.Writer) error {
	server := acmechattest.NewServer()
	defer server.Close()
	server.Add(acmechattest.Message{ID: "m-1", Chat: "direct", To: "user2", SentAt: time.Now()})
	server.Add(acmechattest.Message{ID: "m-2", Chat: "direct", To: "user2", SentAt: time.Now().Add(-time.Hour)})

	client, err := acmechat.New(acmechat.Config{BaseURL: server.URL, App: "demo", Key: server.Key})
	if err != nil {
		return err
	}
	defer client.Close()

	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MESSAGE\tRESULT\tCODE\tTEXT")
	for _, req := range []recall.Request{
		{MessageID: "m-1", Chat: recall.ChatDirect, To: "user2"},
		{MessageID: "m-1", Chat: recall.ChatDirect, To: "user2"},
		{MessageID: "m-2", Chat: recall.ChatDirect, To: "user2"},
		{MessageID: "m-3", Chat: recall.ChatRoom, To: "room1"},
	} {
		result, code, text := recallOne(ctx, client, req)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", req.MessageID, result, code, text)
	}
	return table.Flush()
}

// recallOne knows recall.Provider, and no vendor.
func recallOne(ctx context.Context, provider recall.Provider, req recall.Request) (result, code, text string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	receipt, err := provider.RecallMessage(ctx, req)
	var e *recall.Error
	switch {
	case err == nil:
		return string(receipt.Outcome), receipt.Code, "-"
	case errors.As(err, &e) && e.Code != "":
		return string(e.Kind), e.Code, e.Message
	case errors.As(err, &e):
		return string(e.Kind), "-", fmt.Sprint(e.Field, " ", e.Err)
	default:
		return "error", "-", err.Error()
	}
}
