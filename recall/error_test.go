package recall_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/recall"
)

func TestErrorText(t *testing.T) {
	for want, err := range map[string]*recall.Error{
		"not_found": {Kind: recall.ErrNotFound},
		"netease: recall: invalid_request: To: is required": {
			Kind: recall.ErrInvalidRequest, Vendor: "netease", Op: "recall", Field: "To", Err: errors.New("is required"),
		},
		`easemob: recall: window_expired: code message_recall_error: "exceed recall time limit" (HTTP 403, app o#a)`: {
			Kind: recall.ErrWindowExpired, Vendor: "easemob", App: "o#a", Op: "recall", Status: 403,
			Code: "message_recall_error", Message: "exceed recall time limit",
		},
		`netease: recall: rate_limited: To: code 416: "太快了": context deadline exceeded` +
			` (HTTP 200, app key, trace t, 3 attempts, retry after 10s, may have taken effect)`: fullError(),
		`bad_response: code a b: "two\nlines": a b  c`: {
			Kind: recall.ErrBadResponse, Code: "a\nb", Message: "two\nlines", Err: errors.New("a\nb\u2028\x7fc"),
		},
	} {
		assert.Equal(t, want, err.Error())
	}
}

// requestError is of a transport that tells the request by errors.As.
type requestError struct{ Header http.Header }

func (requestError) Error() string { return "no route" }

func TestErrorInGoSyntax(t *testing.T) {
	err := &recall.Error{Kind: recall.ErrUnavailable, Vendor: "acme", Attempts: 2, Err: requestError{http.Header{"Authorization": {"s3cr3t"}}}}
	want := `&recall.Error{Kind:"unavailable", Vendor:"acme", App:"", Op:"", Field:"", Code:"", Message:"", Status:0, ` +
		`TraceID:"", Attempts:2, RetryAfter:0, MayHaveApplied:false, Err:"no route"}`
	assert.Equal(t, want, fmt.Sprintf("%#v", err))
	assert.Contains(t, fmt.Sprintf("%#v", recall.Result{Err: err}), want)
	assert.Contains(t, fmt.Sprintf("%#v", &recall.Error{}), "Err:error(nil)}")
	assert.Equal(t, "(*recall.Error)(nil)", fmt.Sprintf("%#v", (*recall.Error)(nil)))
}

func TestErrorIsKindAndCause(t *testing.T) {
	var err error = fmt.Errorf("wrapped: %w", &recall.Error{Kind: recall.ErrCanceled, Err: context.DeadlineExceeded})
	assert.ErrorIs(t, err, recall.ErrCanceled)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.NotErrorIs(t, err, recall.ErrNotFound)
	var kind recall.Kind
	assert.ErrorAs(t, err, &kind)
	assert.Equal(t, recall.ErrCanceled, kind)
	assert.NotErrorIs(t, &recall.Error{}, recall.Kind(""), "an error without a kind matches none")
}

func TestRetryable(t *testing.T) {
	for _, kind := range []recall.Kind{recall.ErrRateLimited, recall.ErrUnavailable} {
		assert.True(t, (&recall.Error{Kind: kind}).Retryable(), kind)
	}
	for _, kind := range []recall.Kind{
		recall.ErrInvalidRequest, recall.ErrUnauthorized, recall.ErrMisconfigured, recall.ErrForbidden,
		recall.ErrNotEnabled, recall.ErrWindowExpired, recall.ErrNotFound, recall.ErrPlanExhausted,
		recall.ErrBadResponse, recall.ErrUnsupported, recall.ErrCanceled, "",
	} {
		assert.False(t, (&recall.Error{Kind: kind}).Retryable(), kind)
	}
}

func TestInvalid(t *testing.T) {
	err := recall.Invalid("SentAt", "is required")
	assert.EqualError(t, err, "invalid_request: SentAt: is required")
	assert.ErrorIs(t, err, recall.ErrInvalidRequest)
}

func TestOutcomeProven(t *testing.T) {
	assert.True(t, recall.Recalled.Proven())
	for _, outcome := range []recall.Outcome{recall.Accepted, recall.AlreadyGone, ""} {
		assert.False(t, outcome.Proven(), outcome)
	}
}

func TestChatTypeValid(t *testing.T) {
	for _, chat := range []recall.ChatType{recall.ChatDirect, recall.ChatGroup, recall.ChatSuperGroup, recall.ChatRoom} {
		assert.True(t, chat.Valid(), chat)
	}
	for _, chat := range []recall.ChatType{"", "Direct", "chat"} {
		assert.False(t, chat.Valid(), chat)
	}
}

func TestNewTransportFitsManyCallsAtOnce(t *testing.T) {
	a, b := recall.NewTransport(), recall.NewTransport()
	assert.NotSame(t, a, b)
	assert.GreaterOrEqual(t, a.MaxIdleConnsPerHost, 256)
	assert.Zero(t, a.MaxIdleConns, "no limit over all hosts")
	assert.LessOrEqual(t, a.MaxResponseHeaderBytes, int64(64<<10))
	assert.NotNil(t, a.Proxy)
	assert.Less(t, a.IdleConnTimeout, time.Minute)
}
