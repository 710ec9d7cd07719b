package netease

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// The caller's deadline passes while the vendor is silent: the message may be
// gone.
func TestDeadlineWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, Config{Policy: recall.Policy{Transport: vendortest.Silent()}, Host: "http://127.0.0.1"})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		receipt, err := c.Recall(ctx, params())
		assert.Equal(t, 2*time.Second, time.Since(start))
		assert.Zero(t, receipt)
		assert.ErrorIs(t, err, recall.ErrCanceled)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		e := failure(t, err)
		assert.True(t, e.MayHaveApplied)
		assert.Equal(t, 1, e.Attempts)
		assert.NotEmpty(t, e.TraceID)
		synctest.Wait()
	})
}

// An attempt that takes too long is the vendor's failure, not the caller's
// deadline.
func TestAttemptTimeout(t *testing.T) {
	for given, want := range map[time.Duration]time.Duration{0: recall.DefaultTimeout, 3 * time.Second: 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, Config{
				Policy: recall.Policy{Transport: vendortest.Silent(), Timeout: given}, Host: "http://127.0.0.1",
			})
			start := time.Now()
			_, err := c.Recall(t.Context(), params())
			assert.Equal(t, want, time.Since(start))
			assert.ErrorIs(t, err, recall.ErrUnavailable)
			assert.NotErrorIs(t, err, context.DeadlineExceeded)
			assert.NotErrorIs(t, err, recall.ErrCanceled)
			e := failure(t, err)
			assert.True(t, e.MayHaveApplied)
			assert.Zero(t, e.Status)
			synctest.Wait()
		})
	}
}

func TestCancelWithoutAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := newClient(t, Config{Host: s.URL}).Recall(ctx, params())
	assert.ErrorIs(t, err, recall.ErrCanceled)
	assert.ErrorIs(t, err, context.Canceled)
	assert.True(t, failure(t, err).MayHaveApplied)
}

// Nothing reached the vendor, and nothing may have been applied.
func TestConnectionRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	_, err = newClient(t, Config{Host: "http://" + listener.Addr().String()}).Recall(t.Context(), params())
	assert.ErrorIs(t, err, recall.ErrUnavailable)
	e := failure(t, err)
	assert.False(t, e.MayHaveApplied)
	assert.Zero(t, e.Status)
	assert.Equal(t, 1, e.Attempts)
}

// The server takes the request and hangs up.
func TestHangUp(t *testing.T) {
	s := newServer(t, vendortest.HangUp)
	_, err := newClient(t, Config{Host: s.URL}).Recall(t.Context(), params())
	assert.ErrorIs(t, err, recall.ErrUnavailable)
	assert.True(t, failure(t, err).MayHaveApplied)
	assert.Len(t, s.Requests(), 1)
}

func TestNothingIsSentWhenOver(t *testing.T) {
	c, transport := mocked(t, http.StatusOK, nil, `{"code":200}`)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, ctx := range []context.Context{canceled, late} {
		_, err := c.Recall(ctx, params())
		assert.ErrorIs(t, err, recall.ErrCanceled)
		assert.ErrorIs(t, err, ctx.Err())
		e := failure(t, err)
		assert.False(t, e.MayHaveApplied)
		assert.Zero(t, e.Attempts)
	}
	assert.Zero(t, transport.GetTotalCallCount())
}

// A redirect is an error, and carries the credentials nowhere.
func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200}`))
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := newServer(t, http.RedirectHandler(elsewhere.URL, status).ServeHTTP)
		_, err := newClient(t, Config{Host: s.URL}).Recall(t.Context(), params())
		assert.ErrorIs(t, err, recall.ErrBadResponse)
		assert.Equal(t, status, failure(t, err).Status)
		assert.Contains(t, err.Error(), elsewhere.URL)
	}
	assert.Empty(t, elsewhere.Requests())
}

// cutOnce returns a client whose connection the server has used once and then
// cuts, after it took the request: the transport sends the request again by
// itself, and that copy gets the answer. The server saw three requests then.
func cutOnce(t *testing.T, answer http.HandlerFunc) (*Client, *vendortest.Server) {
	t.Helper()
	s := newServer(t, vendortest.InTurn(vendortest.Answering(http.StatusOK, `{"code":200}`), vendortest.HangUp, answer))
	c := newClient(t, Config{Host: s.URL})
	_, err := c.Recall(t.Context(), params())
	require.NoError(t, err)
	return c, s
}

// The transport repeated a request, with its RequestId, that was never
// answered: the vendor's answer to the copy is not all there is to know.
func TestAnswerAfterReplay(t *testing.T) {
	for _, row := range []struct {
		body           string
		outcome        recall.Outcome
		kind           recall.Kind
		code           string
		mayHaveApplied bool
	}{
		{body: `{"code":200}`, outcome: recall.Accepted, code: "200"},
		{body: `{"code":431,"desc":"repeated"}`, outcome: recall.Accepted, code: "431"},
		{body: `{"code":404,"desc":"no such object"}`, kind: recall.ErrInvalidRequest, code: "404", mayHaveApplied: true},
		{body: `{"desc": "not allow!", "code": 403}`, kind: recall.ErrForbidden, code: "403", mayHaveApplied: true},
		{body: `{"code":508}`, kind: recall.ErrWindowExpired, code: "508", mayHaveApplied: true},
		{body: `{"code":416}`, kind: recall.ErrRateLimited, code: "416", mayHaveApplied: true},
		{body: `{"desc":"checksum","code":414}`, kind: recall.ErrUnauthorized, code: "414", mayHaveApplied: true},
		{body: `{"code":500}`, kind: recall.ErrUnavailable, code: "500", mayHaveApplied: true},
		{body: `<html>`, kind: recall.ErrBadResponse, mayHaveApplied: true},
	} {
		t.Run(row.body, func(t *testing.T) {
			c, s := cutOnce(t, vendortest.Answering(http.StatusOK, row.body))
			receipt, err := c.Recall(t.Context(), params())
			sent := s.Requests()
			require.Len(t, sent, 3)
			assert.Equal(t, sent[1].Header.Get("RequestId"), sent[2].Header.Get("RequestId"))
			assert.Equal(t, sent[1].Body, sent[2].Body)
			if row.kind == "" {
				require.NoError(t, err)
				assert.Equal(t, row.outcome, receipt.Outcome)
				assert.Equal(t, row.code, receipt.Code)
				assert.False(t, receipt.Outcome.Proven())
				return
			}
			e := failure(t, err)
			assert.Zero(t, receipt)
			assert.Equal(t, row.kind, e.Kind)
			assert.Equal(t, row.code, e.Code)
			assert.Equal(t, row.mayHaveApplied, e.MayHaveApplied)
		})
	}
}

// 431 to a request that was sent once is a riddle, not a success.
func TestRepeatedWithoutReplay(t *testing.T) {
	s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":431,"desc":"repeated"}`))
	receipt, err := newClient(t, Config{Host: s.URL}).Recall(t.Context(), params())
	assert.Zero(t, receipt)
	assert.ErrorIs(t, err, recall.ErrBadResponse)
	assert.ErrorContains(t, err, "sent once")
	e := failure(t, err)
	assert.Equal(t, "431", e.Code)
	assert.True(t, e.MayHaveApplied)
}

// An answer that breaks off is no answer.
func TestAnswerBreaksOff(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write([]byte(`{"code":200}`))
		panic(http.ErrAbortHandler)
	})
	_, err := newClient(t, Config{Host: s.URL}).Recall(t.Context(), params())
	assert.ErrorIs(t, err, recall.ErrUnavailable)
	assert.True(t, failure(t, err).MayHaveApplied)
}
