package netease

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

func TestNewRefusesAPIs(t *testing.T) {
	good := Config{API: APIv2, HostV2: HostV2China, AppKey: testAppKey, AppSecret: testSecret}
	for _, row := range []struct {
		name  string
		spoil func(*Config)
		field string
		text  string
	}{
		{"unknown API", func(c *Config) { c.API = "v3" }, "API", "neither"},
		{"v1 without host", func(c *Config) { c.API = APIv1 }, "Host", "is required"},
		{"no host for the default", func(c *Config) { c.API = "" }, "Host", "is required"},
		{"v2 without host", func(c *Config) { c.HostV2, c.Host = "", HostChina }, "HostV2", "is required"},
		{"bad host of v2", func(c *Config) { c.HostV2 = "http://im.example.com" }, "HostV2", "AllowHTTP"},
		{"bad host of v2, not used", func(c *Config) { c.API, c.Host, c.HostV2 = "", HostChina, "ftp://x" }, "HostV2", "scheme"},
		{"bad host of v1, not used", func(c *Config) { c.Host = "ftp://x" }, "Host", "scheme"},
		{"bad fallback", func(c *Config) { c.FallbacksV2 = []string{HostV2ChinaBackup, ""} }, "FallbacksV2[1]", "is required"},
		{"fallbacks alone", func(c *Config) { c.Fallbacks = []string{HostChina} }, "Host", "is required"},
		{"fallbacks of v2 alone", func(c *Config) {
			c.API, c.Host, c.HostV2, c.FallbacksV2 = "", HostChina, "", []string{HostV2China}
		}, "HostV2", "is required"},
		{"former members of v1", func(c *Config) { c.API, c.Host, c.FormerMembers = APIv1, HostChina, true }, "FormerMembers", "APIv2"},
		{"former members of the default", func(c *Config) { c.API, c.Host, c.FormerMembers = "", HostChina, true }, "FormerMembers", "APIv2"},
		{"policy", func(c *Config) { c.Policy.Timeout = -1 }, "Policy.Timeout", "negative"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := good
			row.spoil(&cfg)
			c, err := New(cfg)
			assert.Nil(t, c)
			e := failure(t, err)
			assert.Equal(t, recall.ErrMisconfigured, e.Kind)
			assert.Equal(t, row.field, e.Field)
			assert.ErrorContains(t, err, row.text)
		})
	}
}

func TestNewAcceptsAPIs(t *testing.T) {
	for _, cfg := range []Config{
		{API: APIv2, HostV2: HostV2China, FallbacksV2: []string{HostV2ChinaBackup}},
		{API: APIv2, HostV2: HostV2Singapore, FallbacksV2: []string{HostV2SingaporeBackup}, Host: HostSingapore, FormerMembers: true},
		{API: APIv2, HostV2: HostChina}, // as the vendor's SDKs do
		{API: APIv1, Host: HostChina, HostV2: HostV2China},
		{Host: HostChina},
	} {
		cfg.AppKey, cfg.AppSecret = testAppKey, testSecret
		c, err := New(cfg)
		if assert.NoError(t, err, cfg) {
			assert.Equal(t, cfg.Host, baseOf(c.v1))
			assert.Equal(t, cfg.HostV2, baseOf(c.v2))
			c.Close()
		}
	}
}

func TestDescribesBothAPIs(t *testing.T) {
	cfg := Config{API: APIv2, Host: HostChina, HostV2: HostV2China, AppKey: testAppKey, AppSecret: testSecret}
	assert.Equal(t, "netease.Config{API: v2, Host: "+HostChina+", HostV2: "+HostV2China+", AppKey: "+testAppKey+
		", AppSecret: [secret]}", cfg.String())
	c, err := New(cfg)
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, "netease.Client{AppKey: "+testAppKey+", Base: "+HostChina+", BaseV2: "+HostV2China+"}", c.String())
	assert.NotContains(t, Config{HostV2: "https://u:hunter2@h"}.String(), "hunter2")
}

// A call of an API for which there is no host is refused, after its parameters.
func TestNoHost(t *testing.T) {
	v2Only, err := New(Config{API: APIv2, HostV2: HostV2China, AppKey: testAppKey, AppSecret: testSecret})
	require.NoError(t, err)
	defer v2Only.Close()
	for _, e := range v1Endpoints() {
		requireNoHost(t, v2Only, e, "Host")
	}
	requireNoHost(t, newClient(t, Config{}), v2Endpoint(), "HostV2")
	_, err = newClient(t, Config{}).RecallV2(t.Context(), RecallV2Params{})
	assert.ErrorIs(t, err, recall.ErrInvalidRequest)
}

func requireNoHost(t *testing.T, c *Client, e endpoint, field string) {
	t.Helper()
	receipt, err := e.good(c, t.Context())
	assert.Zero(t, receipt)
	got := failure(t, err)
	assert.Equal(t, recall.Error{
		Kind: recall.ErrMisconfigured, Vendor: "netease", App: testAppKey, Op: e.op, Field: field, Err: got.Err,
	}, *got)
}

// counter is a limiter that notes which quotas it was asked for.
type counter struct {
	mu     sync.Mutex
	quotas []recall.Quota
}

func (l *counter) Wait(_ context.Context, q recall.Quota) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.quotas = append(l.quotas, q)
	return nil
}

func (*counter) Pause(context.Context, recall.Quota, time.Duration) error { return nil }

// The documented quota of every call, and what Policy.Rate makes of it.
func TestQuotas(t *testing.T) {
	const app = "netease/" + testAppKey
	documented := map[string]recall.Quota{
		"recall":              {Key: app + "/msg/recall.action", Calls: 100, Per: time.Second},
		"recall_one_way":      {Key: app + "/msg/delMsgOneWay.action", Calls: 100, Per: time.Second},
		"delete_message":      {Key: app + "/msg/delMsg.action", Calls: 10, Per: time.Minute},
		"delete_roam_session": {Key: app + "/msg/delRoamSession.action", Calls: 100, Per: time.Second},
		"recall_super_team":   {Key: app + "/superteam/recallMsg.action", Calls: 100, Per: time.Second},
		"recall_chatroom":     {Key: app + "/chatroom/recall.action", Calls: 100, Per: time.Second},
		"delete_broadcast":    {Key: app + "/history/delBroadcastMsgById.action", Calls: 100, Per: time.Second},
		"recall_v2":           {Key: app + "/im/v2/conversations/messages", Calls: 100, Per: time.Second},
	}
	s := newServer(t, vendortest.Answering(http.StatusOK, okV2))
	for _, e := range allEndpoints() {
		for _, rate := range []float64{0, 500, -1} {
			limiter := new(counter)
			c, err := New(Config{
				Host: s.URL, HostV2: s.URL, AppKey: testAppKey, AppSecret: testSecret, Policy: recall.Policy{Limiter: limiter, Rate: rate},
			})
			require.NoError(t, err)
			_, err = e.good(c, t.Context())
			require.NoError(t, err)
			c.Close()
			want := documented[e.op]
			switch rate {
			case -1:
				assert.Empty(t, limiter.quotas)
				continue
			case 500:
				want.Calls, want.Per = 500, time.Second
			}
			assert.Equal(t, []recall.Quota{want}, limiter.quotas, e.op)
		}
	}
}

// What becomes of a call whose first attempt was never answered.
func TestSecondAnswerV2(t *testing.T) {
	for _, row := range []struct {
		body           string
		outcome        recall.Outcome
		kind           recall.Kind
		mayHaveApplied bool
	}{
		{okV2, recall.Recalled, "", false},
		{`{"code":107404,"msg":"message not exist"}`, recall.AlreadyGone, "", false},
		{`{"code":431}`, recall.Accepted, "", false},
		{`{"code":107314}`, "", recall.ErrWindowExpired, true},
		{`{"code":109404}`, "", recall.ErrForbidden, true}, // the sender left; the message did not
		{`{"code":102404}`, "", recall.ErrForbidden, true},
		{`{"code":101303}`, "", recall.ErrMisconfigured, true},
		{`{"code":500}`, "", recall.ErrUnavailable, true},
	} {
		s := newServer(t, vendortest.InTurn(vendortest.HangUp, vendortest.Answering(http.StatusOK, row.body)))
		c := newClientV2(t, Config{HostV2: s.URL, Policy: recall.Policy{Retry: recall.Retry{Attempts: 2, BaseDelay: 1, MaxDelay: 1}}})
		receipt, err := c.RecallV2(t.Context(), v2Params())
		sent := s.Requests()
		require.Len(t, sent, 2)
		for _, r := range sent {
			assert.Equal(t, sent[0].Header.Get("X-Custom-Traceid"), r.Header.Get("X-Custom-Traceid"), "one id, so that the vendor can tell")
			assert.Equal(t, sent[0].URI, r.URI)
		}
		if row.kind == "" {
			require.NoError(t, err, row.body)
			assert.Equal(t, row.outcome, receipt.Outcome, row.body)
			continue
		}
		e := failure(t, err)
		assert.Equal(t, row.kind, e.Kind, row.body)
		assert.Equal(t, row.mayHaveApplied, e.MayHaveApplied, row.body)
	}
}

// A retry after a refusal is a new request to the vendor.
func TestNewTraceAfterRefusalV2(t *testing.T) {
	s := newServer(t, vendortest.InTurn(vendortest.Answering(http.StatusOK, `{"code":503}`), vendortest.Answering(http.StatusOK, okV2)))
	c := newClientV2(t, Config{HostV2: s.URL, Policy: recall.Policy{Retry: recall.Retry{Attempts: 2, BaseDelay: 1, MaxDelay: 1}}})
	receipt, err := c.RecallV2(t.Context(), v2Params())
	require.NoError(t, err)
	sent := s.Requests()
	require.Len(t, sent, 2)
	assert.NotEqual(t, sent[0].Header.Get("X-Custom-Traceid"), sent[1].Header.Get("X-Custom-Traceid"))
	assert.NotEqual(t, sent[0].Header.Get("CheckSum"), sent[1].Header.Get("CheckSum"))
	assert.Equal(t, sent[1].Header.Get("X-Custom-Traceid"), receipt.TraceID)
}

// v2 has its own hosts to fall back to.
func TestFallbackV2(t *testing.T) {
	s := newServer(t, vendortest.Answering(http.StatusOK, okV2))
	down := newServer(t, vendortest.Answering(http.StatusBadGateway, "<html>"))
	c := newClientV2(t, Config{
		Host: "http://127.0.0.1:1", HostV2: down.URL, FallbacksV2: []string{s.URL},
		Policy: recall.Policy{Retry: recall.Retry{Attempts: 2, BaseDelay: 1, MaxDelay: 1}},
	})
	_, err := c.RecallV2(t.Context(), v2Params())
	require.NoError(t, err)
	assert.Len(t, down.Requests(), 1)
	assert.Len(t, s.Requests(), 1)
}

// A secret that rotates is asked for again by every call.
func TestRotatedSecretV2(t *testing.T) {
	var asked int
	s := newServer(t, vendortest.InTurn(vendortest.Answering(http.StatusOK, `{"code":414,"msg":"checksum"}`), vendortest.Answering(http.StatusOK, okV2)))
	c, err := New(Config{
		API: APIv2, HostV2: s.URL, AppKey: testAppKey, Policy: recall.Policy{Retry: recall.Retry{Attempts: 1}},
		AppSecretFunc: func(context.Context) (string, error) {
			asked++
			return []string{"old", "new", "new"}[min(asked, 3)-1], nil
		},
	})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.RecallMessage(t.Context(), request())
	require.NoError(t, err)
	assert.Len(t, s.Requests(), 2)
}

// The signature of a call without a body is hidden like any other.
func TestEchoedSignatureIsHiddenV2(t *testing.T) {
	call := func(host string) error {
		_, err := newClient(t, Config{HostV2: host}).RecallV2(t.Context(), v2Params())
		return err
	}
	for name, e := range vendortest.CallEchoes(echoes(), checkSumOf, call) {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, 1, e.Sent)
			require.Error(t, e.Err)
			require.Regexp(t, checkSumForm, e.Secret)
			assertHides(t, e.Err, e.Secret, testSecret)
		})
	}
}

// What v2 does not know any more is gone for everyone only where that was asked for.
func TestNotFoundAfterFailureV2(t *testing.T) {
	for typ, want := range map[int]recall.Outcome{
		RecallTypeTwoWay: recall.AlreadyGone, RecallTypeOneWay: recall.Accepted, RecallTypeDelete: recall.Accepted,
	} {
		s := newServer(t, vendortest.InTurn(vendortest.Answering(http.StatusOK, `{"code":500}`), vendortest.Answering(http.StatusOK, `{"code":107404}`)))
		c := newClientV2(t, Config{HostV2: s.URL, Policy: recall.Policy{Retry: recall.Retry{Attempts: 2, BaseDelay: 1, MaxDelay: 1}}})
		p := v2Params()
		p.Type = typ
		receipt, err := c.RecallV2(t.Context(), p)
		require.NoError(t, err)
		assert.Equal(t, want, receipt.Outcome)
	}
}
