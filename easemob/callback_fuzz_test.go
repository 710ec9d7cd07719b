package easemob

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// FuzzCallback: a body that was not signed tells nothing. One that was, whatever else is in it, tells of a
// message that it names, or nothing.
func FuzzCallback(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("testdata", "callback_*.http"))
	require.NoError(f, err)
	require.NotEmpty(f, names)
	for _, name := range names {
		f.Add(readGolden(f, filepath.Base(name)).Body)
	}
	for _, data := range []string{
		body(), body("eventType", ""), body("chat_type", `"groupchat"`, "group_id", `"g1"`, "content_type", `"chat:room:text"`),
		recallBody(), recallBody("recall_id", ""), recallBody("payload", "1"), body("timestamp", "253402300800000"),
		doubled("from"), body("from", "\"\xff\""), body("callId", `"orgname#appname_`+anyUUID+`"`), "null", "[]", "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(data))
	}
	c := newCallbacks(f, nil)
	unknown := newCallbacks(f, func(cfg *CallbackConfig) { cfg.Secrets = []string{"that no corpus was signed with"} })
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := unknown.ParseEvents(t.Context(), nil, data)
		require.ErrorIs(t, err, recall.ErrUnauthorized)

		var b callbackBody
		if json.Unmarshal(data, &b) != nil {
			return
		}
		if !b.CallID.Given() {
			return // never signed
		}
		e, fault := c.event(&b) // as if the signature were right
		if fault != nil {
			assert.Nil(t, e)
			assert.Contains(t, []recall.Kind{recall.ErrUnauthorized, recall.ErrMisconfigured, recall.ErrBadResponse}, fault.Kind)
			assert.Error(t, fault.Err)
			return
		}
		if e != nil {
			assertTold(t, *e, data)
		}
	})
}

// assertTold asserts that an event says no more than the callback.
func assertTold(t *testing.T, e recall.Event, data []byte) {
	t.Helper()
	said := append(words(data), "")
	for _, text := range []string{e.ID, e.Request.MessageID, e.Request.From, e.Request.To} {
		assert.True(t, slices.Contains(said, text), "%q is not in %s", text, data)
	}
	assert.NotEmpty(t, e.ID)
	assert.NotEmpty(t, e.Request.MessageID)
	assert.Empty(t, e.RecalledBy)
	assert.Positive(t, e.At.UnixMilli())
	switch e.Kind {
	case recall.MessageSent:
		assert.NoError(t, newClient(t, nil).ValidateRequest(e.Request), "what was told can be recalled")
		assert.Equal(t, e.At, e.Request.SentAt)
	case recall.MessageRecalled:
		assert.Zero(t, e.Request.SentAt)
	default:
		t.Errorf("unknown kind %q", e.Kind)
	}
	again, err := json.Marshal(e)
	require.NoError(t, err)
	var back recall.Event
	require.NoError(t, json.Unmarshal(again, &back))
	assert.Equal(t, e, back)
}
