package netease_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

// TestLive recalls one real message, with the variables that the README names.
func TestLive(t *testing.T) { recalltest.TestProvider(t, live(t, os.Getenv)) }

func live(t *testing.T, getenv func(string) string) func(*testing.T, recalltest.Situation) recalltest.Harness {
	env := recalltest.NewEnv(t, "NETEASE_", "MESSAGE_ID", getenv)
	message := env.Message()
	cfg := netease.Config{Host: env.Required("HOST"), AppKey: env.Required("APP_KEY"), AppSecret: env.Required("APP_SECRET")}
	env.Check()
	return recalltest.Live(recalltest.Account{
		Message: message, Secrets: []string{cfg.AppSecret},
		Connect: func(transport http.RoundTripper, wrong bool) (recall.Provider, error) {
			c := cfg
			c.Policy.Transport = transport
			if wrong {
				c.AppSecret = "wrong-secret"
			}
			return netease.New(c)
		},
	})
}

func TestLiveTouchesOneMessageOnly(t *testing.T) {
	server := neteasetest.NewServer()
	t.Cleanup(server.Close)
	given := recalltest.Healthy.Messages()[2]
	for _, m := range recalltest.Healthy.Messages() {
		server.Add(neteasetest.Message{ID: m.MessageID, From: m.From, To: m.To, Type: neteasetest.TypeP2P, SentAt: m.SentAt})
	}
	env := map[string]string{
		"NETEASE_HOST": server.BaseURL(), "NETEASE_APP_KEY": server.AppKey, "NETEASE_APP_SECRET": server.AppSecret,
		"NETEASE_MESSAGE_ID": given.MessageID, "NETEASE_CHAT": "direct", "NETEASE_FROM": given.From, "NETEASE_TO": given.To,
	}
	recalltest.TestProvider(t, live(t, func(name string) string { return env[name] }))

	for _, m := range recalltest.Healthy.Messages() {
		assert.Equal(t, m.MessageID == given.MessageID, server.Recalled(m.MessageID), m.MessageID)
	}
	for _, r := range server.Requests() {
		require.NoError(t, r.ParseForm())
		assert.Equal(t, given.MessageID, r.PostForm.Get("deleteMsgid"))
	}
}
