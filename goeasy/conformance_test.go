package goeasy_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

func TestConformance(t *testing.T) { recalltest.TestProvider(t, stage) }

// A wrapper has the optional interfaces no more, and the contract all the same.
func TestConformanceOfAWrapper(t *testing.T) {
	recalltest.TestProvider(t, func(t *testing.T, s recalltest.Situation) recalltest.Harness {
		h := stage(t, s)
		client := h.Provider
		h.Provider = recall.ProviderFunc(func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
			return client.RecallMessage(ctx, req)
		})
		return h
	})
}

func stage(t *testing.T, s recalltest.Situation) recalltest.Harness {
	server := goeasytest.NewServer()
	t.Cleanup(server.Close)
	cfg := goeasy.Config{Host: server.URL, AppKey: server.AppKey, Policy: recall.Policy{Retry: recall.Retry{Attempts: 1}}}
	h := recalltest.Harness{
		Messages: s.Messages(), Sent: func() int { return len(server.Requests()) }, Secrets: []string{server.AppKey, "BC-wrong"},
	}
	for i, m := range h.Messages {
		if s.Knows(i) {
			server.Add(goeasytest.Message{ID: m.MessageID, From: m.From, To: m.To, SentAt: m.SentAt})
		}
	}
	hook := s.Hook()
	switch s {
	case recalltest.WrongCredentials:
		cfg.AppKey = "BC-wrong"
	case recalltest.WindowExpired:
		h.Skip = "GoEasy documents no recall window"
	case recalltest.RateLimited:
		hook = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"code":429}`, http.StatusTooManyRequests)
		}
	case recalltest.Slow:
		cfg.Policy.Timeout = 50 * time.Millisecond
	}
	if hook != nil {
		server.Intercept(slices.Repeat([]http.HandlerFunc{hook}, 20)...)
	}
	client, err := goeasy.New(cfg)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	h.Provider = client
	return h
}
