package goeasy

import (
	"crypto"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

func TestNewRefuses(t *testing.T) {
	good := Config{Host: HostHangzhou, AppKey: testAppKey}
	for _, row := range []struct {
		name  string
		spoil func(*Config)
		field string
		text  string
	}{
		{"no host", func(c *Config) { c.Host = "" }, "Host", "is required"},
		{"host is a slash", func(c *Config) { c.Host = "/" }, "Host", "neither"},
		{"host is a port", func(c *Config) { c.Host = ":443" }, "Host", "neither"},
		{"host with a space", func(c *Config) { c.Host = "im example.com" }, "Host", "neither"},
		{"host with a line feed", func(c *Config) { c.Host = "im.example.com\n" }, "Host", "neither"},
		{"http", func(c *Config) { c.Host = "http://" + HostHangzhou }, "Host", "AllowHTTP"},
		{"http, private network", func(c *Config) { c.Host = "http://192.168.1.1" }, "Host", "AllowHTTP"},
		{"http, looks like loopback", func(c *Config) { c.Host = "http://localhost.example.com" }, "Host", "AllowHTTP"},
		{"user name", func(c *Config) { c.Host = "user@im.example.com" }, "Host", "user name"},
		{"password", func(c *Config) { c.Host = "https://user:hunter2@im.example.com" }, "Host", "user name"},
		{"query", func(c *Config) { c.Host = "https://im.example.com?appkey=hunter2" }, "Host", "query"},
		{"empty query", func(c *Config) { c.Host = "im.example.com?" }, "Host", "query"},
		{"fragment", func(c *Config) { c.Host = "im.example.com#a" }, "Host", "query"},
		{"other scheme", func(c *Config) { c.Host = "ftp://im.example.com" }, "Host", "scheme"},
		{"websocket", func(c *Config) { c.Host = "wss://hangzhou.goeasy.io" }, "Host", "scheme"},
		{"no key", func(c *Config) { c.AppKey = "" }, "AppKey", "is required"},
		{"key with a space", func(c *Config) { c.AppKey = "BC- x" }, "AppKey", "characters"},
		{"key with a line feed", func(c *Config) { c.AppKey = testAppKey + "\n" }, "AppKey", "characters"},
		{"key that JSON escapes, quote", func(c *Config) { c.AppKey = `BC-"x` }, "AppKey", "characters"},
		{"key that JSON escapes, backslash", func(c *Config) { c.AppKey = `BC-\x` }, "AppKey", "characters"},
		{"key that JSON escapes, HTML", func(c *Config) { c.AppKey = "BC-<x>" }, "AppKey", "characters"},
		{"key that JSON escapes, ampersand", func(c *Config) { c.AppKey = "BC-&x" }, "AppKey", "characters"},
		{"key beyond ASCII", func(c *Config) { c.AppKey = "密钥" }, "AppKey", "characters"},
		{"negative timeout", func(c *Config) { c.Policy.Timeout = -1 }, "Policy.Timeout", "is negative"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := good
			row.spoil(&cfg)
			c, err := New(cfg)
			assert.Nil(t, c)
			e := failure(t, err)
			assert.Equal(t, recall.ErrMisconfigured, e.Kind)
			assert.Equal(t, row.field, e.Field)
			assert.Equal(t, "goeasy", e.Vendor)
			assert.Equal(t, "new", e.Op)
			assert.Contains(t, err.Error(), row.text)
			assert.NotContains(t, err.Error(), testAppKey)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestNewAccepts(t *testing.T) {
	for _, row := range []struct {
		host      string
		allowHTTP bool
		base      string
	}{
		{HostHangzhou, false, "https://rest-hz.goeasy.io"},
		{HostHangzhouLegacy, false, "https://rest-hangzhou.goeasy.io"},
		{HostSingapore, false, "https://rest-singapore.goeasy.io"},
		{"https://rest-hz.goeasy.io/", false, "https://rest-hz.goeasy.io"},
		{"im.example.com:8443", false, "https://im.example.com:8443"},
		{"HTTPS://im.example.com", false, "https://im.example.com"},
		{"http://127.0.0.1:8080", false, "http://127.0.0.1:8080"},
		{"http://[::1]:8080", false, "http://[::1]:8080"},
		{"http://localhost/", false, "http://localhost"},
		{"http://im.example.com", true, "http://im.example.com"},
		{"im.example.com", true, "https://im.example.com"},
	} {
		c, err := New(Config{Host: row.host, AppKey: testAppKey, AllowHTTP: row.allowHTTP})
		if assert.NoError(t, err, row.host) {
			assert.Equal(t, row.base, c.rest.Base(), row.host)
			c.Close()
		}
	}
}

// Any key goes, whatever its shape: common, rest, and those of other times.
func TestKeyShapes(t *testing.T) {
	for _, key := range []string{"BC-xxx", "bc-xxx", "PR-00000000000000000000000000000000", "x", "!#$%'()*+,-./:;=?@[]^_`{|}~"} {
		c, err := New(Config{Host: testHost, AppKey: key})
		if assert.NoError(t, err, key) {
			c.Close()
			body, err := json.Marshal(recallBody{AppKey: key})
			require.NoError(t, err)
			assert.Contains(t, string(body), `"`+key+`"`, "masking would not find the key")
		}
	}
}

// The base path of the host is kept, with and without a slash at its end.
func TestBasePath(t *testing.T) {
	for path, want := range map[string]string{
		"":       "/v2/im/history/recall",
		"/":      "/v2/im/history/recall",
		"/im":    "/im/v2/im/history/recall",
		"/im/":   "/im/v2/im/history/recall",
		"/a%2Fb": "/a%2Fb/v2/im/history/recall",
	} {
		s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200,"content":"OK"}`))
		_, err := newClient(t, Config{Host: s.URL + path}).Recall(t.Context(), params())
		require.NoError(t, err)
		assert.Equal(t, want, s.Requests()[0].URI, path)
	}
}

func TestConcurrentUse(t *testing.T) {
	s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200,"content":"OK"}`))
	c := newClient(t, Config{Host: s.URL})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			_, err := c.Recall(t.Context(), params())
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.Len(t, s.Requests(), 50)
}

// Close lets go of connections only: a call that comes after it still works.
func TestCallAfterClose(t *testing.T) {
	s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200,"content":"OK"}`))
	c := newClient(t, Config{Host: s.URL})
	c.Close()
	_, err := c.Recall(t.Context(), params())
	assert.NoError(t, err)
	c.Close()
	c.Close()
}

// The application is named by a hash, the same in every release: it is in
// people's audit logs.
func TestAppIsAHash(t *testing.T) {
	h := crypto.SHA256.New()
	h.Write([]byte(testAppKey))
	want := hex.EncodeToString(h.Sum(nil))[:8]
	assert.Equal(t, want, appName(testAppKey))
	assert.Equal(t, "e4f0ad8c", appName("BC-xxx"))
	assert.NotEqual(t, appName("BC-xxx"), appName("BC-xxy"))

	c, _ := mocked(t, http.StatusOK, nil, `{"code":200,"content":"OK"}`)
	receipt, err := c.Recall(t.Context(), params())
	require.NoError(t, err)
	assert.Equal(t, want, receipt.App)
	_, err = c.Recall(t.Context(), RecallParams{})
	assert.Equal(t, want, failure(t, err).App)
}

func TestClientDescribesItself(t *testing.T) {
	c := newClient(t, Config{})
	assert.Equal(t, "goeasy.Client{App: "+appName(testAppKey)+", Base: "+testHost+"}", c.String())
	assert.Equal(t, c.String(), fmt.Sprintf("%#v", c))
	cfg := Config{Host: testHost, AppKey: testAppKey}
	assert.Equal(t, "goeasy.Config{Host: "+testHost+", AppKey: [secret]}", cfg.String())
	assert.Equal(t, cfg.String(), cfg.LogValue().String())
	assert.Equal(t, "goeasy.Config{}", Config{}.String())
	assert.NotContains(t, Config{Host: "https://u:hunter2@h"}.String(), "hunter2")
}
