package goeasytest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/recall"
)

// GoEasy finds a message by its time. With a clock that stands still a test knows it beforehand.
func ExampleServer_SetTime() {
	server := goeasytest.NewServer()
	defer server.Close()
	server.SetTime(time.UnixMilli(1581111111111))
	client, err := goeasy.New(goeasy.Config{
		Host: server.BaseURL(), AppKey: server.RestKey,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	sent := server.Add(goeasytest.Message{ID: "m1", From: "user001", To: "user002"})
	fmt.Println(sent.SentAt.UnixMilli())
	request := recall.Request{Chat: recall.ChatDirect, From: "user001", To: "user002", SentAt: sent.SentAt}
	receipt, err := client.RecallMessage(context.Background(), request)
	fmt.Println(receipt.Outcome, err, server.Recalled("m1"))
	// Output:
	// 1581111111111
	// accepted <nil> true
}

// A gateway fails, and then the connection breaks after the recall took effect. The client asks again each time.
func ExampleServer_Intercept() {
	server := goeasytest.NewServer()
	defer server.Close()
	client, err := goeasy.New(goeasy.Config{
		Host: server.BaseURL(), AppKey: server.RestKey,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	sent := server.Add(goeasytest.Message{ID: "m1", From: "user001", To: "user002"})
	request := recall.Request{Chat: recall.ChatDirect, From: "user001", To: "user002", SentAt: sent.SentAt}
	server.Intercept(server.Respond(502, "<html>Bad Gateway</html>"), server.CutAfter())
	receipt, err := client.RecallMessage(context.Background(), request)
	fmt.Println(receipt.Outcome, err)
	fmt.Println("gone:", server.Recalled("m1"))
	// Output:
	// accepted <nil>
	// gone: true
}

// What a client does that is too fast, if GoEasy had a limit: it documents none. The clock stands still, so that the
// second has no end by itself.
func ExampleServer_rateLimit() {
	server := goeasytest.NewServer()
	defer server.Close()
	server.RateLimit = 1
	server.SetTime(time.Now())
	client, err := goeasy.New(goeasy.Config{
		Host: server.BaseURL(), AppKey: server.RestKey,
		Policy: recall.Policy{Rate: -1, Retry: recall.Retry{Attempts: 1}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	sent := server.Add(goeasytest.Message{ID: "m1", From: "user001", To: "user002"})
	request := recall.Request{Chat: recall.ChatDirect, From: "user001", To: "user002", SentAt: sent.SentAt}
	ask := func() error {
		_, err := client.RecallMessage(context.Background(), request)
		return err
	}
	fmt.Println(ask())
	var refused *recall.Error
	if errors.As(ask(), &refused) {
		fmt.Println(refused.Kind, refused.Code)
	}
	server.Advance(time.Second)
	fmt.Println(ask())
	// Output:
	// <nil>
	// rate_limited 429
	// <nil>
}
