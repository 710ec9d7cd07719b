package easemob

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestCallbackSecretsRotate(t *testing.T) {
	signedBody := []byte(body())
	for name, secrets := range map[string][]string{
		"alone": {callbackSecret}, "first": {callbackSecret, "newer"}, "last": {"older", "other", callbackSecret},
	} {
		c := newCallbacks(t, func(cfg *CallbackConfig) { cfg.Secrets = secrets })
		clear(secrets) // the caller's list is not kept
		events, err := c.ParseEvents(t.Context(), nil, signedBody)
		require.NoError(t, err, name)
		assert.Len(t, events, 1, name)
	}
	c := newCallbacks(t, func(cfg *CallbackConfig) { cfg.Secrets = []string{"older", "newer"} })
	_, err := c.ParseEvents(t.Context(), nil, signedBody)
	assert.Equal(t, recall.ErrUnauthorized, failure(t, err).Kind)
}

func TestCallbackSecretsFunc(t *testing.T) {
	vault := &recall.Error{Kind: recall.ErrUnauthorized, Vendor: "vault"}
	tests := map[string]struct {
		secrets []string
		err     error
		kind    recall.Kind // "" where the callback is believed
	}{
		"one":         {secrets: []string{callbackSecret}},
		"two":         {secrets: []string{"newer", callbackSecret}},
		"another":     {secrets: []string{"newer"}, kind: recall.ErrUnauthorized},
		"none":        {kind: recall.ErrUnavailable},
		"an empty":    {secrets: []string{callbackSecret, ""}, kind: recall.ErrUnavailable},
		"a line feed": {secrets: []string{callbackSecret + "\n"}, kind: recall.ErrUnavailable},
		"fails":       {secrets: []string{callbackSecret}, err: errors.New("no connection"), kind: recall.ErrUnavailable},
		"refused":     {err: vault, kind: recall.ErrUnavailable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			calls := 0
			c := newCallbacks(t, func(cfg *CallbackConfig) {
				cfg.Secrets = nil
				cfg.SecretsFunc = func(context.Context) ([]string, error) {
					calls++
					return tt.secrets, tt.err
				}
			})
			events, err := c.ParseEvents(t.Context(), nil, []byte(body()))
			assert.Equal(t, 1, calls)
			if tt.kind == "" {
				require.NoError(t, err)
				assert.Len(t, events, 1)
				return
			}
			assert.Equal(t, tt.kind, failure(t, err).Kind)
			assertHides(t, err, callbackSecret)
			if tt.err != nil {
				assert.ErrorIs(t, err, tt.err)
			}

			_, err = c.ParseEvents(t.Context(), nil, []byte(`{"callId":"1"}`))
			assert.ErrorIs(t, err, recall.ErrUnauthorized)
			assert.Equal(t, 1, calls, "what bears no signature costs no secret")
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := newCallbacks(t, func(cfg *CallbackConfig) {
		cfg.Secrets = nil
		cfg.SecretsFunc = func(ctx context.Context) ([]string, error) { return nil, ctx.Err() }
	})
	_, err := c.ParseEvents(ctx, nil, []byte(body()))
	assert.Equal(t, recall.ErrCanceled, failure(t, err).Kind)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestNewCallbacksRefuses(t *testing.T) {
	provide := func(context.Context) ([]string, error) { return nil, nil }
	tests := map[string]struct {
		field  string
		change func(*CallbackConfig)
	}{
		"no secret":       {"Secrets", func(cfg *CallbackConfig) { cfg.Secrets = nil }},
		"an empty list":   {"Secrets", func(cfg *CallbackConfig) { cfg.Secrets = []string{} }},
		"an empty secret": {"Secrets", func(cfg *CallbackConfig) { cfg.Secrets = []string{callbackSecret, ""} }},
		"white space":     {"Secrets", func(cfg *CallbackConfig) { cfg.Secrets = []string{callbackSecret + "\n"} }},
		"both":            {"SecretsFunc", func(cfg *CallbackConfig) { cfg.SecretsFunc = provide }},
		"no org":          {"Org", func(cfg *CallbackConfig) { cfg.Org = "" }},
		"no app":          {"App", func(cfg *CallbackConfig) { cfg.App = "" }},
		"whole App Key":   {"App", func(cfg *CallbackConfig) { cfg.App = "orgname#appname" }},
		"AppID":           {"AppID", func(cfg *CallbackConfig) { cfg.AppID = "x" }},
		"Shengwang":       {"AppID", func(cfg *CallbackConfig) { forShengwang(cfg); cfg.AppID = "" }},
		"Shengwang's org": {"Org", func(cfg *CallbackConfig) { cfg.Dialect = DialectShengwang }},
		"unknown dialect": {"Dialect", func(cfg *CallbackConfig) { cfg.Dialect = "x" }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := CallbackConfig{Org: "orgname", App: "appname", Secrets: []string{callbackSecret}}
			tt.change(&cfg)
			c, err := NewCallbacks(cfg)
			assert.Nil(t, c)
			e := failure(t, err)
			assert.Equal(t, recall.ErrMisconfigured, e.Kind)
			assert.Equal(t, tt.field, e.Field)
			assertHides(t, err, callbackSecret)
		})
	}
}

func TestCallbacksHideSecrets(t *testing.T) {
	secrets := []string{secretPlain, secretQuoted}
	cfg := CallbackConfig{Org: "orgname", App: "appname", Secrets: secrets}
	assertHides(t, cfg, secrets...)
	assertHides(t, &cfg, secrets...)
	assert.Equal(t, "easemob.CallbackConfig{Org: orgname, App: appname, Secrets: [secret]}", fmt.Sprintf("%+v", cfg))
	assert.NotContains(t, fmt.Sprint(CallbackConfig{}), "secret")
	c, err := NewCallbacks(cfg)
	require.NoError(t, err)
	assertHides(t, c, secrets...)
	assertHides(t, *c, secrets...)
	assertHides(t, struct{ c *Callbacks }{c}, secrets...)
	assertHides(t, struct{ c Callbacks }{*c}, secrets...)
	assertHides(t, recall.EventHandler{Parser: c}, secrets...)
	assert.Equal(t, "easemob.Callbacks{App: orgname#appname}", fmt.Sprint(c))
	assert.Equal(t, "<nil>", fmt.Sprint((*Callbacks)(nil)))
}

func TestCallbackAnswer(t *testing.T) {
	rules := newCallbacks(t, nil).CallbackRules()
	assert.LessOrEqual(t, len(rules.Answer), 1000, "a longer answer counts as a failure")
	assert.Zero(t, rules.Deadline, "none is documented")
	rules.Answer[0] = 'x'
	assert.Equal(t, "{}", string(newCallbacks(t, nil).CallbackRules().Answer), "callers do not share it")
}

func TestCallbacksConcurrentUse(t *testing.T) {
	c := newCallbacks(t, func(cfg *CallbackConfig) { cfg.Secrets = []string{"older", callbackSecret} })
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			events, err := c.ParseEvents(t.Context(), nil, []byte(body()))
			assert.NoError(t, err)
			assert.Len(t, events, 1)
		})
	}
	wg.Wait()
}
