// Testing is an app server's handler which recalls a flagged message within 800
// ms, and its tests in three flavours: see handler_test.go. Run as a program, it
// shows the handler in front of emulated vendors.
//
//	go run ./examples/testing
//	go test ./examples/testing
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"text/tabwriter"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, 800*time.Millisecond); err != nil {
		fmt.Fprintln(os.Stderr, "testing:", err)
		os.Exit(1)
	}
}

// run flags four messages and writes what the handler answers to w.
func run(ctx context.Context, w io.Writer, deadline time.Duration) error {
	easemobServer, neteaseServer := easemobtest.NewServer(), neteasetest.NewServer()
	defer easemobServer.Close()
	defer neteaseServer.Close()
	now := time.Now().Truncate(time.Millisecond)
	easemobServer.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: "chat"})
	easemobServer.Add(easemobtest.Message{ID: "2", From: "user1", To: "user2", Chat: "chat", SentAt: now.Add(-time.Hour)})

	easemobClient, err := easemob.New(easemob.Config{
		Host: easemobServer.BaseURL(), Org: easemobServer.Org, App: easemobServer.App,
		ClientID: easemobServer.ClientID, ClientSecret: easemobServer.ClientSecret,
	})
	neteaseClient, err2 := netease.New(netease.Config{
		Host: neteaseServer.BaseURL(), AppKey: neteaseServer.AppKey, AppSecret: neteaseServer.AppSecret,
	})
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	defer easemobClient.Close()
	defer neteaseClient.Close()

	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CASE\tVERDICT\tREASON")
	for _, c := range []struct {
		name, id string
		provider recall.Provider
		prepare  func()
	}{
		{"Easemob", "1", easemobClient, func() {}},
		{"Easemob, too old", "2", easemobClient, func() {}},
		{"NetEase", "3", neteaseClient, func() {}},
		{"NetEase, no answer", "3", neteaseClient, func() { neteaseServer.Intercept(never) }},
	} {
		c.prepare()
		a, err := flag(ctx, flags{c.provider, deadline}, recall.Request{
			MessageID: c.id, Chat: recall.ChatDirect, From: "user1", To: "user2", SentAt: now,
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", c.name, a.Verdict, cmp.Or(a.Reason, "-"))
	}
	return table.Flush()
}

// never is a vendor that does not answer.
func never(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// flag is a request of whoever flags messages.
func flag(ctx context.Context, handler http.Handler, message recall.Request) (a answer, err error) {
	body, err := json.Marshal(message)
	if err != nil {
		return a, err
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, "/flags", bytes.NewReader(body)))
	return a, json.Unmarshal(w.Body.Bytes(), &a)
}
