package faults

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// toSilence makes a call, of one attempt, to a vendor that reads the request
// and never answers, and tells how long it took. It works inside a synctest
// bubble.
func toSilence(ctx context.Context, t *testing.T, v vendor, timeout time.Duration) (*recall.Error, time.Duration) {
	t.Helper()
	c, err := v.open(recall.Policy{
		Transport: vendortest.Silent(), Timeout: timeout, Rate: -1, Retry: recall.Retry{Attempts: 1},
	}, "http://127.0.0.1")
	require.NoError(t, err)
	defer c.Close()
	start := time.Now()
	receipt, err := c.RecallMessage(ctx, message)
	took := time.Since(start)
	assert.Zero(t, receipt)
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.MayHaveApplied)
	assert.Equal(t, 1, e.Attempts)
	assert.Zero(t, e.Status)
	synctest.Wait()
	return e, took
}

// The caller's deadline passes, or the caller gives up, while the vendor is
// silent: nobody's fault, and the message may be gone.
func TestCallerEndsDuringSilence(t *testing.T) {
	ends := map[error]func(context.Context) (context.Context, context.CancelFunc){
		context.DeadlineExceeded: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		},
		context.Canceled: func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		},
	}
	forEachVendor(t, func(t *testing.T, v vendor) {
		for why, end := range ends {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := end(t.Context())
				defer cancel()
				e, took := toSilence(ctx, t, v, 0)
				assert.Equal(t, recall.ErrCanceled, e.Kind)
				assert.ErrorIs(t, e, why)
				assert.Equal(t, time.Second, took)
			})
		}
	})
}

// An attempt that takes too long is the vendor's failure, and not the caller's
// deadline.
func TestAttemptEndsDuringSilence(t *testing.T) {
	forEachVendor(t, func(t *testing.T, v vendor) {
		for timeout, want := range map[time.Duration]time.Duration{0: recall.DefaultTimeout, 250 * time.Millisecond: 250 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				e, took := toSilence(ctx, t, v, timeout)
				assert.Equal(t, recall.ErrUnavailable, e.Kind)
				assert.NotErrorIs(t, e, context.DeadlineExceeded)
				assert.NotErrorIs(t, e, context.Canceled)
				assert.Equal(t, want, took)
			})
		}
	})
}

// A call whose ctx has ended before sends nothing.
func TestCallThatIsOverSendsNothing(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	forEachVendor(t, func(t *testing.T, v vendor) {
		s := vendortest.NewServer(vendortest.Answering(http.StatusOK, v.answer()))
		defer s.Close()
		c := opened(t, v, policy(patient), s.URL)
		for _, ctx := range []context.Context{canceled, late} {
			_, err := c.RecallMessage(ctx, message)
			var e *recall.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, recall.ErrCanceled, e.Kind)
			assert.ErrorIs(t, err, ctx.Err())
			assert.False(t, e.MayHaveApplied)
			assert.Zero(t, e.Attempts)
		}
		assert.Empty(t, s.Requests())
		afterwards(t, v, c)
		assert.Len(t, s.Requests(), 1)
	})
}
