package easemob_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
)

func Example() {
	server := easemobtest.NewServer() // stands in for Easemob
	defer server.Close()
	server.Add(easemobtest.Message{ID: "1028442084794698104", From: "user1", To: "user2", Chat: "chat"})

	client, err := easemob.New(easemob.Config{
		Host: server.URL, // in production one of the constants, such as easemob.HostChina1
		Org:  server.Org, App: server.App,
		ClientID: server.ClientID, ClientSecret: server.ClientSecret,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	req := recall.Request{MessageID: "1028442084794698104", Chat: recall.ChatDirect, From: "user1", To: "user2"}
	receipt, err := client.RecallMessage(context.Background(), req)
	fmt.Println(receipt.Outcome, receipt.Outcome.Proven(), err)

	_, err = client.RecallMessage(context.Background(), req)
	fmt.Println(err)
	// Output:
	// recalled true <nil>
	// easemob: recall: not_found: code message_recall_error: "not_found msg" (HTTP 403, app demo-org#demo-app)
}

// With force the vendor says yes to any id, so the outcome proves nothing.
func ExampleClient_Recall() {
	server := easemobtest.NewServer()
	defer server.Close()
	server.Add(easemobtest.Message{
		ID: "1028442084794698104", From: "user1", To: "group1", Chat: "groupchat", SentAt: time.Now().Add(-time.Hour),
	})
	client, err := easemob.New(easemob.Config{
		Host: server.URL, Org: server.Org, App: server.App,
		ClientID: server.ClientID, ClientSecret: server.ClientSecret,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	params := easemob.RecallParams{
		MsgID: "1028442084794698104", To: "group1", ChatType: easemob.ChatTypeGroupChat, From: "user1",
	}
	_, err = client.Recall(context.Background(), params)
	fmt.Println(errors.Is(err, recall.ErrWindowExpired))

	params.Force = true
	receipt, err := client.Recall(context.Background(), params)
	fmt.Println(receipt.Outcome, receipt.Code, err)
	// Output:
	// true
	// accepted yes <nil>
}

// Before a server takes requests, or when something is wrong: which of host,
// application and credentials is it?
func ExampleClient_Ping() {
	server := easemobtest.NewServer()
	defer server.Close()
	for _, secret := range []string{server.ClientSecret, "mistyped"} {
		client, err := easemob.New(easemob.Config{
			Host: server.URL, Org: server.Org, App: server.App, ClientID: server.ClientID, ClientSecret: secret,
		})
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
