package easemob_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall/recalltest"
)

func TestConformance(t *testing.T) {
	for _, d := range []easemob.Dialect{easemob.DialectEasemob, easemob.DialectAgora, easemob.DialectShengwang} {
		t.Run("dialect "+string(d), func(t *testing.T) {
			recalltest.TestProvider(t, func(t *testing.T, s recalltest.Situation) recalltest.Harness { return stage(t, s, d) })
		})
	}
}

func stage(t *testing.T, s recalltest.Situation, dialect easemob.Dialect) recalltest.Harness {
	server := easemobtest.NewServer()
	t.Cleanup(server.Close)
	server.Dialect = string(dialect)
	cfg := credentials(server, s == recalltest.WrongCredentials)
	cfg.Host, cfg.Dialect, cfg.Policy.Retry.Attempts = server.URL, dialect, 1
	h := recalltest.Harness{
		Messages: s.Messages(), Sent: func() int { return len(server.Requests()) },
		Secrets: []string{cfg.ClientSecret, cfg.AppCertificate, "YWMt", "007eJ"}, // and how tokens begin
	}
	for i, m := range h.Messages {
		if s.Knows(i) {
			server.Add(easemobtest.Message{ID: m.MessageID, From: m.From, To: m.To, Chat: "chat", SentAt: m.SentAt})
		}
	}
	hook := s.Hook()
	switch s {
	case recalltest.RateLimited:
		hook = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":"reach_limit","error_description":"This request has reached api limit"}`, http.StatusTooManyRequests)
		}
	case recalltest.WindowExpired:
		if dialect == easemob.DialectAgora {
			h.Skip = "Agora's Force does not reach what is still stored, and its emulator stores everything"
		}
	case recalltest.Slow:
		cfg.Policy.Timeout = 50 * time.Millisecond
	}
	if cfg.ClientID != "" && hook != nil {
		server.Intercept(nil) // for the token, which comes first
	}
	server.Intercept(slices.Repeat([]http.HandlerFunc{hook}, 20)...)
	client, err := easemob.New(cfg)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	h.Provider = client
	return h
}

func credentials(server *easemobtest.Server, wrong bool) easemob.Config {
	right := easemob.Config{Org: server.Org, App: server.App, ClientID: server.ClientID, ClientSecret: server.ClientSecret}
	switch server.Dialect {
	case easemobtest.Agora:
		right = easemob.Config{Org: server.Org, App: server.App, AppID: server.AppID, AppCertificate: server.AppCertificate}
	case easemobtest.Shengwang:
		right = easemob.Config{AppID: server.AppID, ClientID: server.ClientID, ClientSecret: server.ClientSecret}
	}
	switch {
	case wrong && right.ClientSecret != "":
		right.ClientSecret = "wrong-secret"
	case wrong:
		right.AppCertificate = "00000000000000000000000000000000"
	}
	return right
}
