package acmechat_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/imrecall/imrecall/examples/acmechat/acmechat"
	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

func TestLive(t *testing.T) {
	env := recalltest.NewEnv(t, "ACMECHAT_", "MESSAGE_ID", os.Getenv)
	message := env.Message() // ACMECHAT_MESSAGE_ID, ACMECHAT_CHAT, ACMECHAT_TO and so on
	cfg := acmechat.Config{BaseURL: env.Required("URL"), App: env.Required("APP"), Key: env.Required("KEY")}
	env.Check()
	recalltest.TestProvider(t, recalltest.Live(recalltest.Account{
		Message: message, Secrets: []string{cfg.Key},
		Connect: func(transport http.RoundTripper, wrong bool) (recall.Provider, error) {
			c := cfg
			c.Transport = transport
			if wrong {
				c.Key = "wrong-key"
			}
			return acmechat.New(c)
		},
	}))
}
