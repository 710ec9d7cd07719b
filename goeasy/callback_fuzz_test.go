package goeasy

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// Whatever is signed makes events that can be stored, and recalled if they are
// of messages, or is refused.
func FuzzCallback(f *testing.F) {
	for _, name := range []string{"private", "recalled"} {
		form, err := url.ParseQuery(string(fixture(f, "callback."+name+".request.http").Body))
		require.NoError(f, err)
		f.Add(form.Get("content"))
	}
	for _, content := range []string{
		"", "[]", "null", "{}", `[{"timestamp":1594958217087}]`, `[{"channel":"c","timestamp":1,"content":"x"}]`,
		`[{"timestamp":"1594958217087","senderId":1,"groupId":2,"recalled":true,"recaller":{"id":3}},null]`,
		`[{"timestamp":1594958217087,"senderId":"a","groupId":"b"},{"senderId":"a"},1]`,
	} {
		f.Add(content)
	}
	c := newCallbacks(f, callbackSecret)
	client, err := New(Config{AppKey: testAppKey, Host: testHost})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, content string) {
		header, body := callbackOf(callbackSecret, content)
		events, err := c.ParseEvents(t.Context(), header, body)
		if err != nil {
			assert.ErrorIs(t, err, recall.ErrBadResponse)
		}
		for _, e := range events {
			text, err := json.Marshal(e)
			require.NoError(t, err)
			var back recall.Event
			require.NoError(t, json.Unmarshal(text, &back))
			assert.Equal(t, e, back)
			assert.NotEmpty(t, e.ID)
			assert.NoError(t, client.ValidateRequest(e.Request))
		}
	})
}

// Nothing that is not signed gets through, whatever the form looks like.
func FuzzCallbackForm(f *testing.F) {
	header, body := callbackOf(callbackSecret, "[]")
	f.Add(header.Get("x-goeasy-signature"), string(body))
	f.Add("", "content=[]")
	f.Add("x", "content=%5B%5D&content=x")
	c := newCallbacks(f, callbackSecret)
	f.Fuzz(func(t *testing.T, signature, body string) {
		_, err := c.ParseEvents(t.Context(), http.Header{"X-Goeasy-Signature": {signature}}, []byte(body))
		if form, formErr := url.ParseQuery(body); err == nil && formErr == nil && len(form["content"]) == 1 && signature == sign(callbackSecret, form.Get("content")) {
			return
		}
		assert.ErrorIs(t, err, recall.ErrUnauthorized)
	})
}
