package acmechat_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/imrecall/imrecall/examples/acmechat/acmechat"
	"github.com/imrecall/imrecall/examples/acmechat/acmechattest"
	"github.com/imrecall/imrecall/recall/recalltest"
)

func TestConformance(t *testing.T) {
	recalltest.TestProvider(t, func(t *testing.T, s recalltest.Situation) recalltest.Harness {
		server := acmechattest.NewServer()
		t.Cleanup(server.Close)
		cfg := acmechat.Config{BaseURL: server.URL, App: "demo", Key: server.Key}
		messages := s.Messages()
		for i, m := range messages {
			if s.Knows(i) {
				server.Add(acmechattest.Message{ID: m.MessageID, Chat: string(m.Chat), To: m.To, SentAt: m.SentAt})
			}
		}
		server.Hook = s.Hook()
		switch s {
		case recalltest.WrongCredentials:
			cfg.Key = "wrong-key"
		case recalltest.RateLimited:
			server.Hook = func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, `{"code":"slow_down"}`, http.StatusTooManyRequests)
			}
		case recalltest.Slow:
			cfg.Timeout = 50 * time.Millisecond
		}
		client, err := acmechat.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		return recalltest.Harness{
			Provider: client, Messages: messages, Sent: server.Requests, Secrets: []string{"wrong-key", server.Key},
		}
	})
}
