package netease_test

import (
	"context"
	"fmt"
	"time"

	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

func Example() {
	server := neteasetest.NewServer() // stands in for NetEase
	defer server.Close()
	message := server.Add(neteasetest.Message{ID: "10386192", From: "t1", To: "t4", Type: neteasetest.TypeP2P})

	client, err := netease.New(netease.Config{
		Host:   server.BaseURL(), // in production one of the constants, such as netease.HostChina
		AppKey: server.AppKey, AppSecret: server.AppSecret,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	receipt, err := client.RecallMessage(context.Background(), recall.Request{
		MessageID: "10386192", Chat: recall.ChatDirect, From: "t1", To: "t4", SentAt: message.SentAt,
	})
	fmt.Println(receipt.Outcome, receipt.Outcome.Proven(), err)
	fmt.Println(server.Recalled("10386192"))
	// Output:
	// accepted false <nil>
	// true
}

func ExampleClient_Recall() {
	server := neteasetest.NewServer()
	defer server.Close()
	server.Add(neteasetest.Message{
		ID: "927914262574", From: "zhangsan", To: "13827", Type: neteasetest.TypeTeam, SentAt: time.Now().Add(-time.Hour),
	})
	client, err := netease.New(netease.Config{
		Host: server.BaseURL(), AppKey: server.AppKey, AppSecret: server.AppSecret,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	receipt, err := client.Recall(context.Background(), netease.RecallParams{
		DeleteMsgID: "927914262574", Type: netease.TypeTeam, From: "zhangsan", To: "13827",
		Msg: "违规消息已撤回", IgnoreTime: true,
	})
	fmt.Println(receipt.Outcome, receipt.Code, err)
	// Output: accepted 200 <nil>
}
