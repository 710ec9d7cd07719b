package netease

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// Whatever is signed either makes an event that can be stored, and recalled if
// it is of a message, or is refused.
func FuzzCallback(f *testing.F) {
	for _, name := range []string{
		"message", "picture", "team", "superteam", "room", "friend", "login", "recall", "recall.team", "recall.superteam",
	} {
		f.Add(fixture(f, "callback."+name+".request.http").Body)
	}
	for _, body := range []string{
		``, `{}`, `null`, `[]`, `{"eventType":7,"msgId":927914262574}`, `{"EVENTTYPE":"7","msgid":"1"}`, `{"eventType":"7","msgId":1e3}`,
		`{"eventType":"1","convType":"TEAM","msgidServer":"1","fromAccount":"\ud83d","to":"2","msgTimestamp":"1441977355557"}`,
		`{"eventType":"4","msgidClient":"/","fromAccount":"%2F","roomId":7,"msgTimestamp":253402300799999}`,
	} {
		f.Add([]byte(body))
	}
	c := newCallbacks(f, callbackSecret)
	client, err := New(Config{AppKey: testAppKey, AppSecret: testSecret, Host: testHost})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := c.ParseEvents(t.Context(), callbackHeader(callbackSecret, body), body)
		if err != nil {
			assert.ErrorIs(t, err, recall.ErrBadResponse)
			assert.Empty(t, events)
			return
		}
		require.LessOrEqual(t, len(events), 1)
		for _, e := range events {
			text, err := json.Marshal(e)
			require.NoError(t, err)
			var back recall.Event
			require.NoError(t, json.Unmarshal(text, &back))
			assert.Equal(t, e, back)
			assert.NotEmpty(t, e.ID)
			assert.NoError(t, positiveIDOf(e), e.Request)
			if e.Kind == recall.MessageSent {
				assert.Equal(t, e.Request.SentAt, e.At)
				e.Request.Operator = "admin"
				// The vendor allows longer accids than its call for super-teams takes.
				if e.Request.Chat != recall.ChatSuperGroup {
					assert.NoError(t, client.ValidateRequest(e.Request))
				}
			}
		}
		if len(events) > 0 {
			_, err = c.ParseEvents(t.Context(), http.Header{}, body)
			assert.ErrorIs(t, err, recall.ErrUnauthorized)
		}
	})
}

// positiveIDOf checks the id that the server gave.
func positiveIDOf(e recall.Event) error {
	id := e.Request.MessageID
	if e.Request.Chat == recall.ChatRoom {
		id = e.Request.To
	}
	if err := positiveID("id", id); err != nil {
		return err
	}
	return nil
}
