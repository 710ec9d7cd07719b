package netease

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestCallbackSecretsRotate(t *testing.T) {
	body := []byte(`{"eventType":"7","msgId":"11555996"}`)
	c := newCallbacks(t, "old-secret", "new-secret")
	for secret, want := range map[string]error{"old-secret": nil, "new-secret": nil, "other-secret": recall.ErrUnauthorized} {
		_, err := c.ParseEvents(t.Context(), callbackHeader(secret, body), body)
		assert.ErrorIs(t, err, want, secret)
	}

	var secrets []string
	var failed error
	c, err := NewCallbacks(CallbackConfig{AppKey: testAppKey, SecretsFunc: func(context.Context) ([]string, error) {
		return secrets, failed
	}})
	require.NoError(t, err)
	for _, row := range []struct {
		secrets []string
		failed  error
		want    error
	}{
		{secrets: []string{testSecret}},
		{secrets: []string{"old-secret", testSecret}},
		{secrets: []string{"old-secret"}, want: recall.ErrUnauthorized},
		{want: recall.ErrUnavailable},
		{secrets: []string{testSecret, ""}, want: recall.ErrUnavailable},
		{secrets: []string{testSecret + "\n"}, want: recall.ErrUnavailable},
		{failed: errors.New("vault is sealed"), want: recall.ErrUnavailable},
		{failed: &recall.Error{Kind: recall.ErrUnauthorized, Vendor: "vault"}, want: recall.ErrUnavailable},
	} {
		secrets, failed = row.secrets, row.failed
		_, err := c.ParseEvents(t.Context(), callbackHeader(testSecret, body), body)
		assert.ErrorIs(t, err, row.want, row)
		assertHides(t, err, testSecret, "old-secret")
		if row.want != nil {
			assert.Equal(t, row.want, error(failure(t, err).Kind), "the outermost kind is what EventHandler goes by")
		}
	}
	failed = context.Canceled
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.ParseEvents(ctx, callbackHeader(testSecret, body), body)
	assert.ErrorIs(t, err, recall.ErrCanceled)
}

func TestCallbackConfig(t *testing.T) {
	get := func(context.Context) ([]string, error) { return nil, nil }
	for field, cfg := range map[string]CallbackConfig{
		"AppKey: is required":                        {Secrets: []string{testSecret}},
		"AppKey: has characters that no key has":     {AppKey: "a b", Secrets: []string{testSecret}},
		"Secrets: is required":                       {AppKey: testAppKey},
		"Secrets: holds an empty one":                {AppKey: testAppKey, Secrets: []string{testSecret, ""}},
		"Secrets: holds one that begins":             {AppKey: testAppKey, Secrets: []string{testSecret + "\n"}},
		"SecretsFunc: is given beside Secrets; give": {AppKey: testAppKey, Secrets: []string{testSecret}, SecretsFunc: get},
	} {
		c, err := NewCallbacks(cfg)
		assert.Nil(t, c)
		assert.ErrorIs(t, err, recall.ErrMisconfigured)
		assert.ErrorContains(t, err, field)
		assertHides(t, err, testSecret)
	}
	cfg := CallbackConfig{AppKey: testAppKey, Secrets: []string{"old-secret"}}
	c, err := NewCallbacks(cfg)
	require.NoError(t, err)
	cfg.Secrets[0] = testSecret // later changes of the slice are not the callbacks' business
	body := []byte(`{"eventType":"7","msgId":"11555996"}`)
	_, err = c.ParseEvents(t.Context(), callbackHeader(testSecret, body), body)
	assert.ErrorIs(t, err, recall.ErrUnauthorized)
}

func TestCallbackSecretsAreHidden(t *testing.T) {
	cfg := CallbackConfig{AppKey: testAppKey, Secrets: []string{testSecret, "old-secret"}}
	c, err := NewCallbacks(cfg)
	require.NoError(t, err)
	type holder struct {
		Config    CallbackConfig
		Pointer   *CallbackConfig
		Callbacks *Callbacks
	}
	for _, v := range []any{cfg, &cfg, []CallbackConfig{cfg}, holder{cfg, &cfg, c}, &holder{cfg, &cfg, c}, c, []*Callbacks{c}, *c} {
		assertHides(t, v, testSecret, "old-secret")
	}
	assert.Equal(t, "netease.CallbackConfig{AppKey: "+testAppKey+", Secrets: [secret]}", cfg.String())

	body := []byte(`{"eventType":"7","msgId":"11555996","selfMsg":"` + secretText + `"}`)
	h := callbackHeader(testSecret, body)
	_, err = c.ParseEvents(t.Context(), h, append(bytes.Clone(body), ' '))
	assertHides(t, err, testSecret, "old-secret", secretText, h.Get("CheckSum"), h.Get("MD5"))
}

func TestCallbackRules(t *testing.T) {
	rules := newCallbacks(t, callbackSecret).CallbackRules()
	assert.Equal(t, 5*time.Second, rules.Deadline)
	assert.Equal(t, "ok", string(rules.Answer))
}
