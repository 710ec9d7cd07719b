package netease_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
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

// What a service in production sets: a secret that rotates, its share of the
// quota, and a log.
func ExampleConfig() {
	server := neteasetest.NewServer()
	defer server.Close()
	server.Intercept(server.CutBefore()) // the first attempt gets no answer
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == "time" || a.Key == "duration" || a.Key == "trace_id" {
				return slog.Attr{} // different each time
			}
			return a
		},
	}))

	client, err := netease.New(netease.Config{
		Host:   server.BaseURL(), // in production also Fallbacks
		AppKey: server.AppKey,
		AppSecretFunc: func(context.Context) (string, error) { // asked for each attempt
			return server.AppSecret, nil
		},
		Policy: recall.Policy{
			Rate:     100.0 / 6, // one of six replicas
			Observer: recall.LogObserver(log),
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	_, err = client.RecallMessage(context.Background(), recall.Request{
		MessageID: "10386192", Chat: recall.ChatDirect, From: "t1", To: "t4",
	})
	fmt.Println(err)
	// Output:
	// level=INFO msg=imrecall vendor=netease app=demo0app0key0demo0app0key0demo00 op=recall outcome=accepted code=200 messages=1 attempts=2
	// <nil>
}
