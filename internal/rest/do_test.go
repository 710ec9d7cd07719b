package rest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestDoReceipt(t *testing.T) {
	var got *http.Request
	var body []byte
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		io.WriteString(w, `{"code":200}`)
	})
	before := time.Now()
	receipt, err := newClient(t, url+"/base/", recall.Policy{}).Do(t.Context(), aCall())
	require.NoError(t, err)

	assert.Len(t, receipt.TraceID, 32)
	assert.WithinRange(t, receipt.At, before, time.Now())
	receipt.TraceID, receipt.At = "", time.Time{}
	assert.Equal(t, recall.Receipt{
		Vendor: "acme", App: "app", MessageID: "42", Outcome: recall.Recalled, Code: "200", Attempts: 1,
	}, receipt)

	assert.Equal(t, "/base/recall", got.URL.String())
	assert.Equal(t, `{"id":42}`, string(body))
	assert.Equal(t, secret, got.Header.Get("Authorization"))
	assert.Equal(t, "imrecall", got.Header.Get("User-Agent"))
	assert.Equal(t, "application/json", got.Header.Get("Accept"))
	assert.Len(t, got.Header.Get("X-Trace"), 32)
	assert.NotContains(t, got.Header, "Idempotency-Key", "it only tells the transport that a replay is harmless")
}

func TestDoError(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"code":"429","text":{"why":[1, 2]}}`)
	})
	e := failure(t.Context(), t, newClient(t, url, recall.Policy{}), aCall())
	assert.Len(t, e.TraceID, 32)
	e.TraceID = ""
	assert.Equal(t, &recall.Error{
		Kind: recall.ErrRateLimited, Vendor: "acme", App: "app", Op: "recall", Code: "429",
		Message: `{"why":[1,2]}`, Status: 429, Attempts: 1, RetryAfter: 7 * time.Second,
	}, e)
}

func TestDoWithoutSending(t *testing.T) {
	var requests atomic.Int32
	url := serve(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	c := newClient(t, url, recall.Policy{})
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("user left"))
	late, stop := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer stop()

	e := failure(canceled, t, c, aCall())
	assert.Equal(t, recall.ErrCanceled, e.Kind)
	require.ErrorIs(t, e, context.Canceled)
	require.ErrorContains(t, e, "user left")
	e = failure(late, t, c, aCall())
	assert.Equal(t, recall.ErrCanceled, e.Kind)
	require.ErrorIs(t, e, context.DeadlineExceeded)
	assert.Zero(t, e.Attempts)
	assert.False(t, e.MayHaveApplied)
	e = failure(nil, t, c, aCall()) //nolint:staticcheck // a mistake that must not panic
	assert.Equal(t, "ctx", e.Field)
	assert.Zero(t, requests.Load())
}

func TestDoBuildFails(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1", recall.Policy{})
	build := func(err error) Call {
		call := aCall()
		call.Build = func(context.Context) (*Request, error) { return nil, err }
		return call
	}
	e := failure(t.Context(), t, c, build(errors.New("vault is sealed")))
	assert.Equal(t, recall.ErrUnavailable, e.Kind)
	require.ErrorContains(t, e, "vault is sealed")

	shared := &recall.Error{Kind: recall.ErrUnauthorized, Op: "token", Code: "invalid_grant", Status: 400, MayHaveApplied: true}
	e = failure(t.Context(), t, c, build(shared))
	assert.Equal(t, "token", e.Op)
	assert.Equal(t, "invalid_grant", e.Code)
	assert.False(t, e.MayHaveApplied, "nothing was sent about the message")
	assert.True(t, shared.MayHaveApplied, "an error that others hold is left alone")

	e = failure(t.Context(), t, c, build(fmt.Errorf("my source: %w", shared)))
	assert.Equal(t, recall.ErrUnauthorized, e.Kind)
	require.ErrorContains(t, e, "my source")

	e = failure(t.Context(), t, c, build(context.DeadlineExceeded))
	assert.Equal(t, recall.ErrUnavailable, e.Kind, "a deadline of the source's own")
	assert.NotErrorIs(t, e, context.DeadlineExceeded)
}

func TestDoDecodeFails(t *testing.T) {
	c := newClient(t, serve(t, answerWith(200, "hello")), recall.Policy{})
	call := aCall()
	call.Decode = func(Answer) (Verdict, error) { return Verdict{}, errors.New("no idea") }
	e := failure(t.Context(), t, c, call)
	assert.Equal(t, recall.ErrBadResponse, e.Kind)
	require.ErrorContains(t, e, "no idea")
	assert.True(t, e.MayHaveApplied)
}

func TestDoRenew(t *testing.T) {
	answers := []string{`{"code":401}`, `{"code":200}`}
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, answers[0])
		answers = answers[1:]
	})
	var refused []recall.Kind
	call := aCall()
	call.Renew = func(e *recall.Error) bool {
		refused = append(refused, e.Kind)
		return e.Kind == recall.ErrUnauthorized
	}
	receipt, err := newClient(t, url, recall.Policy{}).Do(t.Context(), call)
	require.NoError(t, err)
	assert.Equal(t, 2, receipt.Attempts)

	answers = []string{`{"code":401}`, `{"code":401}`, `{"code":200}`}
	e := failure(t.Context(), t, newClient(t, url, recall.Policy{}), call)
	assert.Equal(t, 2, e.Attempts, "asked once in a call")
	assert.Equal(t, []recall.Kind{recall.ErrUnauthorized, recall.ErrUnauthorized}, refused)

	answers = []string{`{"code":403}`}
	assert.Equal(t, 1, failure(t.Context(), t, newClient(t, url, recall.Policy{}), call).Attempts)
}

// What may have been applied, by how an attempt ended.
func TestMayHaveApplied(t *testing.T) {
	for body, want := range map[string]bool{
		`{"code":400}`: false, `{"code":401}`: false, `{"code":403}`: false, `{"code":404}`: false,
		`{"code":429}`: false, `{"code":500}`: true, `{"code":1.5}`: true, `{}`: true, ``: true, `<html>`: true,
	} {
		e := failure(t.Context(), t, newClient(t, serve(t, answerWith(200, body)), recall.Policy{}), aCall())
		assert.Equal(t, want, e.MayHaveApplied, body)
	}
}

// A server that got the request on a reused connection, and dropped the
// connection without an answer, gets it again: net/http replays it. The answer
// to the copy is told with that in mind.
func TestReplayedByTheTransport(t *testing.T) {
	for _, tt := range []struct {
		answer  string
		outcome recall.Outcome
		kind    recall.Kind
		may     bool
		given   bool // a transport of the caller's
	}{
		{answer: `{"code":200}`, outcome: recall.Recalled},
		{answer: `{"code":404}`, outcome: recall.AlreadyGone, given: true},
		{answer: `{"code":404}`, outcome: recall.AlreadyGone},
		{answer: `{"code":403}`, kind: recall.ErrWindowExpired, may: true},
		{answer: `{"code":429}`, kind: recall.ErrRateLimited, may: true},
	} {
		url := serveTCP(t, func(n int, conn net.Conn, requests *bufio.Reader) {
			if n == 0 {
				readRequest(requests)
				writeAnswer(conn, `{"code":200}`)
				readRequest(requests)
				return // without an answer
			}
			readRequest(requests)
			writeAnswer(conn, tt.answer)
		})
		policy := recall.Policy{}
		if tt.given {
			transport := recall.NewTransport()
			defer transport.CloseIdleConnections()
			policy.Transport = roundTripper(transport.RoundTrip)
		}
		c := newClient(t, url, policy)
		_, err := c.Do(t.Context(), aCall())
		require.NoError(t, err)

		var repeated bool
		call := aCall()
		decode := call.Decode
		call.Decode = func(a Answer) (Verdict, error) { repeated = a.Repeated; return decode(a) }
		receipt, err := c.Do(t.Context(), call)
		assert.True(t, repeated)
		assert.Equal(t, tt.outcome, receipt.Outcome, tt.answer)
		if tt.kind != "" {
			var e *recall.Error
			require.ErrorAs(t, err, &e, tt.answer)
			assert.Equal(t, tt.kind, e.Kind)
			assert.Equal(t, tt.may, e.MayHaveApplied, tt.answer)
		}
	}
}

func writeAnswer(conn net.Conn, body string) {
	fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func TestConcurrentCallsShareConnections(t *testing.T) {
	var conns atomic.Int32
	url := serveCounting(t, &conns)
	c := newClient(t, url, recall.Policy{})
	const workers, calls = 64, 50
	errs := make(chan error, workers)
	for range workers {
		go func() {
			var failed error
			for range calls {
				_, err := c.Do(t.Context(), aCall())
				failed = errors.Join(failed, err)
			}
			errs <- failed
		}()
	}
	for range workers {
		require.NoError(t, <-errs)
	}
	assert.LessOrEqual(t, conns.Load(), int32(workers*3/2))
}

func TestTraceIDsDiffer(t *testing.T) {
	seen := map[string]bool{}
	r := run{call: Call{TraceHeader: "X-Trace"}}
	for range 1000 {
		r.newTraceID()
		assert.Empty(t, strings.Trim(r.traceID, "0123456789abcdef"))
		seen[r.traceID] = true
	}
	assert.Len(t, seen, 1000)
}
