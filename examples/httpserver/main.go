// Httpserver is an HTTP service with one endpoint, which recalls a message
// within a deadline and answers with the receipt or the error, and an HTTP
// status that fits; see server.go. It needs no account: it serves an emulated
// Easemob on this machine, shows what it answers to some requests, and ends.
//
//	go run ./examples/httpserver
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, 800*time.Millisecond); err != nil {
		fmt.Fprintln(os.Stderr, "httpserver:", err)
		os.Exit(1)
	}
}

// run serves, and writes a line for each request that it makes to w. deadline is
// how long a recall may take.
func run(ctx context.Context, w io.Writer, deadline time.Duration) error {
	vendor := easemobtest.NewServer()
	defer vendor.Close()
	vendor.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: "chat"})
	vendor.Add(easemobtest.Message{ID: "2", From: "user1", To: "user2", Chat: "chat", SentAt: time.Now().Add(-time.Hour)})
	client, err := easemob.New(easemob.Config{
		Host: vendor.BaseURL(), Org: vendor.Org, App: vendor.App, ClientID: vendor.ClientID, ClientSecret: vendor.ClientSecret,
		Policy: recall.Policy{Timeout: deadline * 3 / 8}, // of an attempt: there is time for another where one is not answered
	})
	if err != nil {
		return err
	}
	defer client.Close()

	s := &service{provider: client, deadline: deadline, log: slog.New(slog.DiscardHandler)}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := s.newServer("")
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	err = show(ctx, w, "http://"+listener.Addr().String())
	// Shutdown lets requests that are running finish.
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = errors.Join(err, server.Shutdown(stopping))
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

func show(ctx context.Context, w io.Writer, base string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REQUEST\tSTATUS\tRESULT")
	for _, body := range []string{
		`{"message_id":"1","chat":"direct","to":"user2"}`,
		`{"message_id":"1","chat":"direct","to":"user2"}`,
		`{"message_id":"2","chat":"direct","to":"user2"}`,
		`{"message_id":"2","chat":"direct","to":"user2","force":true}`,
		`{"message_id":"3","chat":"direct"}`,
		`{"message_id":"3","chat":"super_group","to":"99"}`,
		`{"messageid":"3"}`,
	} {
		status, result, err := post(ctx, base+"/v1/recall", body)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%d\t%s\n", body, status, result)
	}
	return table.Flush()
}

// post is a client of the service.
func post(ctx context.Context, url, body string) (status int, result string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	var answer struct {
		Receipt struct{ Outcome string }
		Error   struct{ Kind, Field string }
	}
	err = json.NewDecoder(res.Body).Decode(&answer)
	return res.StatusCode, strings.TrimSpace(answer.Receipt.Outcome + answer.Error.Kind + " " + answer.Error.Field), err
}
