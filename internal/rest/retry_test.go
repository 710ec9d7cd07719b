package rest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// script is a server that answers from a list, then with the last entry for
// ever. It keeps what it was sent.
type script struct {
	mu      sync.Mutex
	answers []http.HandlerFunc
	traces  []string
	times   []time.Time
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	io.Copy(io.Discard, r.Body)
	s.traces = append(s.traces, r.Header.Get("X-Trace"))
	s.times = append(s.times, time.Now())
	answer := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	s.mu.Unlock()
	answer(w, r)
}

// RoundTrip makes the script a transport without a network, for tests on a
// virtual clock.
func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &recorder{header: http.Header{}, status: 200}
	s.ServeHTTP(w, r)
	if w.status == cutStatus {
		return nil, io.ErrUnexpectedEOF
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body), Request: r, ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

func coded(code string) http.HandlerFunc { return answerWith(200, `{"code":`+code+`}`) }

// noAnswer is an answer that never comes: the connection breaks.
func noAnswer(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(cutStatus) }

const cutStatus = 999

// withRetryAfter is an answer with a Retry-After header.
func withRetryAfter(code, value string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", value)
		coded(code)(w, r)
	}
}

// virtual runs a call against a script on a virtual clock, and returns how
// long it took.
func virtual(t *testing.T, policy recall.Policy, ctxTime time.Duration, call Call, answers ...http.HandlerFunc) (s *script, receipt recall.Receipt, err error, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s = &script{answers: answers}
		policy.Transport = s
		c, newErr := New(Config{Vendor: "acme", App: "app", Host: "im.example", Policy: policy})
		require.NoError(t, newErr)
		ctx := t.Context()
		if ctxTime > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, ctxTime)
			defer cancel()
		}
		start := time.Now()
		receipt, err = c.Do(ctx, call)
		took = time.Since(start)
	})
	return s, receipt, err, took
}

// longest is a Jitter that always waits as long as it may.
func longest(bound time.Duration) time.Duration { return bound }

func TestRetryUntilItWorks(t *testing.T) {
	_, receipt, err, took := virtual(t, recall.Policy{Retry: recall.Retry{Jitter: longest}}, 0, aCall(),
		coded("500"), answerWith(502, "<html>"), coded("200"))
	require.NoError(t, err)
	assert.Equal(t, recall.Recalled, receipt.Outcome)
	assert.Equal(t, 3, receipt.Attempts)
	assert.Equal(t, 300*time.Millisecond, took, "100 ms, then 200")
}

func TestRetryGivesUp(t *testing.T) {
	s, _, err, _ := virtual(t, recall.Policy{}, 0, aCall(), coded("500"))
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, recall.ErrUnavailable, e.Kind)
	assert.Equal(t, 3, e.Attempts)
	assert.True(t, e.MayHaveApplied)
	assert.Len(t, s.times, 3)

	s, _, err, _ = virtual(t, recall.Policy{Retry: recall.Retry{Attempts: 7}}, 0, aCall(), coded("500"))
	require.Error(t, err)
	assert.Len(t, s.times, 7)
}

func TestNoRetryWhereItWouldNotHelp(t *testing.T) {
	for _, code := range []string{"400", "401", "403", "404", "1.5"} {
		s, _, err, took := virtual(t, recall.Policy{}, 0, aCall(), coded(code))
		require.Error(t, err)
		assert.Len(t, s.times, 1, code)
		assert.Zero(t, took)
	}
}

func TestBackoffIsBounded(t *testing.T) {
	retry := recall.Retry{Attempts: 6, BaseDelay: time.Second, MaxDelay: 3 * time.Second, Jitter: longest}
	_, _, _, took := virtual(t, recall.Policy{Retry: retry}, 0, aCall(), coded("500"))
	assert.Equal(t, (1+2+3+3+3)*time.Second, took)

	retry.Jitter = func(time.Duration) time.Duration { return -time.Second }
	_, _, _, took = virtual(t, recall.Policy{Retry: retry}, 0, aCall(), coded("500"))
	assert.Zero(t, took, "a jitter out of range is put into it")
	retry.Jitter = func(time.Duration) time.Duration { return math.MaxInt64 }
	_, _, _, took = virtual(t, recall.Policy{Retry: retry}, 0, aCall(), coded("500"))
	assert.Equal(t, 15*time.Second, took)
}

func TestJitterIsFull(t *testing.T) {
	jitter := defaults(recall.Retry{}).Jitter
	low, high := time.Duration(math.MaxInt64), time.Duration(0)
	for range 10_000 {
		d := jitter(time.Second)
		low, high = min(low, d), max(high, d)
	}
	assert.Less(t, low, 10*time.Millisecond)
	assert.Greater(t, high, 990*time.Millisecond)
	assert.LessOrEqual(t, high, time.Second)
	assert.Zero(t, jitter(0))
}

func TestRetryAfterIsObeyed(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"7": 7 * time.Second, "Sat, 01 Jan 2000 00:00:09 GMT": 9 * time.Second, // the virtual clock begins in 2000
		"86400": recall.LongestRetryAfter,
	} {
		for _, code := range []string{"500", "429"} {
			_, _, err, took := virtual(t, recall.Policy{Retry: recall.Retry{BaseDelay: 1}}, 0, aCall(), withRetryAfter(code, value), coded("200"))
			require.NoError(t, err)
			assert.InDelta(t, want.Seconds(), took.Seconds(), 0.001, "%s %s", code, value)
		}
	}
}

func TestNoWaitPastTheDeadline(t *testing.T) {
	for _, call := range []Call{aCall(), withQuota(aCall(), 100)} {
		_, _, err, took := virtual(t, recall.Policy{}, 5*time.Second, call, withRetryAfter("429", "7"))
		assert.Zero(t, took, "it fails now, not then")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, recall.ErrRateLimited)
		var e *recall.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "429", e.Code, "the vendor's last word")
		assert.Equal(t, 7*time.Second, e.RetryAfter)
		assert.False(t, e.MayHaveApplied)
		assert.Equal(t, 1, e.Attempts)
	}
}

func TestContextEndsDuringTheWait(t *testing.T) {
	for _, call := range []Call{aCall(), withQuota(aCall(), 100)} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{answers: []http.HandlerFunc{withRetryAfter("429", "7")}}
			c := newClient(t, "im.example", recall.Policy{Transport: s, Retry: recall.Retry{Attempts: 3}})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			start := time.Now()
			_, err := c.Do(ctx, call)
			assert.Equal(t, time.Second, time.Since(start))
			require.ErrorIs(t, err, recall.ErrCanceled)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, recall.ErrRateLimited, "what it was waiting for is told too")
		})
	}
}

func TestTraceIDs(t *testing.T) {
	policy := recall.Policy{Retry: recall.Retry{Attempts: 5, BaseDelay: 1}}
	s, receipt, err, _ := virtual(t, policy, 0, aCall(), noAnswer, answerWith(502, "<html>"), coded("429"), coded("500"), coded("200"))
	require.NoError(t, err)
	require.Len(t, s.traces, 5)
	assert.Equal(t, s.traces[0], s.traces[1], "the same after silence")
	assert.Equal(t, s.traces[1], s.traces[2], "and after a gateway's page")
	assert.NotEqual(t, s.traces[2], s.traces[3], "another after a refusal")
	assert.NotEqual(t, s.traces[3], s.traces[4])
	assert.Equal(t, s.traces[4], receipt.TraceID)
}

func TestBuildIsAskedAgainForEachAttempt(t *testing.T) {
	built := 0
	call := aCall()
	build := call.Build
	call.Build = func(ctx context.Context) (*Request, error) { built++; return build(ctx) }
	_, _, err, _ := virtual(t, recall.Policy{}, 0, call, coded("500"), coded("200"))
	require.NoError(t, err)
	assert.Equal(t, 2, built)

	call.Build = func(context.Context) (*Request, error) { return nil, errors.New("vault is sealed") }
	_, _, err, took := virtual(t, recall.Policy{}, 0, call, coded("200"))
	require.ErrorIs(t, err, recall.ErrUnavailable)
	assert.Zero(t, took, "who hands out credentials repeats by themselves")
}

// What is known of the message after several attempts.
func TestFateOverAttempts(t *testing.T) {
	policy := recall.Policy{Retry: recall.Retry{BaseDelay: 1}}
	for name, tt := range map[string]struct {
		answers []http.HandlerFunc
		outcome recall.Outcome
		kind    recall.Kind
		may     bool
	}{
		"silence, then gone":              {answers: []http.HandlerFunc{noAnswer, coded("404")}, outcome: recall.AlreadyGone},
		"server error, then gone":         {answers: []http.HandlerFunc{coded("500"), coded("404")}, outcome: recall.AlreadyGone},
		"too fast, then gone":             {answers: []http.HandlerFunc{coded("429"), coded("404")}, kind: recall.ErrNotFound},
		"silence, then yes":               {answers: []http.HandlerFunc{noAnswer, coded("200")}, outcome: recall.Recalled},
		"silence, then too old":           {answers: []http.HandlerFunc{noAnswer, coded("403")}, kind: recall.ErrWindowExpired, may: true},
		"silence, then too fast":          {answers: []http.HandlerFunc{noAnswer, coded("429")}, kind: recall.ErrRateLimited, may: true},
		"silence, then wrong credentials": {answers: []http.HandlerFunc{noAnswer, coded("401")}, kind: recall.ErrUnauthorized, may: true},
		"too fast all along":              {answers: []http.HandlerFunc{coded("429")}, kind: recall.ErrRateLimited},
	} {
		_, receipt, err, _ := virtual(t, policy, 0, aCall(), tt.answers...)
		assert.Equal(t, tt.outcome, receipt.Outcome, name)
		if tt.kind == "" {
			require.NoError(t, err, name)
			continue
		}
		var e *recall.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, tt.kind, e.Kind, name)
		assert.Equal(t, tt.may, e.MayHaveApplied, name)
	}
}

// Repeated tells of a request with the same trace id, and of silence only.
func TestRepeatedIsAboutSilence(t *testing.T) {
	for name, tt := range map[string]struct {
		first http.HandlerFunc
		want  bool
	}{
		"no answer":       {noAnswer, true},
		"a gateway":       {answerWith(502, "<html>"), true},
		"the vendor's no": {coded("500"), false},
	} {
		var repeated []bool
		call := aCall()
		decode := call.Decode
		call.Decode = func(a Answer) (Verdict, error) { repeated = append(repeated, a.Repeated); return decode(a) }
		_, _, err, _ := virtual(t, recall.Policy{Retry: recall.Retry{BaseDelay: 1}}, 0, call, tt.first, coded("200"))
		require.NoError(t, err)
		assert.Equal(t, tt.want, repeated[len(repeated)-1], name)
	}
}

// A caller's panic, which net/http's server would recover, costs no quota.
func TestPanicOfTheCallerKeepsNoPermit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, "im.example", recall.Policy{Transport: &script{answers: []http.HandlerFunc{coded("200")}}})
		call := withQuota(aCall(), 1)
		broken := call
		broken.Build = func(context.Context) (*Request, error) { panic("token source") }
		assert.Panics(t, func() { _, _ = c.Do(t.Context(), broken) })
		assert.Zero(t, rush(t.Context(), t, c, call, 1))
	})
}

func TestRenewedAttemptIsFree(t *testing.T) {
	call := aCall()
	call.Renew = func(e *recall.Error) bool { return e.Kind == recall.ErrUnauthorized }
	_, receipt, err, _ := virtual(t, recall.Policy{Retry: recall.Retry{Attempts: 1}}, 0, call, coded("401"), coded("200"))
	require.NoError(t, err)
	assert.Equal(t, 2, receipt.Attempts)
}

// A server that closes connections between requests costs no call.
func TestServerThatClosesKeepAlive(t *testing.T) {
	url := serveTCP(t, func(_ int, conn net.Conn, requests *bufio.Reader) {
		for range 2 {
			if !readRequest(requests) {
				return
			}
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"code\":200}")
		}
		readRequest(requests) // the third on this connection is read and never answered
	})
	c := newClient(t, url, recall.Policy{Retry: recall.Retry{Attempts: 3, BaseDelay: 1}})
	for range 50 {
		_, err := c.Do(t.Context(), aCall())
		require.NoError(t, err)
	}
}

func TestRetryPolicyRefused(t *testing.T) {
	for field, retry := range map[string]recall.Retry{
		"Policy.Retry.Attempts":   {Attempts: -1},
		"Policy.Retry.BaseDelay":  {BaseDelay: -1},
		"Policy.Retry.BaseDelay ": {BaseDelay: math.MaxInt64},
		"Policy.Retry.MaxDelay":   {MaxDelay: -1},
		"Policy.Retry.MaxDelay ":  {BaseDelay: 2, MaxDelay: 1},
		"Policy.Retry.MaxDelay  ": {MaxDelay: math.MaxInt64},
	} {
		_, err := New(Config{Vendor: "acme", Host: "h", Policy: recall.Policy{Retry: retry}})
		require.ErrorIs(t, err, recall.ErrMisconfigured, field)
		var e *recall.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, strings.TrimSpace(field), e.Field)
	}
	_, err := New(Config{Vendor: "acme", Host: "h", Policy: recall.Policy{Rate: math.NaN()}})
	require.ErrorContains(t, err, "Policy.Rate")
}
