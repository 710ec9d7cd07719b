package goeasy_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/recall"
)

// GoEasy finds a message by its time on the server, which the webhook tells.
func ExampleNewCallbacks() {
	server := goeasytest.NewServer() // stands in for GoEasy
	defer server.Close()
	callbacks, err := goeasy.NewCallbacks(goeasy.CallbackConfig{
		AppKey:  server.AppKey,              // to name the application in events, by its hash
		Secrets: []string{server.SecretKey}, // while it rotates: the old and the new one
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	events := make(chan recall.Event, 1)
	app := httptest.NewServer(&recall.EventHandler{
		Parser: callbacks,
		Handle: func(_ context.Context, e recall.Event) error {
			events <- e // an application stores e.Request by e.ID
			return nil
		},
		// After three failures GoEasy stops the webhook: somebody has to know.
		OnError: func(_ *http.Request, err error) { fmt.Println("webhook:", err) },
	})
	defer app.Close()
	server.SendCallbacks(goeasytest.Callbacks{URL: app.URL, NoRecalls: true}) // the console does that

	server.SetTime(time.UnixMilli(1581111111111))
	server.Add(goeasytest.Message{ID: "8f0e27a0c7e111eab347b726da4416bd", From: "user001", GroupID: "group001"})
	sent := <-events
	fmt.Println(sent.Kind, sent.Request.Chat, sent.Request.To, sent.Request.SentAt.UnixMilli())

	client, err := goeasy.New(goeasy.Config{Host: server.URL, AppKey: server.AppKey})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	receipt, err := client.RecallMessage(context.Background(), sent.Request)
	fmt.Println(receipt.Outcome, err)
	// Output:
	// message_sent group group001 1581111111111
	// accepted <nil>
}
