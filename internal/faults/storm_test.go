package faults

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

const stormWorkers = 64

// job is one recall of a storm.
type job struct {
	n       int
	request recall.Request
	sort    jobSort
}

// jobSort is what is special about a recall.
type jobSort int

const (
	fresh   jobSort = iota // on the server, and can be recalled
	unknown                // not on the server
	expired                // too old
	invalid                // refused before anything is sent
	over                   // its ctx has ended
	hasty                  // its deadline is a few milliseconds away
	denied                 // the limiter refuses it
)

// result is how it ended.
type result struct {
	job
	receipt recall.Receipt
	err     error
	written int32 // requests that the transport wrote, received or not
}

// denials is a limiter that refuses the calls whose ctx is marked, and never
// makes anybody wait, also not where the vendor asks for it.
type denials struct{}

type deniedKey struct{}

func (denials) Wait(ctx context.Context, _ recall.Quota) error {
	if ctx.Value(deniedKey{}) != nil {
		return errors.New("the limiter is out of order")
	}
	return nil
}

func (denials) Pause(context.Context, recall.Quota, time.Duration) error { return nil }

// Thousands of recalls at once through a vendor at its worst: whatever a
// receipt or an error claims is what the vendor itself knows.
func TestStorm(t *testing.T) {
	for seed := range *stormSeeds {
		for _, start := range stormBackends {
			b := start(t)
			t.Run(b.name, func(t *testing.T) {
				s := &storm{backend: b, seed: uint64(seed) + 1, seen: map[int]int{}}
				results := s.run(t, *stormCalls/len(stormBackends))
				tally := map[string]int{}
				for _, r := range results {
					tally[s.check(t, r)]++
				}
				assert.Greater(t, tally["receipt"], len(results)/2, "most calls get through")
				t.Logf("seed %d: %v; %d requests", seed+1, tally, s.requests())
			})
		}
	}
}

// run recalls so many messages, and returns when all calls have ended and the
// server has come to rest.
func (s *storm) run(t *testing.T, calls int) []result {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close() // waits for requests that go on after their client has left
	p := recall.Policy{
		Timeout: stormAttempt, Limiter: denials{},
		Retry: recall.Retry{Attempts: 4, BaseDelay: time.Millisecond, MaxDelay: 4 * time.Millisecond},
	}
	c, err := s.open(server.URL, p)
	require.NoError(t, err)
	defer c.Close()
	jobs := make(chan job, calls)
	for _, j := range s.jobs(calls) {
		jobs <- j
	}
	close(jobs)
	results := make(chan result, calls)
	var wg sync.WaitGroup
	for range stormWorkers {
		wg.Go(func() {
			for j := range jobs {
				results <- call(c, j)
			}
		})
	}
	wg.Wait()
	close(results)
	all := make([]result, 0, calls)
	for r := range results {
		all = append(all, r)
	}
	assert.Len(t, all, calls)
	return all
}

// jobs puts messages on the server, and makes up what is to be recalled.
func (s *storm) jobs(calls int) []job {
	random := rand.New(rand.NewPCG(s.seed, 0))
	jobs := make([]job, calls)
	for n := range jobs {
		j := job{n: n, request: s.message(n), sort: sortOf(random.IntN(100))}
		switch j.sort {
		case unknown:
		case expired:
			j.request.SentAt = j.request.SentAt.Add(-2 * window)
			s.add(n, j.request)
		case invalid:
			s.add(n, j.request)
			j.request.To = ""
		default:
			s.add(n, j.request)
		}
		jobs[n] = j
	}
	return jobs
}

func sortOf(percent int) jobSort {
	switch {
	case percent < 4:
		return unknown
	case percent < 8:
		return expired
	case percent < 10:
		return invalid
	case percent < 12:
		return over
	case percent < 16:
		return hasty
	case percent < 18:
		return denied
	}
	return fresh
}

// call makes one call as its sort says.
func call(c client, j job) result {
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	switch j.sort {
	case over:
		cancel()
	case hasty:
		ctx, cancel = context.WithTimeout(ctx, time.Duration(1+j.n%8)*time.Millisecond)
		defer cancel()
	case denied:
		ctx = context.WithValue(ctx, deniedKey{}, true)
	}
	var written atomic.Int32
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { written.Add(1) },
	})
	receipt, err := c.RecallMessage(ctx, j.request)
	return result{job: j, receipt: receipt, err: err, written: written.Load()}
}

// check compares what a call claims with what the server knows. It returns
// what to count it as.
func (s *storm) check(t *testing.T, r result) string {
	t.Helper()
	gone, received := s.recalled(r.n), s.received(r.n)
	if r.err == nil {
		s.checkReceipt(t, r, gone, received)
		return "receipt"
	}
	var e *recall.Error
	if !assert.ErrorAs(t, r.err, &e) {
		return "unclassified"
	}
	assert.Contains(t, allKinds, e.Kind, "%v", e)
	assert.Zero(t, r.receipt)
	for _, secret := range s.secrets {
		assert.NotContains(t, e.Error(), secret)
	}
	if e.Attempts == 0 {
		assert.Zero(t, received, "message %d was refused before sending, and was received: %v", r.n, e)
		assert.False(t, e.MayHaveApplied, "message %d: %v", r.n, e)
	}
	if !e.MayHaveApplied {
		assert.False(t, gone, "message %d is gone, in spite of: %v", r.n, e)
	}
	switch r.sort {
	case invalid:
		assert.Equal(t, recall.ErrInvalidRequest, e.Kind)
	case over:
		assert.Equal(t, recall.ErrCanceled, e.Kind)
		assert.Zero(t, e.Attempts)
	case denied:
		assert.Equal(t, recall.ErrUnavailable, e.Kind)
		assert.Zero(t, e.Attempts)
	}
	if e.MayHaveApplied {
		return "may have applied"
	}
	return string(e.Kind)
}

func (s *storm) checkReceipt(t *testing.T, r result, gone bool, received int) {
	t.Helper()
	assert.Positive(t, received, "message %d: %+v", r.n, r.receipt)
	switch r.receipt.Outcome {
	case recall.Recalled:
		assert.True(t, gone, "message %d is still there: %+v", r.n, r.receipt)
	case recall.AlreadyGone:
		// One that was written to a connection which the server had closed just
		// then was not received, and nobody but the server knows.
		assert.Greater(t, r.written, int32(1), "message %d was asked for once: %+v", r.n, r.receipt)
		assert.True(t, gone || r.sort == unknown, "message %d is still there: %+v", r.n, r.receipt)
	case recall.Accepted:
		known := r.sort == fresh || r.sort == hasty
		assert.True(t, gone || !known, "message %d is still there: %+v", r.n, r.receipt)
		assert.True(t, r.receipt.Code == "200" || received > 1, "message %d: %+v", r.n, r.receipt)
	default:
		assert.Fail(t, "no outcome", "message %d: %+v", r.n, r.receipt)
	}
}

var allKinds = []recall.Kind{
	recall.ErrInvalidRequest, recall.ErrUnauthorized, recall.ErrMisconfigured, recall.ErrForbidden,
	recall.ErrNotEnabled, recall.ErrWindowExpired, recall.ErrNotFound, recall.ErrRateLimited,
	recall.ErrPlanExhausted, recall.ErrUnavailable, recall.ErrBadResponse, recall.ErrUnsupported, recall.ErrCanceled,
}
