package goeasy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/recall"
)

func Example() {
	server := goeasytest.NewServer() // stands in for GoEasy
	defer server.Close()
	message := server.Add(goeasytest.Message{ID: "1", From: "user001", To: "user002"})

	client, err := goeasy.New(goeasy.Config{
		Host:   server.URL, // in production one of the constants, such as goeasy.HostHangzhou
		AppKey: server.AppKey,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	receipt, err := client.RecallMessage(context.Background(), recall.Request{
		Chat: recall.ChatDirect, From: "user001", To: "user002", SentAt: message.SentAt,
	})
	fmt.Println(receipt.Outcome, receipt.Outcome.Proven(), err)
	fmt.Println(server.Recalled("1"))
	// Output:
	// accepted false <nil>
	// true
}

func ExampleClient_Recall() {
	server := goeasytest.NewServer()
	defer server.Close()
	var times []int64
	for i := range 3 {
		sentAt := time.UnixMilli(1581111111111).Add(time.Duration(i) * time.Second)
		server.Add(goeasytest.Message{ID: fmt.Sprint(i), From: "user001", GroupID: "group001", SentAt: sentAt})
		times = append(times, sentAt.UnixMilli())
	}
	client, err := goeasy.New(goeasy.Config{Host: server.URL, AppKey: server.AppKey})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	receipt, err := client.Recall(context.Background(), goeasy.RecallParams{
		GroupID:  "group001",
		Messages: times,
		Recaller: &goeasy.Recaller{ID: "admin", Data: json.RawMessage(`{"name":"Wallace"}`)},
	})
	fmt.Println(receipt.Outcome, err, server.Recalled("0"), server.Recalled("2"))
	// Output: accepted <nil> true true
}

// Before a server takes requests, or when something is wrong: is it the host or
// the key?
func ExampleClient_Ping() {
	server := goeasytest.NewServer()
	defer server.Close()
	for _, key := range []string{server.RestKey, "PR-mistyped"} {
		client, err := goeasy.New(goeasy.Config{Host: server.URL, AppKey: key})
		if err != nil {
			fmt.Println(err)
			return
		}
		err = client.Ping(context.Background())
		fmt.Println(err == nil, errors.Is(err, recall.ErrUnauthorized))
		client.Close()
	}
	// Output:
	// true false
	// false true
}
