package easemob_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

func TestConformance(t *testing.T) { recalltest.TestProvider(t, stage) }

func stage(t *testing.T, s recalltest.Situation) recalltest.Harness {
	server := easemobtest.NewServer()
	t.Cleanup(server.Close)
	cfg := easemob.Config{
		Host: server.URL, Org: server.Org, App: server.App, ClientID: server.ClientID, ClientSecret: server.ClientSecret,
		Policy: recall.Policy{Retry: recall.Retry{Attempts: 1}},
	}
	h := recalltest.Harness{
		Messages: s.Messages(), Sent: func() int { return len(server.Requests()) }, Secrets: []string{server.ClientSecret, "wrong-secret", "YWMt"},
	}
	for i, m := range h.Messages {
		if s.Knows(i) {
			server.Add(easemobtest.Message{ID: m.MessageID, From: m.From, To: m.To, Chat: "chat", SentAt: m.SentAt})
		}
	}
	hook := s.Hook()
	switch s {
	case recalltest.WrongCredentials:
		cfg.ClientSecret = "wrong-secret"
	case recalltest.RateLimited:
		hook = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":"reach_limit","error_description":"This request has reached api limit"}`, http.StatusTooManyRequests)
		}
	case recalltest.Slow:
		cfg.Policy.Timeout = 50 * time.Millisecond
	}
	if hook != nil { // not for the token, which comes first
		server.Intercept(append([]http.HandlerFunc{nil}, slices.Repeat([]http.HandlerFunc{hook}, 20)...)...)
	}
	client, err := easemob.New(cfg)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	h.Provider = client
	return h
}
