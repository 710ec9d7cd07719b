package easemob_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
)

// The vendor tells an application of its messages, and that they are gone. What it tells of a message is all that
// recalling it takes.
func ExampleNewCallbacks() {
	server := easemobtest.NewServer() // stands in for Easemob
	defer server.Close()
	callbacks, err := easemob.NewCallbacks(easemob.CallbackConfig{
		Org: server.Org, App: server.App,
		Secrets: []string{server.CallbackSecret}, // from the console's list of callback rules
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	stored := make(chan recall.Event, 2)
	mux := http.NewServeMux()
	mux.Handle("POST /callbacks/easemob", &recall.EventHandler{
		Parser: callbacks,
		Handle: func(_ context.Context, e recall.Event) error {
			stored <- e // in an application: a database or a queue
			return nil
		},
	})
	app := httptest.NewServer(mux)
	defer app.Close()
	server.SendCallbacks(easemobtest.Callbacks{URL: app.URL + "/callbacks/easemob"})

	server.Add(easemobtest.Message{ID: "1028442084794698104", From: "user1", To: "room1", Chat: "chatroom"})
	sent := <-stored
	fmt.Println(sent.Kind, sent.Request.MessageID, sent.Request.Chat, sent.Request.To)

	client := connect(server)
	defer client.Close()
	if _, err := client.RecallMessage(context.Background(), sent.Request); err != nil {
		fmt.Println(err)
	}
	recalled := <-stored
	fmt.Println(recalled.Kind, recalled.Request.MessageID)
	// Output:
	// message_sent 1028442084794698104 room room1
	// message_recalled 1028442084794698104
}
