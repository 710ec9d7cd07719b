package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/recall"
)

func TestReliable(t *testing.T) {
	assert.False(t, reliable(roundTripper(recall.NewTransport().RoundTrip)))
	assert.False(t, reliable(http.DefaultTransport))
	assert.False(t, reliable(new(http.Transport)))
	proxy, err := url.Parse("http://proxy.example:3128")
	assert.NoError(t, err)
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("cut") }
	old := func(string, string) (net.Conn, error) { return nil, errors.New("cut") }
	for name, row := range map[string]struct {
		set  func(*http.Transport)
		want bool
	}{
		"as made":        {func(*http.Transport) {}, true},
		"private CA":     {func(t *http.Transport) { t.TLSClientConfig = &tls.Config{ServerName: "im.example"} }, true},
		"fixed proxy":    {func(t *http.Transport) { t.Proxy = http.ProxyURL(proxy) }, false}, // not to be told from any other function
		"no proxy":       {func(t *http.Transport) { t.Proxy = nil }, true},
		"limits":         {func(t *http.Transport) { t.MaxConnsPerHost, t.IdleConnTimeout = 7, time.Second }, true},
		"proxy function": {func(t *http.Transport) { t.Proxy = func(*http.Request) (*url.URL, error) { return proxy, nil } }, false},
		"dialer":         {func(t *http.Transport) { t.DialContext = dial }, false},
		"net.Dialer":     {func(t *http.Transport) { t.DialContext = new(net.Dialer).DialContext }, false},
		"no dialer":      {func(t *http.Transport) { t.DialContext = nil }, false},
		"TLS dialer":     {func(t *http.Transport) { t.DialTLSContext = dial }, false},
		"old dialer":     {func(t *http.Transport) { t.Dial = old }, false},    //nolint:staticcheck // deprecated, not gone
		"old TLS dialer": {func(t *http.Transport) { t.DialTLS = old }, false}, //nolint:staticcheck // as above
		"HTTP/2":         {func(t *http.Transport) { t.Protocols.SetHTTP2(true) }, false},
		"HTTP/2, forced": {func(t *http.Transport) { t.ForceAttemptHTTP2 = true }, false},
		"no protocols":   {func(t *http.Transport) { t.Protocols = nil }, false},
		"other protocols": {func(t *http.Transport) {
			t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{"x": nil}
		}, false},
		"proxy answer": {func(t *http.Transport) {
			t.OnProxyConnectResponse = func(context.Context, *url.URL, *http.Request, *http.Response) error { return nil }
		}, false},
		"proxy header": {func(t *http.Transport) {
			t.GetProxyConnectHeader = func(context.Context, *url.URL, string) (http.Header, error) { return nil, nil }
		}, false},
		"certificates": {func(t *http.Transport) {
			t.TLSClientConfig = &tls.Config{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return nil, nil }}
		}, false},
	} {
		transport := recall.NewTransport()
		row.set(transport)
		assert.Equal(t, row.want, reliable(transport), name)
	}
}
