package netease

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// Computed with other software: body, its MD5, and the CheckSum with the
// secret 0123456789ab and CurTime 1487308054709.
func TestCallbackVectors(t *testing.T) {
	for _, row := range []struct {
		body, md5, checkSum string
		events              []recall.Event
	}{
		{
			`{"eventType":"7","msgId":"11555996"}`, "f01fe8e5b6c168c98eba0c563df9c5b2", "ccfd181bdc7cfb4bdb372e9442ddbbacbcee0882",
			[]recall.Event{recalledEvent("7/11555996/", time.Time{}, recall.Request{MessageID: "11555996", Chat: recall.ChatDirect})},
		},
		{"{}", "99914b932bd37a50b983c5e7c90ae93b", "a5440e984fccaaf51d47b0262853bbc2fc5fe0b1", nil},
		{"", "d41d8cd98f00b204e9800998ecf8427e", "a2dd66fdde073258ef01e0d1d4d8a52554d05c74", nil},
	} {
		h := http.Header{}
		h.Set("AppKey", testAppKey)
		h.Set("CurTime", "1487308054709")
		h.Set("MD5", row.md5)
		h.Set("CheckSum", row.checkSum)
		assert.Equal(t, h, callbackHeader(callbackSecret, []byte(row.body)), row.body)
		events, err := newCallbacks(t, callbackSecret).ParseEvents(t.Context(), h, []byte(row.body))
		require.NoError(t, err, row.body)
		assert.Equal(t, row.events, events, row.body)
	}
}

// The console's probe needs no signature, and nothing else goes without.
func TestCallbackProbe(t *testing.T) {
	c := newCallbacks(t, callbackSecret)
	for _, body := range []string{"", "{}", " {}\r\n"} {
		events, err := c.ParseEvents(t.Context(), http.Header{}, []byte(body))
		require.NoError(t, err)
		assert.Empty(t, events)
	}
	for _, body := range []string{"null", "[]", "{ }", `{"eventType":"2"}`, "x"} {
		_, err := c.ParseEvents(t.Context(), http.Header{}, []byte(body))
		assert.ErrorIs(t, err, recall.ErrUnauthorized, body)
	}
}

// A proxy that drops the body, or a middleware that has read it, does not make
// a probe of a message.
func TestCallbackThatLostItsBody(t *testing.T) {
	c := newCallbacks(t, callbackSecret)
	h := callbackHeader(callbackSecret, []byte(`{"eventType":"7","msgId":"11555996"}`))
	for _, body := range []string{"", "{}"} {
		_, err := c.ParseEvents(t.Context(), h, []byte(body))
		require.ErrorIs(t, err, recall.ErrUnauthorized, body)
		events, err := c.ParseEvents(t.Context(), callbackHeader(callbackSecret, []byte(body)), []byte(body))
		require.NoError(t, err, "a probe that is signed")
		assert.Empty(t, events)
	}
}

// flipped returns s with one bit after the other turned over.
func flipped(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range len(s) * 8 {
			b := []byte(s)
			b[i/8] ^= 1 << (i % 8)
			if !yield(string(b)) {
				return
			}
		}
	}
}

func TestCallbackBitFlips(t *testing.T) {
	m := fixture(t, "callback.recall.request.http")
	m.Header.Set("AppKey", testAppKey)
	c := newCallbacks(t, callbackSecret)
	_, err := c.ParseEvents(t.Context(), m.Header, m.Body)
	require.NoError(t, err)

	for body := range flipped(string(m.Body)) {
		_, err := c.ParseEvents(t.Context(), m.Header, []byte(body))
		require.ErrorIs(t, err, recall.ErrUnauthorized)
	}
	for name, kind := range map[string]recall.Kind{
		"MD5": recall.ErrUnauthorized, "CheckSum": recall.ErrUnauthorized, "CurTime": recall.ErrUnauthorized,
		"AppKey": recall.ErrMisconfigured,
	} {
		for value := range flipped(m.Header.Get(name)) {
			h := m.Header.Clone()
			h.Set(name, value)
			_, err := c.ParseEvents(t.Context(), h, m.Body)
			require.ErrorIs(t, err, kind, "%s: %q", name, value)
		}
	}
	for secret := range flipped(callbackSecret) {
		if other, err := NewCallbacks(CallbackConfig{AppKey: testAppKey, Secrets: []string{secret}}); err == nil {
			_, err := other.ParseEvents(t.Context(), m.Header, m.Body)
			require.ErrorIs(t, err, recall.ErrUnauthorized, "%q", secret)
		}
	}
}

func TestCallbackHeadersMissing(t *testing.T) {
	body := []byte(`{"eventType":"7","msgId":"11555996"}`)
	c := newCallbacks(t, callbackSecret)
	for _, name := range []string{"MD5", "CheckSum", "CurTime"} {
		h := callbackHeader(callbackSecret, body)
		h.Del(name)
		_, err := c.ParseEvents(t.Context(), h, body)
		assert.ErrorIs(t, err, recall.ErrUnauthorized, name)
	}
	for _, name := range []string{"MD5", "CheckSum"} {
		h := callbackHeader(callbackSecret, body)
		h.Set(name, strings.ToUpper(h.Get(name)))
		_, err := c.ParseEvents(t.Context(), h, body)
		assert.ErrorIs(t, err, recall.ErrUnauthorized, name)
	}
	h := callbackHeader(callbackSecret, body)
	h.Del("AppKey")
	_, err := c.ParseEvents(t.Context(), h, body)
	assert.NoError(t, err, "the pages' examples have no AppKey, and the secret is the application's")
}

// The console gets its 200 without a signature, and nobody is told anything.
func TestCallbackProbeIsAnswered(t *testing.T) {
	h := &recall.EventHandler{
		Parser:  newCallbacks(t, callbackSecret),
		Handle:  func(context.Context, recall.Event) error { return errors.New("there is no event") },
		OnError: func(_ *http.Request, err error) { t.Error(err) },
	}
	for _, body := range []string{"", "{}"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body)))
		assert.Equal(t, http.StatusOK, w.Code, body)
		assert.Equal(t, "ok", w.Body.String())
	}
}
