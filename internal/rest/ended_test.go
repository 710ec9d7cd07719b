package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// Whatever a call waits for when its ctx ends, the error tells that, and why
// ctx ended.
func TestEndedWhileWaiting(t *testing.T) {
	credentials := aCall()
	credentials.Build = func(ctx context.Context) (*Request, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	closed, patient := recall.NewLimiter(), limiterFunc(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	for name, tt := range map[string]struct {
		call   Call
		policy recall.Policy
		says   string
		sent   bool
	}{
		"quota":         {withQuota(aCall(), 1), recall.Policy{Limiter: closed}, "waiting for the quota acme/app/recall: ", false},
		"other limiter": {withQuota(aCall(), 1), recall.Policy{Limiter: patient}, "waiting for the quota acme/app/recall: ", false},
		"credentials":   {credentials, recall.Policy{}, "waiting for credentials: ", false},
		"answer":        {aCall(), recall.Policy{Transport: vendortest.Silent()}, "waiting for an answer from http://127.0.0.1: ", true},
		"repetition": {
			aCall(), recall.Policy{Transport: &script{answers: []http.HandlerFunc{coded("500")}}, Retry: never()}, ", after: acme: recall: unavailable: ", true,
		},
	} {
		for how, end := range map[error]func(context.Context, error) (context.Context, context.CancelFunc){
			context.Canceled: func(ctx context.Context, why error) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancelCause(ctx)
				time.AfterFunc(time.Second, func() { cancel(why) })
				return ctx, func() { cancel(nil) }
			},
			context.DeadlineExceeded: func(ctx context.Context, why error) (context.Context, context.CancelFunc) {
				return context.WithTimeoutCause(ctx, time.Second, why)
			},
		} {
			if how == context.DeadlineExceeded && (name == "quota" || name == "repetition") { //nolint:errorlint // identity is meant
				continue // such a wait is not begun
			}
			t.Run(name+"/"+how.Error(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					if name == "quota" {
						require.NoError(t, closed.Pause(t.Context(), recall.Quota{Key: "acme/app/recall", Calls: 1, Per: time.Second}, time.Hour))
					}
					why := errors.New("the moderator left")
					ctx, cancel := end(t.Context(), why)
					defer cancel()
					start := time.Now()
					e := failure(ctx, t, newClient(t, "http://127.0.0.1", tt.policy), tt.call)
					assert.Equal(t, time.Second, time.Since(start))
					assert.Equal(t, recall.ErrCanceled, e.Kind)
					require.ErrorIs(t, e, how)
					require.ErrorIs(t, e, why)
					assert.Contains(t, e.Error(), tt.says)
					assert.Equal(t, tt.sent, e.MayHaveApplied)
				})
			})
		}
	}
}

// The failure of another call, for which a group of calls was given up, is not
// this call's: it tells nothing of this message.
func TestEndedForAnotherCall(t *testing.T) {
	other := fmt.Errorf("another: %w", &recall.Error{Kind: recall.ErrNotFound, Message: "its own", MayHaveApplied: true})
	causeOf := limiterFunc(func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) })
	for name, policy := range map[string]recall.Policy{
		"quota": {Transport: vendortest.Silent(), Limiter: causeOf}, "answer": {Transport: vendortest.Silent()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { cancel(other) })
				e := failure(ctx, t, newClient(t, "http://127.0.0.1", policy), withQuota(aCall(), 1))
				assert.Equal(t, recall.ErrCanceled, e.Kind)
				require.ErrorIs(t, e, context.Canceled)
				require.NotErrorIs(t, e, recall.ErrNotFound)
				assert.Contains(t, e.Error(), "its own")
				assert.Equal(t, name == "answer", e.MayHaveApplied)
			})
		})
	}
}

// limiterFunc is a limiter that waits in its own way.
type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context, _ recall.Quota) error { return f(ctx) }

func (limiterFunc) Pause(context.Context, recall.Quota, time.Duration) error { return nil }

// never waits for longer than any test.
func never() recall.Retry {
	return recall.Retry{Attempts: 2, BaseDelay: time.Hour, Jitter: func(bound time.Duration) time.Duration { return bound }}
}
