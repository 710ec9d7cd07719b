package rest

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestBase(t *testing.T) {
	for _, tt := range []struct {
		host      string
		allowHTTP bool
		want      string
	}{
		{host: "a1.easemob.com", want: "https://a1.easemob.com"},
		{host: "a1.easemob.com:8443", want: "https://a1.easemob.com:8443"},
		{host: "https://api.yunxinapi.com/nimserver/", want: "https://api.yunxinapi.com/nimserver"},
		{host: "http://127.0.0.1:8080", want: "http://127.0.0.1:8080"},
		{host: "http://localhost", want: "http://localhost"},
		{host: "http://[::1]:80/x", want: "http://[::1]:80/x"},
		{host: "http://im.corp.example", allowHTTP: true, want: "http://im.corp.example"},
	} {
		c, err := New(Config{Vendor: "acme", Host: tt.host, AllowHTTP: tt.allowHTTP})
		require.NoError(t, err, tt.host)
		assert.Equal(t, tt.want, c.Base())
	}
}

func TestBaseRefused(t *testing.T) {
	for host, rule := range map[string]string{
		"":                           "is required",
		"http://a1.easemob.com":      "plain http",
		"http://127.0.0.1.evil.test": "plain http",
		"http://10.0.0.1":            "plain http",
		"ftp://a1.easemob.com":       "scheme",
		"https://u:pa55word@host":    "user name or password",
		"https://host?key=1":         "query",
		"https://host?":              "query",
		"https://host#x":             "fragment",
		"https://":                   "neither",
		"https://%zz":                "neither",
		"a b":                        "neither",
		"http://pa55word@[::1":       "neither",
	} {
		_, err := New(Config{Vendor: "acme", Host: host})
		var e *recall.Error
		require.ErrorAs(t, err, &e, host)
		assert.Equal(t, recall.ErrMisconfigured, e.Kind)
		assert.Equal(t, "Host", e.Field)
		require.ErrorContains(t, err, rule, host)
		assert.NotContains(t, err.Error(), "pa55word")
	}
}

func TestPolicyRefused(t *testing.T) {
	_, err := New(Config{Vendor: "acme", Host: "h", Policy: recall.Policy{Timeout: -1}})
	require.EqualError(t, err, "acme: new: misconfigured: Policy.Timeout: is negative")
}

func TestPolicyDefaults(t *testing.T) {
	c, err := New(Config{Vendor: "acme", Host: "h"})
	require.NoError(t, err)
	assert.Equal(t, recall.DefaultTimeout, c.timeout)
	assert.NotNil(t, c.own)
	other, err := New(Config{Vendor: "acme", Host: "h", Policy: recall.Policy{Timeout: time.Second}})
	require.NoError(t, err)
	assert.Equal(t, time.Second, other.timeout)
	assert.NotSame(t, c.own, other.own)
}

// closer is a transport of the caller's that must not be touched.
type closer struct {
	http.RoundTripper
	closed bool
}

func (c *closer) CloseIdleConnections() { c.closed = true }

func TestCloseLeavesTheCallersTransport(t *testing.T) {
	transport := &closer{}
	c, err := New(Config{Vendor: "acme", Host: "h", Policy: recall.Policy{Transport: transport}})
	require.NoError(t, err)
	c.Close()
	assert.False(t, transport.closed)
}

func TestRefused(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1", recall.Policy{})
	original := recall.Invalid("To", "is required")
	err := c.Refused("recall", original)
	require.EqualError(t, err, "acme: recall: invalid_request: To: is required (app app)")
	assert.Empty(t, original.Vendor)
}

func TestValidation(t *testing.T) {
	for _, tt := range []struct {
		got  *recall.Error
		want string
	}{
		{Required("To", "x"), ""},
		{Required("To", ""), "invalid_request: To: is required"},
		{Required("To", "\xff"), "invalid_request: To: is not valid UTF-8"},
		{UTF8("To", ""), ""},
		{AtMost("Msg", "撤回撤回", 4), ""},
		{AtMost("Msg", "撤回撤回撤", 4), "invalid_request: Msg: is longer than 4 characters"},
		{Chat(recall.ChatRoom), ""},
		{Chat(""), "invalid_request: Chat: is required"},
		{Chat("x"), "invalid_request: Chat: is none of direct, group, super_group and room"},
		{Unsupported("is room"), "unsupported: Chat: is room"},
		{First(nil, recall.Invalid("A", "a"), recall.Invalid("B", "b")), "invalid_request: A: a"},
		{First(nil, nil), ""},
	} {
		if tt.want == "" {
			assert.Nil(t, tt.got)
			continue
		}
		assert.EqualError(t, tt.got, tt.want)
	}
}

func TestMillis(t *testing.T) {
	ms, err := Millis("SentAt", time.UnixMilli(1700000000123))
	require.Nil(t, err)
	assert.Equal(t, int64(1700000000123), ms)
	for rule, sent := range map[string]time.Time{
		"is required":              {},
		"is before 1970":           time.UnixMilli(-1),
		"is not in whole millisec": time.UnixMicro(1700000000123456),
	} {
		_, err := Millis("SentAt", sent)
		require.ErrorContains(t, err, rule)
	}
	_, err = Millis("SentAt", time.Date(400_000_000, 1, 1, 0, 0, 0, 0, time.UTC))
	require.Error(t, err, "beyond what milliseconds can tell")
}

func TestHeaderValue(t *testing.T) {
	assert.True(t, HeaderValue("YWMt-abc_123.~+/="))
	for _, s := range []string{"", "a b", "a\r\nb", "密钥", "a\x7f"} {
		assert.False(t, HeaderValue(s), "%q", s)
	}
}

func TestDescribe(t *testing.T) {
	assert.Equal(t, "T{A: 1, C: [secret]}", Describe("T", "A", "1", "B", "", "C", Hidden("x")))
	assert.Equal(t, "T{}", Describe("T", "A", Hidden("")))
	assert.Equal(t, mark, HiddenAll([]string{"a", "b"}))
	assert.Empty(t, HiddenAll(nil))
	assert.Equal(t, "[secret]", HostOf("https://u:p@h"))
	assert.Equal(t, "h", HostOf("h"))
	assert.Equal(t, "*errors.errorString", TypeOf(errors.New("x")))
	assert.Empty(t, TypeOf(nil))
}
