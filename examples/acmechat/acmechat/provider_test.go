package acmechat_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/examples/acmechat/acmechat"
	"github.com/imrecall/imrecall/examples/acmechat/acmechattest"
	"github.com/imrecall/imrecall/recall"
)

func TestConfigThatCannotWork(t *testing.T) {
	for field, cfg := range map[string]acmechat.Config{
		"BaseURL": {App: "a", Key: "k"}, "App": {BaseURL: "http://x", Key: "k"}, "Key": {BaseURL: "http://x", App: "a"},
	} {
		_, err := acmechat.New(cfg)
		assert.ErrorIs(t, err, recall.ErrMisconfigured)
		assert.ErrorContains(t, err, field+": is required")
	}
}

// Answers that no document of the vendor has are no success.
func TestAnswers(t *testing.T) {
	for body, want := range map[string]recall.Kind{
		`{"status":"recalled","message":"other"}`:    recall.ErrBadResponse,
		`{"status":"later","message":"1"}`:           recall.ErrBadResponse,
		`{"code":"new_code"}`:                        recall.ErrBadResponse,
		`{"code":"too_old","text":"demo-key is no"}`: recall.ErrWindowExpired,
		`{"code":"unknown_message"}`:                 recall.ErrNotFound,
		`{`:                                          recall.ErrBadResponse,
		``:                                           recall.ErrBadResponse,
	} {
		server := acmechattest.NewServer()
		server.Hook = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
		client, err := acmechat.New(acmechat.Config{BaseURL: server.URL, App: "demo", Key: server.Key})
		require.NoError(t, err)
		_, err = client.RecallMessage(t.Context(), recall.Request{MessageID: "1", Chat: recall.ChatGroup, To: "g"})
		assert.ErrorIs(t, err, want, body)
		assert.NotContains(t, err.Error(), server.Key)
		assert.NotContains(t, fmt.Sprintf("%+v %#v", client, client), server.Key)
		client.Close()
		server.Close()
	}
}

// A gateway has codes of its own, or none: what it says is about the server, and worth another try.
func TestServerFailures(t *testing.T) {
	for _, body := range []string{"<html>Bad Gateway</html>", `{"code":"overload"}`, ""} {
		server := acmechattest.NewServer()
		server.Hook = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, body, http.StatusBadGateway) }
		client, err := acmechat.New(acmechat.Config{BaseURL: server.URL, App: "demo", Key: server.Key})
		require.NoError(t, err)
		_, err = client.RecallMessage(t.Context(), recall.Request{MessageID: "1", Chat: recall.ChatGroup, To: "g"})
		var e *recall.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, recall.ErrUnavailable, e.Kind, body)
		assert.True(t, e.MayHaveApplied, body)
		assert.Equal(t, http.StatusBadGateway, e.Status, body)
		client.Close()
		server.Close()
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := acmechattest.NewServer()
	t.Cleanup(elsewhere.Close)
	server := acmechattest.NewServer()
	t.Cleanup(server.Close)
	server.Hook = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}
	client, err := acmechat.New(acmechat.Config{BaseURL: server.URL, App: "demo", Key: server.Key})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	_, err = client.RecallMessage(t.Context(), recall.Request{MessageID: "1", Chat: recall.ChatGroup, To: "g"})
	assert.ErrorIs(t, err, recall.ErrBadResponse)
	assert.Zero(t, elsewhere.Requests(), "the key stays here")
}

func TestLiveOnAServer(t *testing.T) {
	server := acmechattest.NewServer()
	t.Cleanup(server.Close)
	server.Add(acmechattest.Message{ID: "m-1", Chat: "direct", To: "user2", SentAt: time.Now()})
	server.Add(acmechattest.Message{ID: "m-2", Chat: "direct", To: "user2", SentAt: time.Now()})
	for name, value := range map[string]string{
		"URL": server.URL, "APP": "demo", "KEY": server.Key, "MESSAGE_ID": "m-1", "CHAT": "direct", "TO": "user2",
	} {
		t.Setenv("ACMECHAT_"+name, value)
	}
	TestLive(t)
	assert.True(t, server.Recalled("m-1"))
	assert.False(t, server.Recalled("m-2"))
}

func TestNobodyListens(t *testing.T) {
	client, err := acmechat.New(acmechat.Config{BaseURL: "http://127.0.0.1:1", App: "demo", Key: "k"})
	require.NoError(t, err)
	_, err = client.RecallMessage(t.Context(), recall.Request{MessageID: "1", Chat: recall.ChatGroup, To: "g"})
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, recall.ErrUnavailable, e.Kind)
	assert.False(t, e.MayHaveApplied, "nothing was sent")
}
