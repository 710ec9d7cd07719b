package easemob

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// withCredentials returns a Config that New accepts.
func withCredentials() Config {
	return Config{Host: HostChina1, Org: "org", App: "app", ClientID: "id", ClientSecret: "secret"}
}

// sourceFunc makes a TokenSource of a function.
type sourceFunc func(ctx context.Context, stale string) (Token, error)

func (f sourceFunc) Token(ctx context.Context, stale string) (Token, error) { return f(ctx, stale) }

func TestNewRefuses(t *testing.T) {
	source := sourceFunc(nil)
	for name, test := range map[string]struct {
		field  string
		change func(*Config)
	}{
		"no org":                      {"Org", func(c *Config) { c.Org = "" }},
		"no app":                      {"App", func(c *Config) { c.App = "" }},
		"app key pasted into org":     {"Org", func(c *Config) { c.Org = "org#app" }},
		"app key pasted into app":     {"App", func(c *Config) { c.App = "org#app" }},
		"org with a slash":            {"Org", func(c *Config) { c.Org = "org/app" }},
		"app with a slash":            {"App", func(c *Config) { c.App = "a/b" }},
		"app with a backslash":        {"App", func(c *Config) { c.App = `a\b` }},
		"app with a query":            {"App", func(c *Config) { c.App = "app?x=y" }},
		"app already escaped":         {"App", func(c *Config) { c.App = "a%2Fb" }},
		"org is the same folder":      {"Org", func(c *Config) { c.Org = "." }},
		"org is the folder above":     {"Org", func(c *Config) { c.Org = ".." }},
		"no credentials":              {"ClientID", func(c *Config) { c.ClientID, c.ClientSecret = "", "" }},
		"no client id":                {"ClientID", func(c *Config) { c.ClientID = "" }},
		"no client secret":            {"ClientSecret", func(c *Config) { c.ClientSecret = "" }},
		"token beside credentials":    {"Token", func(c *Config) { c.Token = "t" }},
		"token beside client id":      {"Token", func(c *Config) { c.Token, c.ClientSecret = "t", "" }},
		"token beside client secret":  {"Token", func(c *Config) { c.Token, c.ClientID = "t", "" }},
		"source beside credentials":   {"TokenSource", func(c *Config) { c.TokenSource = source }},
		"source beside client id":     {"TokenSource", func(c *Config) { c.TokenSource, c.ClientSecret = source, "" }},
		"source beside client secret": {"TokenSource", func(c *Config) { c.TokenSource, c.ClientID = source, "" }},
		"source beside token": {"TokenSource", func(c *Config) {
			c.TokenSource, c.Token, c.ClientID, c.ClientSecret = source, "t", "", ""
		}},
		"token with a line feed": {"Token", func(c *Config) {
			c.Token, c.ClientID, c.ClientSecret = "token\n", "", ""
		}},
		"token with its scheme": {"Token", func(c *Config) {
			c.Token, c.ClientID, c.ClientSecret = "Bearer token", "", ""
		}},
		"no host":          {"Host", func(c *Config) { c.Host = "" }},
		"negative timeout": {"Policy.Timeout", func(c *Config) { c.Policy.Timeout = -time.Second }},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := withCredentials()
			test.change(&cfg)
			assertRefused(t, cfg, test.field)
		})
	}
}

func TestNewRefusesHost(t *testing.T) {
	for name, host := range map[string]string{
		"plain http":              "http://a1.easemob.com",
		"plain http, upper case":  "HTTP://a1.easemob.com",
		"plain http to a network": "http://10.0.0.1:8080",
		"http to a lookalike":     "http://127.0.0.1.example.com",
		"another scheme":          "ftp://a1.easemob.com",
		"no host":                 "https://",
		"no host but a port":      ":443",
		"no host but a path":      "/org/app",
		"user name":               "https://me@a1.easemob.com",
		"password":                "https://me:hunter2@a1.easemob.com",
		"password, no scheme":     "me:hunter2@a1.easemob.com",
		"query":                   "https://a1.easemob.com?x=y",
		"empty query":             "https://a1.easemob.com?",
		"fragment":                "https://a1.easemob.com#x",
		"space":                   "a1.easemob.com ",
		"port that is no number":  "a1.easemob.com:https",
	} {
		t.Run(name, func(t *testing.T) {
			cfg := withCredentials()
			cfg.Host = host
			err := assertRefused(t, cfg, "Host")
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

// assertRefused asserts that New refuses cfg and names the field.
func assertRefused(t *testing.T, cfg Config, field string) *recall.Error {
	t.Helper()
	c, err := New(cfg)
	assert.Nil(t, c)
	e := failure(t, err)
	assert.Equal(t, recall.ErrMisconfigured, e.Kind)
	assert.Equal(t, field, e.Field)
	assert.Equal(t, "new", e.Op)
	assert.Zero(t, e.Attempts)
	assert.False(t, e.MayHaveApplied)
	return e
}

func TestNewAccepts(t *testing.T) {
	for name, test := range map[string]struct {
		host, base string
		allowHTTP  bool
	}{
		"host name":            {HostChina1, "https://a1.easemob.com", false},
		"host and port":        {"easemob.example.com:8443", "https://easemob.example.com:8443", false},
		"https URL":            {"https://a1.easemob.com", "https://a1.easemob.com", false},
		"slash at the end":     {"https://a1.easemob.com/", "https://a1.easemob.com", false},
		"base path":            {"https://gateway.example.com/im/v1", "https://gateway.example.com/im/v1", false},
		"base path and slash":  {"gateway.example.com/im/", "https://gateway.example.com/im", false},
		"loopback v4":          {"http://127.0.0.1:8080", "http://127.0.0.1:8080", false},
		"loopback v6":          {"http://[::1]:8080", "http://[::1]:8080", false},
		"localhost":            {"http://localhost:8080", "http://localhost:8080", false},
		"http that is meant":   {"http://easemob.internal", "http://easemob.internal", true},
		"https where http may": {"easemob.internal", "https://easemob.internal", true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := withCredentials()
			cfg.Host, cfg.AllowHTTP = test.host, test.allowHTTP
			c, err := New(cfg)
			require.NoError(t, err)
			defer c.Close()
			assert.Equal(t, test.base, c.rest.Base())
		})
	}
}

func TestNewAcceptsEachKindOfCredentials(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"credentials": func(*Config) {},
		"token":       func(c *Config) { c.ClientID, c.ClientSecret, c.Token = "", "", "t" },
		"source":      func(c *Config) { c.ClientID, c.ClientSecret, c.TokenSource = "", "", sourceFunc(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := withCredentials()
			change(&cfg)
			c, err := New(cfg)
			require.NoError(t, err)
			c.Close()
			c.Close() // twice is harmless
		})
	}
}

func TestBasePathAndAppKeyAreInThePath(t *testing.T) {
	var path string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.EscapedPath()
		reply(w, 200, recalledJSON(theMessage))
	})
	c := newClient(t, func(cfg *Config) { cfg.Host, cfg.Org, cfg.App = url+"/im/", "1100 org", "äpp" })
	receipt, err := c.Recall(t.Context(), recallOf(theMessage))
	require.NoError(t, err)
	assert.Equal(t, "/im/1100%20org/%C3%A4pp/messages/msg_recall", path)
	assert.Equal(t, "1100 org#äpp", receipt.App)
}

func TestHostsAreBareNames(t *testing.T) {
	for _, host := range []string{
		HostChina1, HostChina2, HostSingapore1, HostSingapore2, HostUSEast1, HostGermany2,
		HostChina1CDN, HostChina2CDN, HostSingapore1CDN, HostSingapore2CDN, HostUSEast1CDN, HostGermany2CDN,
	} {
		cfg := withCredentials()
		cfg.Host = host
		c, err := New(cfg)
		require.NoError(t, err, host)
		assert.Equal(t, "https://"+host, c.rest.Base())
		c.Close()
	}
}
