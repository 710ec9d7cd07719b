package main

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/imrecall/imrecall/recall"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Where the clocks of the replicas go has no part in it.
func TestTheClockIsTheServers(t *testing.T) {
	withLimiters(t, 1, func(t *testing.T, server *miniredis.Miniredis, limiters []*Limiter) {
		noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
		server.SetTime(noon)
		giveBack(take(t, limiters[0], one), answered)
		<-time.After(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		_, err := limiters[0].Acquire(ctx, one)
		require.ErrorIs(t, err, recall.ErrRateLimited)
		server.SetTime(noon.Add(1001 * time.Millisecond))
		take(t, limiters[0], one)
	})
}

// Quotas of users who are idle are forgotten.
func TestNothingIsKept(t *testing.T) {
	withLimiters(t, 2, func(t *testing.T, server *miniredis.Miniredis, limiters []*Limiter) {
		for _, limiter := range limiters {
			giveBack(take(t, limiter, hundred), answered)
		}
		take(t, limiters[0], one)
		require.NoError(t, limiters[0].Pause(t.Context(), one, time.Second))
		assert.NotEmpty(t, server.Keys())
		<-time.After(aLease + time.Second)
		assert.Empty(t, server.Keys())
		assert.Empty(t, limiters[0].lines)
	})
}

// Without Redis nothing is sent, and the error is not the caller's deadline.
func TestWithoutRedis(t *testing.T) {
	withLimiters(t, 1, func(t *testing.T, server *miniredis.Miniredis, limiters []*Limiter) {
		release := take(t, limiters[0], one)
		server.SetError("NOAUTH Authentication required.")
		_, err := limiters[0].Acquire(t.Context(), one)
		require.ErrorIs(t, err, recall.ErrUnavailable)
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, limiters[0].Pause(t.Context(), one, time.Second), recall.ErrUnavailable)
		giveBack(release, answered)
		server.SetError("")
		assert.InDelta(t, aLease+time.Second, waits(t, limiters[0], one), float64(20*time.Millisecond), "the lease has ended")
	})
}

// A Redis that takes connections and says nothing.
func TestMuteRedis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := redis.NewClient(&redis.Options{
			Addr: "127.0.0.1:1", // not asked
			Dialer: func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() {
					defer theirs.Close()
					io.Copy(io.Discard, theirs)
				}()
				return ours, nil
			},
			ContextTimeoutEnabled: true,
		})
		defer client.Close()
		limiter := NewLimiter(client, aLease)
		ctx, cancel := context.WithTimeout(t.Context(), 800*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := limiter.Acquire(ctx, one)
		require.ErrorIs(t, err, recall.ErrCanceled)
		assert.Equal(t, 800*time.Millisecond, time.Since(start))
		_, err = limiter.Acquire(t.Context(), one)
		require.ErrorIs(t, err, recall.ErrUnavailable)
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
	})
}
