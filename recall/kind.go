package recall

// Kind is the class of an error: what it means for the caller. Kinds are
// errors themselves, so that errors.Is(err, recall.ErrNotFound) works, and
// strings, so that they read well in JSON, logs and metric labels. Kinds may
// be added; treat an unknown one as final.
type Kind string

const (
	// ErrInvalidRequest: a field breaks a rule, of ours or of the vendor's.
	// Error.Field names it where it is known. Repeating won't help.
	ErrInvalidRequest Kind = "invalid_request"

	// ErrUnauthorized: credentials, token, signature or clock are wrong.
	// It says nothing about the message.
	ErrUnauthorized Kind = "unauthorized"

	// ErrMisconfigured: wrong application, host or region, an address that is
	// not allowed in, or a Config that can't work. It says nothing about the
	// message.
	ErrMisconfigured Kind = "misconfigured"

	// ErrForbidden: the vendor understood and will not do it, for example
	// because the sender has left the group.
	ErrForbidden Kind = "forbidden"

	// ErrNotEnabled: the feature is not bought or not switched on.
	ErrNotEnabled Kind = "not_enabled"

	// ErrWindowExpired: the message is older than the vendor lets a plain
	// recall reach. Request.Force may reach it.
	ErrWindowExpired Kind = "window_expired"

	// ErrNotFound: unknown, gone or already recalled; the vendor can't tell
	// which. A message recalled a second time ends here.
	ErrNotFound Kind = "not_found"

	// ErrRateLimited: slow down, and try again later.
	ErrRateLimited Kind = "rate_limited"

	// ErrPlanExhausted: what was bought is used up. Trying again soon won't
	// help.
	ErrPlanExhausted Kind = "plan_exhausted"

	// ErrUnavailable: the network failed, or the vendor did.
	ErrUnavailable Kind = "unavailable"

	// ErrBadResponse: an answer that nobody can read, or one about another
	// message.
	ErrBadResponse Kind = "bad_response"

	// ErrUnsupported: this vendor can't do that.
	ErrUnsupported Kind = "unsupported"

	// ErrCanceled: the caller's ctx ended. Error.Err tells what the call was
	// waiting for then.
	ErrCanceled Kind = "canceled"
)

// Error returns the kind's name.
func (k Kind) Error() string { return string(k) }

// Retryable tells whether the same request may fare better a little later.
func (k Kind) Retryable() bool { return k == ErrRateLimited || k == ErrUnavailable }
