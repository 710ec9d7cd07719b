package goeasy_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

// TestLive recalls one real message, with the variables that the README names.
func TestLive(t *testing.T) { recalltest.TestProvider(t, live(t, os.Getenv)) }

func live(t *testing.T, getenv func(string) string) func(*testing.T, recalltest.Situation) recalltest.Harness {
	env := recalltest.NewEnv(t, "GOEASY_", "SENT_AT", getenv)
	message := env.Message()
	message.MessageID = "the message of " + env.Required("SENT_AT") // GoEasy is not told
	cfg := goeasy.Config{Host: env.Required("HOST"), AppKey: env.Required("APP_KEY")}
	env.Check()
	return recalltest.Live(recalltest.Account{
		Message: message, Secrets: []string{cfg.AppKey},
		Connect: func(transport http.RoundTripper, wrong bool) (recall.Provider, error) {
			c := cfg
			c.Policy.Transport = transport
			if wrong {
				c.AppKey = "BC-wrong"
			}
			return goeasy.New(c)
		},
	})
}

func TestLiveTouchesOneMessageOnly(t *testing.T) {
	server := goeasytest.NewServer()
	t.Cleanup(server.Close)
	messages := recalltest.Healthy.Messages()
	given := messages[2]
	for _, m := range messages {
		server.Add(goeasytest.Message{ID: m.MessageID, From: m.From, To: m.To, SentAt: m.SentAt})
	}
	env := map[string]string{
		"GOEASY_HOST": server.URL, "GOEASY_APP_KEY": server.AppKey, "GOEASY_CHAT": "direct",
		"GOEASY_FROM": given.From, "GOEASY_TO": given.To, "GOEASY_SENT_AT": strconv.FormatInt(given.SentAt.UnixMilli(), 10),
	}
	recalltest.TestProvider(t, live(t, func(name string) string { return env[name] }))

	for _, m := range messages {
		assert.Equal(t, m.MessageID == given.MessageID, server.Recalled(m.MessageID), m.MessageID)
	}
	for _, r := range server.Requests() {
		var body goeasy.RecallParams
		require.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		assert.Equal(t, []int64{given.SentAt.UnixMilli()}, body.Messages)
		assert.Equal(t, []string{given.From, given.To}, []string{body.UserAID, body.UserBID})
	}
}
