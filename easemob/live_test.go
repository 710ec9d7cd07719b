package easemob_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

// TestLive recalls one real message, with the variables that the README names.
func TestLive(t *testing.T) { recalltest.TestProvider(t, live(t, os.Getenv)) }

func live(t *testing.T, getenv func(string) string) func(*testing.T, recalltest.Situation) recalltest.Harness {
	env := recalltest.NewEnv(t, "EASEMOB_", "MESSAGE_ID", getenv)
	message := env.Message()
	cfg := easemob.Config{
		Host: env.Required("HOST"), Org: env.Required("ORG"), App: env.Required("APP"),
		ClientID: env.Required("CLIENT_ID"), ClientSecret: env.Required("CLIENT_SECRET"),
	}
	env.Check()
	return recalltest.Live(recalltest.Account{
		Message: message, Secrets: []string{cfg.ClientSecret, "YWMt"}, // how tokens begin
		Connect: func(transport http.RoundTripper, wrong bool) (recall.Provider, error) {
			c := cfg
			c.Policy.Transport = transport
			if wrong {
				c.ClientSecret = "wrong-secret"
			}
			return easemob.New(c)
		},
	})
}

func TestLiveTouchesOneMessageOnly(t *testing.T) {
	server := easemobtest.NewServer()
	t.Cleanup(server.Close)
	for _, m := range recalltest.Healthy.Messages() {
		server.Add(easemobtest.Message{ID: m.MessageID, From: m.From, To: m.To, Chat: "chat", SentAt: m.SentAt})
	}
	given := recalltest.Healthy.Messages()[2].MessageID
	env := map[string]string{
		"EASEMOB_HOST": server.URL, "EASEMOB_ORG": server.Org, "EASEMOB_APP": server.App,
		"EASEMOB_CLIENT_ID": server.ClientID, "EASEMOB_CLIENT_SECRET": server.ClientSecret,
		"EASEMOB_MESSAGE_ID": given, "EASEMOB_CHAT": "direct", "EASEMOB_TO": "1002",
	}
	recalltest.TestProvider(t, live(t, func(name string) string { return env[name] }))

	assert.True(t, server.Recalled(given))
	for _, m := range recalltest.Healthy.Messages() {
		assert.Equal(t, m.MessageID == given, server.Recalled(m.MessageID), m.MessageID)
	}
	for _, r := range server.Requests() {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		if !strings.HasSuffix(r.URL.Path, "/token") {
			assert.Contains(t, string(body), `"msg_id":"`+given+`"`)
			assert.Equal(t, strings.Count(string(body), "msg_id"), strings.Count(string(body), given))
		}
	}
}
