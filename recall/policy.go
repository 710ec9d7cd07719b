package recall

import (
	"net"
	"net/http"
	"time"
)

// DefaultTimeout is the time that one attempt may take where Policy.Timeout
// is zero.
const DefaultTimeout = 5 * time.Second

// Policy is how a client treats the network. Its zero value is safe and fit
// for production; every vendor's Config holds one.
type Policy struct {
	// Transport sends the requests. Nil stands for NewTransport, one for each
	// client. It is the place for a private CA, an egress proxy, or a mock;
	// start from NewTransport to keep its limits. A transport given here stays
	// the caller's: closing the client does not touch it.
	Transport http.RoundTripper

	// Timeout bounds one attempt: connecting, sending and reading the whole
	// answer. Waiting for credentials is not part of it. 0 stands for
	// DefaultTimeout; negative values are refused. The caller's ctx bounds the
	// call as a whole, and may end an attempt sooner.
	Timeout time.Duration
}

// NewTransport returns a new transport as clients use it by default. Before
// its first use the caller may change it, for example set TLSClientConfig
// for a private CA, or Proxy.
//
// It keeps enough idle connections for hundreds of calls at once, honours
// HTTPS_PROXY and NO_PROXY, and refuses answers with more than 64 KiB of
// headers. It speaks HTTP/1.1 only: calls are small and many, and a single
// HTTP/2 connection that a middlebox silently dropped would stall them all
// together, whereas here it stalls one.
func NewTransport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: 3 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    3 * time.Second,
		MaxIdleConnsPerHost:    512,
		IdleConnTimeout:        55 * time.Second, // below the 60 s after which common load balancers close
		MaxResponseHeaderBytes: 64 << 10,
		Protocols:              protocols,
	}
}
