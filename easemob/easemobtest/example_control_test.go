package easemobtest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
)

// A message becomes too old for a recall, and a token expires, in no time.
func ExampleServer_Advance() {
	server := easemobtest.NewServer()
	defer server.Close()
	client, err := easemob.New(easemob.Config{
		Host: server.BaseURL(), Org: server.Org, App: server.App, ClientID: server.ClientID, ClientSecret: server.ClientSecret,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	ctx := context.Background()
	request := recall.Request{MessageID: "1028442084794698104", Chat: recall.ChatDirect, From: "user1", To: "user2"}
	server.Add(easemobtest.Message{ID: "1028442084794698104", From: "user1", To: "user2", Chat: easemobtest.ChatSingle})
	server.Advance(2*time.Minute + time.Second)
	_, err = client.RecallMessage(ctx, request)
	fmt.Println(errors.Is(err, recall.ErrWindowExpired))

	server.Advance(server.TokenTTL)
	request.Force = true
	_, err = client.RecallMessage(ctx, request)
	fmt.Println(err, "tokens:", server.TokensIssued())
	// Output:
	// true
	// <nil> tokens: 2
}

// The connection breaks after the recall took effect. The client asks again, and hears that the message is not there.
func ExampleServer_Intercept() {
	server := easemobtest.NewServer()
	defer server.Close()
	client, err := easemob.New(easemob.Config{
		Host: server.BaseURL(), Org: server.Org, App: server.App, ClientID: server.ClientID, ClientSecret: server.ClientSecret,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	server.Add(easemobtest.Message{ID: "1028442084794698104", From: "user1", To: "user2", Chat: easemobtest.ChatSingle})
	request := recall.Request{MessageID: "1028442084794698104", Chat: recall.ChatDirect, From: "user1", To: "user2"}
	server.Intercept(nil, server.CutAfter()) // nil: the request for a token is answered as ever
	receipt, err := client.RecallMessage(context.Background(), request)
	fmt.Println(receipt.Outcome, err)
	fmt.Println("gone:", server.Recalled("1028442084794698104"))
	// Output:
	// already_gone <nil>
	// gone: true
}

// What a client does that is too fast for Easemob. The clock stands still, so that the second has no end by itself.
func ExampleServer_rateLimit() {
	server := easemobtest.NewServer()
	defer server.Close()
	server.RateLimit = 1
	server.SetTime(time.Now())
	client, err := easemob.New(easemob.Config{
		Host: server.BaseURL(), Org: server.Org, App: server.App, ClientID: server.ClientID, ClientSecret: server.ClientSecret,
		Policy: recall.Policy{Rate: -1, Retry: recall.Retry{Attempts: 1}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	request := recall.Request{MessageID: "1028442084794698104", Chat: recall.ChatDirect, From: "user1", To: "user2", Force: true}
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
	// rate_limited reach_limit
	// <nil>
}
