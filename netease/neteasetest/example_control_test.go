package neteasetest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// A message becomes too old for a recall in no time. NetEase refuses signatures that are more than 5 minutes off, so the
// clock can't go much farther: an older message is added with its SentAt in the past.
func ExampleServer_Advance() {
	server := neteasetest.NewServer()
	defer server.Close()
	client, err := netease.New(netease.Config{
		Host: server.BaseURL(), AppKey: server.AppKey, AppSecret: server.AppSecret,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	ctx := context.Background()
	sent := server.Add(neteasetest.Message{ID: "10386192", From: "t1", To: "t4", Type: neteasetest.TypeP2P})
	request := recall.Request{MessageID: "10386192", Chat: recall.ChatDirect, From: "t1", To: "t4", SentAt: sent.SentAt}
	server.Advance(2*time.Minute + time.Second)
	_, err = client.RecallMessage(ctx, request)
	fmt.Println(errors.Is(err, recall.ErrWindowExpired))

	server.Advance(4 * time.Minute)
	_, err = client.RecallMessage(ctx, request)
	fmt.Println(errors.Is(err, recall.ErrUnauthorized))
	// Output:
	// true
	// true
}

// A gateway fails, and then the connection breaks after the recall took effect. The client asks again each time.
func ExampleServer_Intercept() {
	server := neteasetest.NewServer()
	defer server.Close()
	client, err := netease.New(netease.Config{
		Host: server.BaseURL(), AppKey: server.AppKey, AppSecret: server.AppSecret,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	sent := server.Add(neteasetest.Message{ID: "10386192", From: "t1", To: "t4", Type: neteasetest.TypeP2P})
	request := recall.Request{MessageID: "10386192", Chat: recall.ChatDirect, From: "t1", To: "t4", SentAt: sent.SentAt}
	server.Intercept(server.Respond(502, "<html>Bad Gateway</html>"), server.CutAfter())
	receipt, err := client.RecallMessage(context.Background(), request)
	fmt.Println(receipt.Outcome, err)
	fmt.Println("gone:", server.Recalled("10386192"))
	// Output:
	// accepted <nil>
	// gone: true
}

// What a client does that is too fast for NetEase, which then closes the API for 10 seconds. The clock stands still, so
// that the second has no end by itself.
func ExampleServer_rateLimit() {
	server := neteasetest.NewServer()
	defer server.Close()
	server.RateLimit = 1
	server.SetTime(time.Now())
	client, err := netease.New(netease.Config{
		Host: server.BaseURL(), AppKey: server.AppKey, AppSecret: server.AppSecret,
		Policy: recall.Policy{Rate: -1, Retry: recall.Retry{Attempts: 1}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	sent := server.Add(neteasetest.Message{ID: "10386192", From: "t1", To: "t4", Type: neteasetest.TypeP2P})
	request := recall.Request{MessageID: "10386192", Chat: recall.ChatDirect, From: "t1", To: "t4", SentAt: sent.SentAt}
	ask := func() error {
		_, err := client.RecallMessage(context.Background(), request)
		return err
	}
	fmt.Println(ask())
	var refused *recall.Error
	if errors.As(ask(), &refused) {
		fmt.Println(refused.Kind, refused.Code, refused.RetryAfter)
	}
	// Output:
	// <nil>
	// rate_limited 416 10s
}
