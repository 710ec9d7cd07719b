package netease

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

func TestNewRefuses(t *testing.T) {
	good := Config{Host: HostChina, AppKey: testAppKey, AppSecret: testSecret}
	for _, row := range []struct {
		name  string
		spoil func(*Config)
		field string
		text  string
	}{
		{"no host", func(c *Config) { c.Host = "" }, "Host", "is required"},
		{"host is a slash", func(c *Config) { c.Host = "/" }, "Host", "neither"},
		{"host is a port", func(c *Config) { c.Host = "https://:443/nimserver" }, "Host", "neither"},
		{"host with a space", func(c *Config) { c.Host = "im example.com" }, "Host", "neither"},
		{"host with a line feed", func(c *Config) { c.Host = "im.example.com\n" }, "Host", "neither"},
		{"http", func(c *Config) { c.Host = "http://im.example.com/nimserver" }, "Host", "AllowHTTP"},
		{"http, private network", func(c *Config) { c.Host = "http://10.0.0.1/nimserver" }, "Host", "AllowHTTP"},
		{"http, looks like loopback", func(c *Config) { c.Host = "http://127.0.0.1.example.com" }, "Host", "AllowHTTP"},
		{"user name", func(c *Config) { c.Host = "https://user@im.example.com" }, "Host", "user name"},
		{"password", func(c *Config) { c.Host = "https://user:hunter2@im.example.com" }, "Host", "user name"},
		{"query", func(c *Config) { c.Host = "https://im.example.com/nimserver?a=b" }, "Host", "query"},
		{"empty query", func(c *Config) { c.Host = "https://im.example.com/nimserver?" }, "Host", "query"},
		{"fragment", func(c *Config) { c.Host = "https://im.example.com/nimserver#a" }, "Host", "query"},
		{"other scheme", func(c *Config) { c.Host = "ftp://im.example.com" }, "Host", "scheme"},
		{"websocket", func(c *Config) { c.Host = "wss://im.example.com" }, "Host", "scheme"},
		{"no key", func(c *Config) { c.AppKey = "" }, "AppKey", "is required"},
		{"key with a space", func(c *Config) { c.AppKey = "a b" }, "AppKey", "characters"},
		{"key with a line feed", func(c *Config) { c.AppKey = "ab\n" }, "AppKey", "characters"},
		{"key beyond ASCII", func(c *Config) { c.AppKey = "密钥" }, "AppKey", "characters"},
		{"no secret", func(c *Config) { c.AppSecret = "" }, "AppSecret", "is required"},
		{"negative timeout", func(c *Config) { c.Policy.Timeout = -time.Second }, "Policy.Timeout", "is negative"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := good
			row.spoil(&cfg)
			c, err := New(cfg)
			assert.Nil(t, c)
			e := failure(t, err)
			assert.Equal(t, recall.ErrMisconfigured, e.Kind)
			assert.Equal(t, row.field, e.Field)
			assert.Equal(t, "netease", e.Vendor)
			assert.Equal(t, "new", e.Op)
			assert.Contains(t, err.Error(), row.text)
			assert.NotContains(t, err.Error(), testSecret)
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
		{HostChina, false, "https://api.yunxinapi.com/nimserver"},
		{HostChinaBackup, false, "https://api-cn-bak.yunxinapi.com/nimserver"},
		{HostChinaLegacy, false, "https://api.netease.im/nimserver"},
		{HostSingapore, false, "https://api-sg.yunxinapi.com/nimserver"},
		{HostSingaporeBackup, false, "https://api-sg-bak.yunxinapi.com/nimserver"},
		{"https://im.example.com/nimserver/", false, "https://im.example.com/nimserver"},
		{"im.example.com:8443/nimserver", false, "https://im.example.com:8443/nimserver"},
		{"HTTPS://im.example.com", false, "https://im.example.com"},
		{"http://127.0.0.1:8080/nimserver", false, "http://127.0.0.1:8080/nimserver"},
		{"http://[::1]:8080", false, "http://[::1]:8080"},
		{"http://localhost", false, "http://localhost"},
		{"http://im.example.com/nimserver", true, "http://im.example.com/nimserver"},
		{"https://im.example.com", true, "https://im.example.com"},
	} {
		c, err := New(Config{Host: row.host, AppKey: testAppKey, AppSecret: testSecret, AllowHTTP: row.allowHTTP})
		if assert.NoError(t, err, row.host) {
			assert.Equal(t, row.base, c.v1.Base(), row.host)
			c.Close()
		}
	}
}

// The base path of the host is kept, with and without a slash at its end.
func TestBasePath(t *testing.T) {
	for path, want := range map[string]string{
		"":            "/msg/recall.action",
		"/":           "/msg/recall.action",
		"/nimserver":  "/nimserver/msg/recall.action",
		"/nimserver/": "/nimserver/msg/recall.action",
		"/a%2Fb/c":    "/a%2Fb/c/msg/recall.action",
	} {
		s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200}`))
		_, err := newClient(t, Config{Host: s.URL + path}).Recall(t.Context(), params())
		require.NoError(t, err)
		assert.Equal(t, want, s.Requests()[0].URI, path)
	}
}

func TestConcurrentUse(t *testing.T) {
	s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200}`))
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
	s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200}`))
	c := newClient(t, Config{Host: s.URL})
	c.Close()
	_, err := c.Recall(t.Context(), params())
	assert.NoError(t, err)
	c.Close()
	c.Close()
}

func TestClientDescribesItself(t *testing.T) {
	c := newClient(t, Config{})
	assert.Equal(t, "netease.Client{AppKey: "+testAppKey+", Base: "+testHost+"}", c.String())
	assert.Equal(t, c.String(), fmt.Sprintf("%#v", c))
	cfg := Config{Host: testHost, AppKey: testAppKey, AppSecret: testSecret}
	assert.Equal(t, "netease.Config{Host: "+testHost+", AppKey: "+testAppKey+", AppSecret: [secret]}", cfg.String())
	assert.Equal(t, cfg.String(), cfg.LogValue().String())
	assert.Equal(t, "netease.Config{}", Config{}.String())
	assert.NotContains(t, Config{Host: "https://u:hunter2@h"}.String(), "hunter2")
}
