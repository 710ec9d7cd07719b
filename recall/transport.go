package recall

import (
	"context"
	"net"
	"net/http"
	"time"
)

// NewTransport returns a new transport as clients use it by default. Before
// its first use the caller may change it, for example set TLSClientConfig
// for a private CA, or Proxy.
//
// It opens at most 96 connections to a host and keeps them; a call that finds
// none free waits for one, which counts as connecting. 100 calls a second need
// 96 only where a call takes about a second; set MaxConnsPerHost higher for a
// higher rate at a slow vendor. Without a bound a cold start would open twice
// as many as there are calls. The transport honours HTTPS_PROXY and NO_PROXY,
// and refuses answers with more than 64 KiB of headers. It speaks HTTP/1.1
// only: calls are small and many, and a single HTTP/2 connection that a
// middlebox silently dropped would stall them all together, whereas here it
// stalls one.
func NewTransport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dial,
		TLSHandshakeTimeout:    3 * time.Second,
		MaxIdleConnsPerHost:    512,
		MaxConnsPerHost:        96,
		IdleConnTimeout:        55 * time.Second, // below the 60 s after which common load balancers close
		MaxResponseHeaderBytes: 64 << 10,
		Protocols:              protocols,
	}
}

// dial is how internal/rest recognizes a transport that NewTransport made.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 3 * time.Second, KeepAlive: 15 * time.Second}
	return dialer.DialContext(ctx, network, address)
}
