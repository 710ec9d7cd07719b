package netease_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// connect returns a client of an emulator. In production the hosts are
// constants such as netease.HostChina and netease.HostV2China.
func connect(server *neteasetest.Server, api netease.API) *netease.Client {
	client, err := netease.New(netease.Config{
		API: api, Host: server.BaseURL(), HostV2: server.BaseURLV2(), AppKey: server.AppKey, AppSecret: server.AppSecret,
	})
	if err != nil {
		fmt.Println(err)
	}
	return client
}

// With v2 an unknown message is an error, and a success is proof.
func ExampleClient_RecallMessage_v2() {
	server := neteasetest.NewServer()
	defer server.Close()
	server.Add(neteasetest.Message{ID: "10386192", From: "t1", To: "t4", Type: neteasetest.TypeP2P})
	client := connect(server, netease.APIv2)
	defer client.Close()

	for _, id := range []string{"10386192", "10386193"} {
		receipt, err := client.RecallMessage(context.Background(), recall.Request{
			MessageID: id, Chat: recall.ChatDirect, From: "t1", To: "t4",
		})
		fmt.Printf("%q %t %t\n", receipt.Outcome, receipt.Outcome.Proven(), errors.Is(err, recall.ErrNotFound))
	}
	// Output:
	// "recalled" true false
	// "" false true
}

// A message in a chat room is named by its client's id, and recalled by
// someone.
func ExampleClient_RecallMessage_room() {
	server := neteasetest.NewServer()
	defer server.Close()
	message := server.Add(neteasetest.Message{ID: "c9e6c306573778829419", From: "acc02", To: "123", Type: neteasetest.TypeChatroom})
	client := connect(server, netease.APIv1)
	defer client.Close()

	receipt, err := client.RecallMessage(context.Background(), recall.Request{
		MessageID: message.ID, Chat: recall.ChatRoom, From: "acc02", To: "123", SentAt: message.SentAt, Operator: "acc01",
	})
	fmt.Println(receipt.Outcome, err, server.Recalled(message.ID))
	// Output: accepted <nil> true
}

func ExampleClient_RecallOneWay() {
	server := neteasetest.NewServer()
	defer server.Close()
	server.Add(neteasetest.Message{ID: "10386192", From: "zhangsan", To: "13827", Type: neteasetest.TypeTeam})
	server.RemoveMember("13827", "zhangsan") // Recall would be forbidden
	client := connect(server, netease.APIv1)
	defer client.Close()

	receipt, err := client.RecallOneWay(context.Background(), netease.OneWayParams{
		DeleteMsgID: "10386192", Type: netease.TypeTeamOneWay, From: "zhangsan", To: "13827",
	})
	fmt.Println(receipt.Outcome, err)
	fmt.Println(server.Fate("10386192"))
	// Output:
	// accepted <nil>
	// recalled one way
}

func ExampleClient_DeleteMessage() {
	server := neteasetest.NewServer()
	defer server.Close()
	message := server.Add(neteasetest.Message{ID: "10386192", From: "t1", To: "t4", Type: neteasetest.TypeP2P})
	client := connect(server, netease.APIv1)
	defer client.Close()

	receipt, err := client.DeleteMessage(context.Background(), netease.DeleteParams{
		DeleteMsgID: "10386192", TimeTag: message.SentAt.UnixMilli(), Type: netease.TypeP2P, From: "t1", To: "t4",
	})
	fmt.Println(receipt.Outcome, err)
	fmt.Println(server.Fate("10386192"))
	// Output:
	// accepted <nil>
	// deleted
}

func ExampleClient_DeleteRoamSession() {
	server := neteasetest.NewServer()
	defer server.Close()
	client := connect(server, netease.APIv1)
	defer client.Close()

	receipt, err := client.DeleteRoamSession(context.Background(), netease.RoamSessionParams{
		Type: netease.SessionTeam, From: "cs4", To: "2775725369",
	})
	fmt.Println(receipt.Code, err)
	fmt.Println(server.RoamingCleared(netease.SessionTeam, "cs4", "2775725369"))
	// Output:
	// 200 <nil>
	// true
}

func ExampleClient_RecallSuperTeam() {
	server := neteasetest.NewServer()
	defer server.Close()
	message := server.Add(neteasetest.Message{
		ID: "10386192", From: "t1", To: "2775725369", Type: neteasetest.TypeSuperTeam, SentAt: time.Now().Add(-time.Hour),
	})
	client := connect(server, netease.APIv1)
	defer client.Close()

	receipt, err := client.RecallSuperTeam(context.Background(), netease.SuperTeamParams{
		DeleteMsgID: "10386192", TimeTag: message.SentAt.UnixMilli(), From: "t1", To: "2775725369", IgnoreTime: true,
	})
	fmt.Println(receipt.Outcome, err, server.Recalled("10386192"))
	// Output: accepted <nil> true
}

func ExampleClient_RecallChatroom() {
	server := neteasetest.NewServer()
	defer server.Close()
	message := server.Add(neteasetest.Message{ID: "c9e6c306573778829419", From: "acc02", To: "123", Type: neteasetest.TypeChatroom})
	client := connect(server, netease.APIv1)
	defer client.Close()

	receipt, err := client.RecallChatroom(context.Background(), netease.ChatroomParams{
		RoomID: "123", MsgTimeTag: message.SentAt.UnixMilli(), MsgID: message.ID, FromAcc: "acc02", OperatorAcc: "acc01",
	})
	fmt.Println(receipt.Outcome, err, server.Recalled(message.ID))
	// Output: accepted <nil> true
}

func ExampleClient_DeleteBroadcast() {
	server := neteasetest.NewServer()
	defer server.Close()
	server.AddBroadcast("48174937359009")
	client := connect(server, netease.APIv1)
	defer client.Close()

	receipt, err := client.DeleteBroadcast(context.Background(), "48174937359009")
	fmt.Println(receipt.Outcome, err, server.HasBroadcast("48174937359009"))
	// Output: accepted <nil> false
}

// The sender was banned before anyone recalled the message.
func ExampleClient_RecallV2() {
	server := neteasetest.NewServer()
	defer server.Close()
	server.Add(neteasetest.Message{ID: "927914262574", From: "zhangsan", To: "13827", Type: neteasetest.TypeTeam})
	server.RemoveMember("13827", "zhangsan")
	client := connect(server, netease.APIv1)
	defer client.Close()

	params := netease.RecallV2Params{
		SenderID: "zhangsan", ConversationType: netease.ConversationTeam, ReceiverID: "13827",
		MessageServerID: "927914262574", Type: netease.RecallTypeTwoWay,
	}
	_, err := client.RecallV2(context.Background(), params)
	fmt.Println(errors.Is(err, recall.ErrForbidden))

	params.SkipTeamMemberCheck = true
	receipt, err := client.RecallV2(context.Background(), params)
	fmt.Println(receipt.Outcome, err)
	// Output:
	// true
	// recalled <nil>
}

// Before a server takes requests, or when something is wrong: which of host,
// AppKey and secret is it?
func ExampleClient_Ping() {
	server := neteasetest.NewServer()
	defer server.Close()
	for _, secret := range []string{server.AppSecret, "mistyped"} {
		client, err := netease.New(netease.Config{Host: server.BaseURL(), AppKey: server.AppKey, AppSecret: secret})
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
