package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// withQuota returns the call with a limit of so many calls a second.
func withQuota(call Call, calls int) Call {
	call.Quotas = []recall.Quota{{Key: "acme/app/recall", Calls: calls, Per: time.Second}}
	return call
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }
func (w *recorder) WriteHeader(status int)      { w.status = status }

// rush makes so many calls at once and returns how long they took in all.
func rush(ctx context.Context, t *testing.T, c *Client, call Call, calls int) time.Duration {
	t.Helper()
	start := time.Now()
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() {
			_, err := c.Do(ctx, call)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	return time.Since(start)
}

func TestQuotaIsKept(t *testing.T) {
	for _, tt := range []struct {
		rate float64
		want time.Duration
	}{
		{rate: 0, want: 4 * time.Second},  // 10 a second: 10 at once, and 10 more each second
		{rate: 25, want: 1 * time.Second}, // after an upgrade
		{rate: -1, want: 0},               // without a limit
		{rate: 5, want: 9 * time.Second},  // slower
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, "im.example", recall.Policy{Transport: &script{answers: []http.HandlerFunc{coded("200")}}, Rate: tt.rate})
			assert.InDelta(t, tt.want.Seconds(), rush(t.Context(), t, c, withQuota(aCall(), 10), 50).Seconds(), 0.001, "%v", tt.rate)
		})
	}
}

func TestRateLeavesAUsersQuotaAlone(t *testing.T) {
	r := run{client: &Client{rate: 500}, call: Call{Quotas: []recall.Quota{
		{Key: "user", Calls: 5, Per: time.Minute}, {Key: "app", Calls: 100, Per: time.Second},
	}}}
	assert.Equal(t, []recall.Quota{
		{Key: "user", Calls: 5, Per: time.Minute}, {Key: "app", Calls: 500, Per: time.Second},
	}, r.quotas())
	assert.Equal(t, 100, r.call.Quotas[1].Calls, "the call's own list is left alone")
	r.client.rate = -1
	assert.Len(t, r.quotas(), 1)
	r.client.rate = 0.5
	assert.Equal(t, recall.Quota{Key: "app", Calls: 1, Per: 2 * time.Second}, r.quotas()[1])
	r.client.rate = 12.5
	assert.Equal(t, recall.Quota{Key: "app", Calls: 13, Per: 1040 * time.Millisecond}, r.quotas()[1])
}

func TestPace(t *testing.T) {
	q := recall.Quota{Calls: 100, Per: time.Second}
	assert.InDelta(t, 100, (&Client{}).Pace(q), 0)
	assert.InDelta(t, 16.5, (&Client{rate: 16.5}).Pace(q), 0)
	assert.Zero(t, (&Client{rate: -1}).Pace(q))
}

func TestClientsShareALimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy := recall.Policy{Transport: &script{answers: []http.HandlerFunc{coded("200")}}, Limiter: recall.NewLimiter()}
		one, two := newClient(t, "im.example", policy), newClient(t, "im.example", policy)
		call := withQuota(aCall(), 10)
		assert.Zero(t, rush(t.Context(), t, one, call, 10))
		assert.Equal(t, time.Second, rush(t.Context(), t, two, call, 10))
	})
}

// A vendor that says "too fast" is left alone by everyone, those already
// waiting included.
func TestTooFastClosesTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []http.HandlerFunc{withRetryAfter("429", "10"), coded("200")}}
		c := newClient(t, "im.example", recall.Policy{Transport: s, Retry: recall.Retry{Attempts: 2}})
		call := withQuota(aCall(), 1)
		start := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				_, err := c.Do(t.Context(), call)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		require.Len(t, s.times, 4)
		for i, want := range []time.Duration{0, 10 * time.Second, 11 * time.Second, 12 * time.Second} {
			assert.Equal(t, want, s.times[i].Sub(start))
		}
	})
}

func TestPauseGrowsWithoutRetryAfter(t *testing.T) {
	retry := recall.Retry{Attempts: 4, BaseDelay: 1}
	s, _, err, took := virtual(t, recall.Policy{Retry: retry}, 0, withQuota(aCall(), 100), coded("429"))
	require.ErrorIs(t, err, recall.ErrRateLimited)
	assert.Len(t, s.times, 4)
	assert.Equal(t, (1+2+4)*time.Second, took)
}

func TestNoRoomBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, "im.example", recall.Policy{Transport: &script{answers: []http.HandlerFunc{coded("200")}}})
		call := withQuota(aCall(), 1)
		_, err := c.Do(t.Context(), call)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 800*time.Millisecond)
		defer cancel()
		start := time.Now()
		e := failure(ctx, t, c, call)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, recall.ErrRateLimited, e.Kind)
		assert.Equal(t, time.Second, e.RetryAfter)
		require.ErrorIs(t, e, context.DeadlineExceeded)
		assert.Zero(t, e.Attempts)
		assert.False(t, e.MayHaveApplied)
	})
}

func TestPermitOfACallThatWasNotSentComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, "im.example", recall.Policy{Transport: &script{answers: []http.HandlerFunc{coded("200")}}})
		call := withQuota(aCall(), 1)
		broken := call
		broken.Build = func(context.Context) (*Request, error) { return nil, errors.New("vault is sealed") }
		failure(t.Context(), t, c, broken)
		assert.Zero(t, rush(t.Context(), t, c, call, 1))
	})
}

// ledger is a limiter such as one shared between processes: only Wait and
// Pause.
type ledger struct {
	waits, pauses []string
	err           error
}

func (l *ledger) Wait(_ context.Context, q recall.Quota) error {
	l.waits = append(l.waits, q.Key)
	return l.err
}

func (l *ledger) Pause(_ context.Context, q recall.Quota, d time.Duration) error {
	l.pauses = append(l.pauses, q.Key+" "+d.String())
	return nil
}

// A vendor that says "too fast" to a last attempt has said it to everyone.
func TestTooFastAtTheLastAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []http.HandlerFunc{withRetryAfter("429", "10"), coded("200")}}
		c := newClient(t, "im.example", recall.Policy{Transport: s})
		call := withQuota(aCall(), 100)
		failure(t.Context(), t, c, call)
		assert.Equal(t, 10*time.Second, rush(t.Context(), t, c, call, 1))
	})
}

func TestLimiterThatHasNoRoom(t *testing.T) {
	l := &ledger{err: fmt.Errorf("my quota: %w", context.DeadlineExceeded)}
	_, _, err, _ := virtual(t, recall.Policy{Limiter: l}, 0, withQuota(aCall(), 10), coded("200"))
	require.ErrorIs(t, err, recall.ErrRateLimited)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "my quota")
}

func TestLimiterOfOnesOwn(t *testing.T) {
	call := withQuota(aCall(), 10)
	call.Quotas = append([]recall.Quota{{Key: "user", Calls: 1, Per: time.Minute}}, call.Quotas...)
	l := &ledger{}
	_, _, err, took := virtual(t, recall.Policy{Limiter: l}, 0, call, withRetryAfter("429", "3"), coded("200"))
	require.NoError(t, err)
	assert.Zero(t, took, "waiting is the limiter's")
	assert.Equal(t, []string{"user", "acme/app/recall", "user", "acme/app/recall"}, l.waits)
	assert.Equal(t, []string{"user 3s"}, l.pauses)

	s, _, err, _ := virtual(t, recall.Policy{Limiter: &ledger{err: errors.New("redis is down")}}, 0, call, coded("200"))
	require.ErrorIs(t, err, recall.ErrUnavailable)
	require.ErrorContains(t, err, "redis is down")
	assert.Empty(t, s.times, "nothing may be sent")
}

// carefree lets all calls through, and needs not know when they end.
type carefree struct{ ledger }

func (*carefree) Acquire(context.Context, recall.Quota) (func(recall.CallEnd), error) {
	return nil, nil
}

func TestAcquirerWithoutRelease(t *testing.T) {
	_, receipt, err, _ := virtual(t, recall.Policy{Limiter: &carefree{}}, 0, withQuota(aCall(), 10), coded("200"))
	require.NoError(t, err)
	assert.NotEmpty(t, receipt.Outcome)
}

// strict is a vendor with a limit that it holds to the letter, behind a
// network that delays requests and answers. One call too many and it blocks
// everybody for 10 s, as NetEase does.
type strict struct {
	fixed   bool                      // counts from full second to full second, not over any second
	way     time.Duration             // in each direction, at least
	delay   func(n int) time.Duration // what the request takes longer
	connect func(n int) time.Duration // what comes before the request is written

	mu       sync.Mutex
	arrivals []time.Time
	n        int
	rejected int
	blocked  time.Time
}

func (s *strict) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.n++
	delay, connect := s.delay(s.n), s.connect(s.n)
	s.mu.Unlock()
	trace := httptrace.ContextClientTrace(r.Context())
	trace.GetConn("")
	pass(connect)
	trace.GotConn(httptrace.GotConnInfo{})
	trace.WroteRequest(httptrace.WroteRequestInfo{})
	pass(s.way + delay) // there
	body := `{"code":200}`
	if !s.arrive(time.Now()) {
		body = `{"code":429}`
	}
	pass(s.way) // and back
	trace.GotFirstResponseByte()
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewBufferString(body)), Request: r}, nil
}

// pass lets time go by. A channel of a timer of no time at all crashes the
// runtime under the race detector on a virtual clock.
func pass(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}

func (s *strict) arrive(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := now.Add(-time.Second)
	if s.fixed {
		since = now.Truncate(time.Second).Add(-1)
	}
	for len(s.arrivals) > 0 && !s.arrivals[0].After(since) {
		s.arrivals = s.arrivals[1:]
	}
	if len(s.arrivals) >= 100 || now.Before(s.blocked) {
		s.rejected++
		s.blocked = now.Add(10 * time.Second)
		return false
	}
	s.arrivals = append(s.arrivals, now)
	return true
}
