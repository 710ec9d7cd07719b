package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// fault classifies an exchange that brought no whole answer.
func (c *Client) fault(ctx context.Context, base string, err error, w *wire) *recall.Error {
	if over := ended(ctx); over != nil {
		return canceled(fmt.Errorf("%s %s: %w", w.phase(), base, over))
	}
	if errors.Is(err, context.DeadlineExceeded) && w.late {
		err = attemptTimeout{fmt.Sprintf("gave up %s %s after %v (Policy.Timeout)", w.phase(), base, c.timeout)}
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // what it adds is the URL, and a query may hold a key
	}
	kind := recall.ErrUnavailable
	switch {
	case wrongServer(err):
		kind = recall.ErrMisconfigured
	case errors.Is(err, errTooLong), errors.Is(err, errSwitched), w.answered() && !broken(err):
		kind = recall.ErrBadResponse
	}
	return &recall.Error{Kind: kind, Err: notTheCallers(err)}
}

// shortened bounds what net/http repeats of a line that it could not read,
// which may be as long as the headers may be.
func shortened(err error) error {
	if text := err.Error(); len(text) > longestMessage {
		return errors.New(cut(text, longestMessage))
	}
	return err
}

// wrongServer tells whether whoever answered is not the server that the
// configuration means: repeating won't make it so.
func wrongServer(err error) bool {
	var certificate *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	return errors.As(err, &certificate) || errors.As(err, &notTLS) || errors.Is(err, http.ErrSchemeMismatch)
}

// broken tells whether the connection failed, as opposed to an answer that
// does not make sense. Headers that end in the middle are reported as
// malformed ones.
func broken(err error) bool {
	var network net.Error
	var header textproto.ProtocolError
	var late attemptTimeout
	return errors.As(err, &late) || errors.As(err, &network) || errors.As(err, &header) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded)
}

// buildError classifies a failure to make a request, such as one to get a
// token: nothing was sent.
func buildError(ctx context.Context, err error) *recall.Error {
	if e, ok := err.(*recall.Error); ok && e != nil { //nolint:errorlint // a wrapper's text would be lost
		return e
	}
	if over := ended(ctx); over != nil {
		return canceled(fmt.Errorf("waiting for credentials: %w", over))
	}
	e := &recall.Error{Kind: recall.ErrUnavailable, Err: notTheCallers(err)}
	errors.As(err, &e.Kind) // an error that has a kind keeps it
	return e
}

func canceled(err error) *recall.Error {
	return &recall.Error{Kind: recall.ErrCanceled, Err: err}
}

// ended returns why ctx is over, or nil. A connection's own timer may run out
// a moment before the ctx that set it notices: by the clock it is over then.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return because(err, context.Cause(ctx))
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// because adds why a ctx was canceled. Where that is the failure of another call,
// as in a group of calls, its kind is not this call's: a message that another
// call did not find is no news of this one's.
func because(over, cause error) error {
	var kind recall.Kind
	switch {
	case cause == over: //nolint:errorlint // identity is meant
		return over
	case errors.As(cause, &kind):
		return fmt.Errorf("%w: %v", over, cause) //nolint:errorlint // so that errors.Is does not find it
	}
	return fmt.Errorf("%w: %w", over, cause)
}

// notTheCallers hides from errors.Is that an attempt of ours ran out of time:
// only the caller's own deadline may look like one to the caller.
func notTheCallers(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return attemptTimeout{"timed out: " + err.Error()}
	}
	return err
}

// attemptTimeout is a timeout of one attempt, told by its text.
type attemptTimeout struct{ text string }

func (e attemptTimeout) Error() string { return e.text }
func (attemptTimeout) Timeout() bool   { return true }

// redirected describes a redirect, which is never followed: it would carry
// the credentials to wherever the answer says. Secrets in it are masked before
// it is taken apart, which could hide them from masking.
func redirected(a Answer, secrets []string) *recall.Error {
	target := "another path"
	u, err := url.Parse(masked(a.Header.Get("Location"), secrets))
	switch {
	case err != nil:
		target = "an address that can't be read"
	case u.Host != "" && (u.Scheme == "http" || u.Scheme == "https"):
		target = u.Scheme + "://" + u.Host
	case u.Host != "" || u.Scheme != "":
		target = "another scheme"
	}
	return &recall.Error{
		Kind: recall.ErrBadResponse,
		Err:  fmt.Errorf("the server redirects to %s instead of answering", target),
	}
}

const longestRetryAfter = 24 * time.Hour

// retryAfter reads the Retry-After header in both of its forms.
func retryAfter(a Answer) time.Duration {
	value := a.Header.Get("Retry-After")
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		wait = date.Sub(a.At)
	}
	return min(max(wait, 0), longestRetryAfter)
}
