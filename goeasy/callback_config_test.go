package goeasy

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestCallbackSecretsRotate(t *testing.T) {
	c := newCallbacks(t, "old-secret", "new-secret")
	for secret, want := range map[string]error{"old-secret": nil, "new-secret": nil, "other-secret": recall.ErrUnauthorized} {
		header, body := callbackOf(secret, "[]")
		_, err := c.ParseEvents(t.Context(), header, body)
		assert.ErrorIs(t, err, want, secret)
	}

	var secrets []string
	var failed error
	c, err := NewCallbacks(CallbackConfig{Name: "app", SecretsFunc: func(context.Context) ([]string, error) {
		return secrets, failed
	}})
	require.NoError(t, err)
	header, body := callbackOf("new-secret", "[]")
	for _, row := range []struct {
		secrets []string
		failed  error
		want    error
	}{
		{secrets: []string{"new-secret"}},
		{secrets: []string{"old-secret", "new-secret"}},
		{secrets: []string{"old-secret"}, want: recall.ErrUnauthorized},
		{want: recall.ErrUnavailable},
		{secrets: []string{"new-secret", ""}, want: recall.ErrUnavailable},
		{failed: errors.New("vault is sealed"), want: recall.ErrUnavailable},
	} {
		secrets, failed = row.secrets, row.failed
		_, err := c.ParseEvents(t.Context(), header, body)
		assert.ErrorIs(t, err, row.want, row)
		assertHides(t, err, "new-secret", "old-secret")
	}
}

func TestCallbackConfig(t *testing.T) {
	get := func(context.Context) ([]string, error) { return nil, nil }
	for field, cfg := range map[string]CallbackConfig{
		"AppKey: is required, or a Name":             {Secrets: []string{"old-secret"}},
		"AppKey: has characters that no key has":     {AppKey: "a b", Secrets: []string{"old-secret"}},
		"Secrets: is required":                       {AppKey: testAppKey},
		"Secrets: holds an empty one":                {Name: "app", Secrets: []string{""}},
		"SecretsFunc: is given beside Secrets; give": {Name: "app", Secrets: []string{"old-secret"}, SecretsFunc: get},
	} {
		c, err := NewCallbacks(cfg)
		assert.Nil(t, c)
		assert.ErrorIs(t, err, recall.ErrMisconfigured)
		assert.ErrorContains(t, err, field)
		assertHides(t, err, "old-secret", testAppKey)
	}
	c, err := NewCallbacks(CallbackConfig{AppKey: testAppKey, Name: "app", Secrets: []string{"old-secret"}})
	require.NoError(t, err)
	header, body := callbackOf("old-secret", `[{"timestamp":1594958217087,"senderId":"a","groupId":"g"}]`)
	events, err := c.ParseEvents(t.Context(), header, body)
	require.NoError(t, err)
	assert.Equal(t, "app", events[0].App)
	assert.Equal(t, testApp, newClient(t, Config{}).app, "events and receipts call the application the same")
}

func TestCallbackSecretsAreHidden(t *testing.T) {
	cfg := CallbackConfig{AppKey: testAppKey, Secrets: []string{"new-secret", "old-secret"}}
	c, err := NewCallbacks(cfg)
	require.NoError(t, err)
	type holder struct {
		Config    CallbackConfig
		Pointer   *CallbackConfig
		Callbacks *Callbacks
	}
	for _, v := range []any{cfg, &cfg, []CallbackConfig{cfg}, holder{cfg, &cfg, c}, &holder{cfg, &cfg, c}, c, []*Callbacks{c}, *c} {
		assertHides(t, v, "new-secret", "old-secret", testAppKey)
	}
	assert.Equal(t, "goeasy.CallbackConfig{AppKey: [secret], Secrets: [secret]}", cfg.String())

	header, body := callbackOf("another", `[{"payload":"`+secretText+`"}]`)
	_, err = c.ParseEvents(t.Context(), header, body)
	assertHides(t, err, "new-secret", "old-secret", testAppKey, secretText, header.Get("x-goeasy-signature"))
}

func TestCallbackRules(t *testing.T) {
	rules := newCallbacks(t, callbackSecret).CallbackRules()
	assert.Equal(t, `{"code":200,"content":"success"}`, string(rules.Answer))
	assert.Equal(t, 3*time.Second, rules.Deadline)
	assert.True(t, rules.StopsForGood)
}
