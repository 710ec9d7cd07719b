package goeasy

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

// A client whose connection the server has used once and then cuts, after it
// took the request: the transport sends the request again by itself. A yes to
// the copy is as good as any; a no says nothing of the first.
func TestAnswerAfterReplay(t *testing.T) {
	for _, row := range []struct {
		body           string
		kind           recall.Kind // empty for a success
		mayHaveApplied bool
	}{
		{body: `{"code":200,"content":"OK"}`},
		{body: `{"code":401,"content":"Unauthorized"}`, kind: recall.ErrUnauthorized, mayHaveApplied: true},
		{body: `{"code":429}`, kind: recall.ErrRateLimited, mayHaveApplied: true},
		{body: `{"code":400}`, kind: recall.ErrInvalidRequest, mayHaveApplied: true},
		{body: `{"code":500}`, kind: recall.ErrUnavailable, mayHaveApplied: true},
		{body: `<html>`, kind: recall.ErrBadResponse, mayHaveApplied: true},
	} {
		t.Run(row.body, func(t *testing.T) {
			s := newServer(t, vendortest.InTurn(vendortest.Answering(http.StatusOK, `{"code":200}`), vendortest.HangUp, vendortest.Answering(http.StatusOK, row.body)))
			c := newClient(t, Config{Host: s.URL})
			_, err := c.Recall(t.Context(), params())
			require.NoError(t, err)

			receipt, err := c.Recall(t.Context(), params())
			sent := s.Requests()
			require.Len(t, sent, 3)
			assert.Equal(t, sent[1].Body, sent[2].Body)
			if row.kind == "" {
				require.NoError(t, err)
				assert.Equal(t, recall.Accepted, receipt.Outcome)
				return
			}
			e := failure(t, err)
			assert.Zero(t, receipt)
			assert.Equal(t, row.kind, e.Kind)
			assert.Equal(t, row.mayHaveApplied, e.MayHaveApplied)
		})
	}
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
