package recalltest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

func TestEnvMessage(t *testing.T) {
	sentAt := time.UnixMilli(1700000000123)
	for _, text := range []string{"1700000000123", "2023-11-14T22:13:20.123Z", "2023-11-15T06:13:20.123+08:00"} {
		vars := map[string]string{
			"V_MESSAGE_ID": "1", "V_CHAT": "room", "V_FROM": "a", "V_TO": "b", "V_OPERATOR": "o", "V_FORCE": "true", "V_SENT_AT": text,
		}
		env := recalltest.NewEnv(t, "V_", "MESSAGE_ID", func(name string) string { return vars[name] })
		req := env.Message()
		env.Check()
		assert.True(t, req.SentAt.Equal(sentAt), text)
		req.SentAt = time.Time{}
		assert.Equal(t, recall.Request{MessageID: "1", Chat: recall.ChatRoom, From: "a", To: "b", Operator: "o", Force: true}, req)
	}
}

func TestEnvSkips(t *testing.T) {
	skipped := false
	t.Run("without variables", func(t *testing.T) {
		defer func() { skipped = t.Skipped() }()
		recalltest.NewEnv(t, "V_", "MESSAGE_ID", func(string) string { return "" })
		t.Error("it went on")
	})
	assert.True(t, skipped)
}

// A harness for a real vendor has no network where nothing may be sent.
func TestLiveIsOffline(t *testing.T) {
	var transport http.RoundTripper
	account := recalltest.Account{
		Message: message("1"),
		Connect: func(rt http.RoundTripper, _ bool) (recall.Provider, error) {
			transport = rt
			return &recalltest.Fake{}, nil
		},
	}
	h := recalltest.Live(account)(t, recalltest.Untouched)
	require.NotNil(t, transport)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:1", nil)
	require.NoError(t, err)
	res, err := transport.RoundTrip(req)
	if err == nil {
		_ = res.Body.Close()
	}
	assert.ErrorContains(t, err, "nothing may be sent")
	assert.Equal(t, 1, h.Sent())

	for _, s := range []recalltest.Situation{recalltest.Garbage, recalltest.UnknownMessages, recalltest.Slow} {
		assert.NotEmpty(t, recalltest.Live(account)(t, s).Skip, s)
	}
	assert.Equal(t, []recall.Request{account.Message}, recalltest.Live(account)(t, recalltest.Healthy).Messages)
}

// Whoever forgets the transport is told.
func TestLiveWithoutItsTransport(t *testing.T) {
	violations := recalltest.CheckProvider(t, recalltest.Live(recalltest.Account{
		Message: message("1"),
		Connect: func(http.RoundTripper, bool) (recall.Provider, error) { return &recalltest.Fake{}, nil },
	}))
	assert.Contains(t, fmt.Sprint(violations), "did not send through the transport")
}

func TestHookOfASituation(t *testing.T) {
	assert.Nil(t, recalltest.Healthy.Hook())
	assert.NotNil(t, recalltest.Garbage.Hook())
}
