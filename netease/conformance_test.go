package netease_test

import (
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

func TestConformance(t *testing.T) {
	for _, api := range []netease.API{netease.APIv1, netease.APIv2} {
		t.Run(string(api), func(t *testing.T) {
			recalltest.TestProvider(t, func(t *testing.T, s recalltest.Situation) recalltest.Harness { return stage(t, s, api) })
		})
	}
}

func stage(t *testing.T, s recalltest.Situation, api netease.API) recalltest.Harness {
	server := neteasetest.NewServer()
	t.Cleanup(server.Close)
	cfg := netease.Config{
		API: api, Host: server.BaseURL(), HostV2: server.BaseURLV2(), AppKey: server.AppKey, AppSecret: server.AppSecret,
		Policy: recall.Policy{Retry: recall.Retry{Attempts: 1}},
	}
	h := recalltest.Harness{
		Messages: s.Messages(), Sent: func() int { return len(server.Requests()) }, Secrets: []string{server.AppSecret, "wrong-secret"},
	}
	for i, m := range h.Messages {
		if s.Knows(i) {
			server.Add(neteasetest.Message{ID: m.MessageID, From: m.From, To: m.To, Type: neteasetest.TypeP2P, SentAt: m.SentAt})
		}
	}
	hook := s.Hook()
	switch s {
	case recalltest.WrongCredentials:
		cfg.AppSecret = "wrong-secret"
	case recalltest.RateLimited:
		hook = func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"code":416,"desc":"frequency control"}`)
		}
	case recalltest.Slow:
		cfg.Policy.Timeout = 50 * time.Millisecond
	}
	if hook != nil {
		server.Intercept(slices.Repeat([]http.HandlerFunc{hook}, 20)...)
	}
	client, err := netease.New(cfg)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	h.Provider = client
	return h
}
