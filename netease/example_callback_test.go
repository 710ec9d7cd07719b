package netease_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// With APIv1 a success proves nothing. The copy of the recall does.
func ExampleNewCallbacks() {
	server := neteasetest.NewServer() // stands in for NetEase
	defer server.Close()
	callbacks, err := netease.NewCallbacks(netease.CallbackConfig{
		AppKey:  server.AppKey,
		Secrets: []string{server.AppSecret}, // while it rotates: the old and the new one
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	events := make(chan recall.Event, 2)
	mux := http.NewServeMux()
	mux.Handle("POST /callbacks/netease", &recall.EventHandler{
		Parser: callbacks,
		Handle: func(_ context.Context, e recall.Event) error {
			events <- e // an application stores e.Request by e.ID
			return nil
		},
	})
	app := httptest.NewServer(mux)
	defer app.Close()
	server.SendCallbacks(neteasetest.Callbacks{URL: app.URL + "/callbacks/netease"}) // the console does that

	server.Add(neteasetest.Message{ID: "927914262574", From: "zhangsan", To: "13827", Type: neteasetest.TypeTeam})
	sent := <-events
	fmt.Println(sent.Kind, sent.Request.Chat, sent.Request.To, sent.Request.MessageID)

	client, err := netease.New(netease.Config{
		Host: server.BaseURL(), AppKey: server.AppKey, AppSecret: server.AppSecret,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	receipt, err := client.RecallMessage(context.Background(), sent.Request)
	fmt.Println(receipt.Outcome, err)

	gone := <-events
	fmt.Println(gone.Kind, gone.Request.MessageID == receipt.MessageID)
	// Output:
	// message_sent group 13827 927914262574
	// accepted <nil>
	// message_recalled true
}
