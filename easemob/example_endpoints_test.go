package easemob_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
)

// connect returns a client of an emulator, which stands in for Easemob.
func connect(server *easemobtest.Server) *easemob.Client {
	client, err := easemob.New(easemob.Config{
		Host: server.URL, Org: server.Org, App: server.App,
		ClientID: server.ClientID, ClientSecret: server.ClientSecret,
	})
	if err != nil {
		log.Fatal(err)
	}
	return client
}

// One call, and each message has its own fate.
func ExampleClient_RecallBatch() {
	server := easemobtest.NewServer()
	defer server.Close()
	server.Add(easemobtest.Message{ID: "1028442084794698104", From: "user1", To: "user2", Chat: "chat"})
	client := connect(server)
	defer client.Close()

	results, err := client.RecallBatch(context.Background(), easemob.BatchParams{Msgs: []easemob.RecallParams{
		{MsgID: "1028442084794698104", To: "user2", ChatType: easemob.ChatTypeChat},
		{MsgID: "1028442084794698105", To: "group1", ChatType: easemob.ChatTypeGroupChat},
	}})
	if err != nil {
		fmt.Println(err) // the call as a whole
		return
	}
	for _, result := range results {
		if result.Err != nil {
			fmt.Println(result.MsgID, "not recalled:", errors.Is(result.Err, recall.ErrNotFound))
			continue
		}
		fmt.Println(result.MsgID, result.Receipt.Outcome)
	}
	// Output:
	// 1028442084794698104 recalled
	// 1028442084794698105 not recalled: true
}

// The legacy API answers 200 whatever became of the messages.
func ExampleClient_RecallLegacy() {
	server := easemobtest.NewServer()
	defer server.Close()
	server.Add(easemobtest.Message{ID: "673296835082717140", From: "user1", To: "yifan1", Chat: "chat"})
	client := connect(server)
	defer client.Close()

	results, err := client.RecallLegacy(context.Background(), easemob.LegacyParams{Msgs: []easemob.LegacyMessage{
		{MsgID: "673296797703079892", To: "99537689575425", ChatType: easemob.ChatTypeGroupChat},
		{MsgID: "673296835082717140", To: "yifan1", ChatType: easemob.ChatTypeChat},
	}})
	fmt.Println(err)
	for _, result := range results {
		fmt.Println(result.MsgID, result.Receipt.Outcome, result.Err)
	}
	// Output:
	// <nil>
	// 673296797703079892  easemob: recall_legacy: not_found: "not_found msg" (HTTP 200, app demo-org#demo-app)
	// 673296835082717140 recalled <nil>
}

// The requests of a Batcher may be of any chats, and a bad one does not keep the others from being sent.
func ExampleClient_RecallMessages() {
	server := easemobtest.NewServer()
	defer server.Close()
	server.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: "chat"})
	server.Add(easemobtest.Message{ID: "2", From: "user1", To: "room1", Chat: "chatroom"})
	client := connect(server)
	defer client.Close()

	results, err := client.RecallMessages(context.Background(), []recall.Request{
		{MessageID: "1", Chat: recall.ChatDirect, From: "user1", To: "user2", Ref: "line 1"},
		{Chat: recall.ChatDirect, From: "user1", To: "user2", Ref: "line 2"},
		{MessageID: "2", Chat: recall.ChatRoom, From: "user1", To: "room1", Ref: "line 3"},
	})
	fmt.Println(err)
	for _, result := range results {
		fmt.Println(result.Request.Ref, result.Receipt.Outcome, result.Err)
	}
	// Output:
	// <nil>
	// line 1 recalled <nil>
	// line 2  easemob: recall: invalid_request: MessageID: is required (app demo-org#demo-app)
	// line 3 recalled <nil>
}

// Only user1 loses the conversation.
func ExampleClient_DeleteConversation() {
	server := easemobtest.NewServer()
	defer server.Close()
	client := connect(server)
	defer client.Close()

	receipt, err := client.DeleteConversation(context.Background(), easemob.ConversationParams{
		Username: "user1", Channel: "user2", Type: easemob.ChatTypeChat, DeleteRoam: true,
	})
	fmt.Println(receipt.Code, err)
	fmt.Println(server.ConversationDeleted("user1", "user2"), server.ConversationDeleted("user2", "user1"))
	// Output:
	// ok <nil>
	// true false
}

// A list of any length may be given. Where a call fails, the error tells what became of which message.
func ExampleClient_DeleteRoamingChat() {
	server := easemobtest.NewServer()
	defer server.Close()
	server.Add(easemobtest.Message{ID: "1", From: "user2", To: "user1", Chat: "chat"})
	client := connect(server)
	defer client.Close()

	_, err := client.DeleteRoamingChat(context.Background(), easemob.RoamingChatParams{
		UserID: "user1", PeerID: "user2", MsgIDs: []string{"1"},
	})
	var unfinished *easemob.RoamingError
	if errors.As(err, &unfinished) {
		fmt.Println(unfinished.Deleted, unfinished.Failed, unfinished.NotSent)
	}
	fmt.Println(err, server.DeletedFor("user1", "1"), server.DeletedFor("user2", "1"))
	// Output:
	// <nil> true false
}

func ExampleClient_DeleteRoamingGroup() {
	server := easemobtest.NewServer()
	defer server.Close()
	server.Add(easemobtest.Message{ID: "1", From: "user2", To: "group1", Chat: "groupchat"})
	client := connect(server)
	defer client.Close()

	quietly := false // leave the copies on the user's devices
	_, err := client.DeleteRoamingGroup(context.Background(), easemob.RoamingGroupParams{
		UserID: "user1", GroupID: "group1", MsgIDs: []string{"1"}, IsNotify: &quietly,
	})
	fmt.Println(err, server.DeletedFor("user1", "1"))
	// Output:
	// <nil> true
}

func ExampleClient_DeleteRoamingAll() {
	server := easemobtest.NewServer()
	defer server.Close()
	server.RoamingUnopened = true // the option is not bought
	client := connect(server)
	defer client.Close()

	_, err := client.DeleteRoamingAll(context.Background(), "user1")
	fmt.Println(errors.Is(err, recall.ErrNotEnabled))
	// Output:
	// true
}

func ExampleClient_DeleteRoamingChatUntil() {
	server := easemobtest.NewServer()
	defer server.Close()
	old := server.Add(easemobtest.Message{ID: "1", From: "user2", To: "user1", Chat: "chat"})
	server.Add(easemobtest.Message{ID: "2", From: "user2", To: "user1", Chat: "chat", SentAt: old.SentAt.Add(time.Second)})
	client := connect(server)
	defer client.Close()

	_, err := client.DeleteRoamingChatUntil(context.Background(), easemob.RoamingChatUntilParams{
		UserID: "user1", PeerID: "user2", DelTime: old.SentAt,
	})
	fmt.Println(err, server.DeletedFor("user1", "1"), server.DeletedFor("user1", "2"))
	// Output:
	// <nil> true false
}

func ExampleClient_DeleteRoamingGroupUntil() {
	server := easemobtest.NewServer()
	defer server.Close()
	message := server.Add(easemobtest.Message{ID: "1", From: "user2", To: "room1", Chat: "chatroom"})
	client := connect(server)
	defer client.Close()

	_, err := client.DeleteRoamingGroupUntil(context.Background(), easemob.RoamingGroupUntilParams{
		UserID: "user1", GroupID: "room1", DelTime: message.SentAt,
	})
	fmt.Println(err, server.DeletedFor("user1", "1"))
	// Output:
	// <nil> true
}

// With DialectAgora the client makes its tokens by itself, from the certificate, which it never sends.
func ExampleDialect() {
	server := easemobtest.NewServer()
	defer server.Close()
	server.Dialect = easemobtest.Agora
	server.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: "chat"})
	client, err := easemob.New(easemob.Config{
		Dialect: easemob.DialectAgora, Host: server.URL, // in production easemob.HostAgoraVirginia, say
		Org: server.Org, App: server.App, AppID: server.AppID, AppCertificate: server.AppCertificate,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	receipt, err := client.Recall(context.Background(), easemob.RecallParams{MsgID: "1", To: "user2", ChatType: easemob.ChatTypeChat})
	fmt.Println(receipt.Outcome, err)
	_, err = client.DeleteRoamingAll(context.Background(), "user1")
	fmt.Println(err)
	// Output:
	// recalled <nil>
	// easemob: delete_roaming_all: unsupported: Agora Chat has no deletion of roaming messages alone; use DeleteConversation with DeleteRoam (app demo-org#demo-app)
}
