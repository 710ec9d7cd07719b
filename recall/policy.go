package recall

import (
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
	// the caller's: closing the client does not touch it. Of a transport that
	// NewTransport did not make, or that has a dialer, a Proxy function, a
	// GetClientCertificate or HTTP/2 set, the client can't know what it sent: an
	// attempt without an answer then counts as one that may have been applied,
	// unless net/http/httptrace tells that it got no connection.
	Transport http.RoundTripper

	// Timeout bounds one attempt: connecting, sending and reading the whole
	// answer. Waiting for credentials is not part of it. 0 stands for
	// DefaultTimeout; negative values are refused. The caller's ctx bounds the
	// call as a whole, and may end an attempt sooner: a caller with a deadline
	// of 800 ms has time for another attempt only where this is a fraction of
	// it. Without a deadline a call may wait for its quota without end.
	Timeout time.Duration

	// Retry is whether and when a failed attempt is repeated.
	Retry Retry

	// Rate is how many calls a second one API of the application allows, where
	// that is not what the vendor documents: after buying more, or to stay
	// below. 0 stands for the documented number (GoEasy documents none: 100 is
	// this module's choice), a negative one for no limit. Limits for each user
	// are not touched by it. Where Transport is nil and Rate is above 96, the
	// client opens up to Rate connections.
	Rate float64

	// Limiter keeps the calls within the quotas. Nil stands for NewLimiter,
	// one for each client. Give the same one to clients that share an
	// application, or one of your own that processes share.
	Limiter Limiter

	// Observer is told about calls, attempts and waiting. Nil for nobody.
	Observer Observer
}

// Retry is whether and when a failed attempt is repeated. Only errors whose
// Retryable is true lead to another attempt: to recall twice is harmless, so
// a request that may have arrived is repeated too. A wait that does not fit
// before the caller's deadline is not begun.
type Retry struct {
	// Attempts is how many attempts a call has at most. 0 stands for
	// DefaultAttempts, 1 for no repetition. The one more attempt after refused
	// credentials does not count, nor one at a host that could not be reached
	// where there is another.
	Attempts int

	// BaseDelay bounds the wait before the second attempt; each further bound
	// is twice as long, up to MaxDelay. 0 stands for DefaultBaseDelay. A vendor
	// that says how long to wait is obeyed, up to LongestRetryAfter.
	BaseDelay time.Duration

	// MaxDelay bounds the back-off. 0 stands for DefaultMaxDelay. A vendor's
	// Retry-After, and a quota that is closed, may last up to LongestRetryAfter.
	MaxDelay time.Duration

	// Jitter picks a wait between 0 and the bound. Nil picks evenly at random,
	// which spreads out the repetitions of many clients.
	Jitter func(bound time.Duration) time.Duration
}

// What the zero value of a Retry stands for.
const (
	DefaultAttempts  = 3
	DefaultBaseDelay = 100 * time.Millisecond
	DefaultMaxDelay  = 5 * time.Second

	// LongestRetryAfter is how long a vendor's Retry-After is obeyed at most.
	LongestRetryAfter = time.Minute
)
