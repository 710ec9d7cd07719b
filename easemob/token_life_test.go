package easemob

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// numbered is a token endpoint whose n-th token, from 1, is "tn".
func numbered(expiresIn int) func(int, *http.Request) (int, string) {
	return func(n int, _ *http.Request) (int, string) {
		return 200, tokenJSON("t"+strconv.Itoa(n+1), expiresIn)
	}
}

// refusing is a recall endpoint that takes only one token.
func refusing(allBut string) func(int, *http.Request) (int, string) {
	return func(_ int, r *http.Request) (int, string) {
		if bearer(r) == allBut {
			return 200, recalledJSON(theMessage)
		}
		return 401, errorJSON("unauthorized", "Unable to authenticate due to expired access token")
	}
}

// clientOf returns a client of that vendor which fetches its tokens.
func clientOf(t *testing.T, vendor *vendorMock) *Client {
	return newClient(t, func(cfg *Config) {
		useCredentials(cfg)
		cfg.Policy.Transport = vendor.transport()
	})
}

func TestTokenIsFetchedOnceForAllCalls(t *testing.T) {
	vendor := &vendorMock{token: numbered(3600), recall: refusing("t1")}
	c := clientOf(t, vendor)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			receipt, err := c.Recall(t.Context(), recallOf(theMessage))
			assert.NoError(t, err)
			assert.Equal(t, 1, receipt.Attempts)
		})
	}
	wg.Wait()
	assert.Equal(t, 1, vendor.tokens())
	assert.Equal(t, 100, vendor.recalls())
}

// TestTokenHasASpan: fetching it is told from the call that needs it.
func TestTokenHasASpan(t *testing.T) {
	vendor := &vendorMock{token: numbered(3600), recall: refusing("t1")}
	log := &spanLog{}
	c := newClient(t, func(cfg *Config) {
		useCredentials(cfg)
		cfg.Policy.Transport, cfg.Policy.Observer = vendor.transport(), log
	})
	_, err := c.Recall(t.Context(), recallOf(theMessage))
	require.NoError(t, err)
	assert.Equal(t, []recall.SpanKind{recall.SpanCall, recall.SpanToken, recall.SpanAttempt, recall.SpanAttempt}, log.kinds)
}

// TestTenRefusalsOneNewToken: ten calls are refused at once, and one request for a token serves them all.
func TestTenRefusalsOneNewToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		vendor := &vendorMock{token: numbered(3600)}
		vendor.recall = func(n int, r *http.Request) (int, string) {
			if bearer(r) == "t1" {
				<-open
			}
			return refusing("t2")(n, r)
		}
		c := clientOf(t, vendor)
		receipts := make(chan recall.Receipt, 10)
		for range 10 {
			go func() {
				receipt, err := c.Recall(t.Context(), recallOf(theMessage))
				assert.NoError(t, err)
				receipts <- receipt
			}()
		}
		synctest.Wait()
		assert.Equal(t, 10, vendor.recalls())
		close(open)
		for range 10 {
			receipt := <-receipts
			assert.Equal(t, recall.Recalled, receipt.Outcome)
			assert.Equal(t, 2, receipt.Attempts)
		}
		assert.Equal(t, 2, vendor.tokens())
		assert.Equal(t, 20, vendor.recalls())
	})
}

func TestRefusedTwice(t *testing.T) {
	vendor := &vendorMock{token: numbered(3600), recall: refusing("none of them")}
	_, err := clientOf(t, vendor).Recall(t.Context(), recallOf(theMessage))
	e := failure(t, err)
	assert.Equal(t, recall.ErrUnauthorized, e.Kind)
	assert.Equal(t, "unauthorized", e.Code)
	assert.Equal(t, "Unable to authenticate due to expired access token", e.Message)
	assert.Equal(t, 401, e.Status)
	assert.Equal(t, 2, e.Attempts)
	assert.False(t, e.MayHaveApplied)
	assert.Equal(t, 2, vendor.tokens())
}

// TestRefusedThenNoNewToken: the error is the token endpoint's, and the call was about a message.
func TestRefusedThenNoNewToken(t *testing.T) {
	vendor := &vendorMock{recall: refusing("none")}
	vendor.token = func(n int, r *http.Request) (int, string) {
		if n == 0 {
			return numbered(3600)(n, r)
		}
		return 400, errorJSON("invalid_grant", "client_secret does not match")
	}
	_, err := clientOf(t, vendor).Recall(t.Context(), recallOf(theMessage))
	e := failure(t, err)
	assert.Equal(t, recall.ErrUnauthorized, e.Kind)
	assert.Equal(t, "invalid_grant", e.Code)
	assert.Equal(t, "token", e.Op)
	assert.Equal(t, 1, e.Attempts)
	assert.False(t, e.MayHaveApplied)
}

// TestLateRefusal: a refusal of the old token that comes when there is a new one costs no third.
func TestLateRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan struct{})
		vendor := &vendorMock{token: numbered(3600)}
		vendor.recall = func(n int, r *http.Request) (int, string) {
			if n == 0 {
				<-late
			}
			return refusing("t2")(n, r)
		}
		c := clientOf(t, vendor)
		done := make(chan error)
		go func() {
			_, err := c.Recall(t.Context(), recallOf(theMessage))
			done <- err
		}()
		synctest.Wait()
		_, err := c.Recall(t.Context(), recallOf(theMessage))
		require.NoError(t, err)
		close(late)
		require.NoError(t, <-done)
		assert.Equal(t, 2, vendor.tokens())
	})
}

// TestOnlyUnauthorizedRenews: other refusals don't cost a token, whatever their text says.
func TestOnlyUnauthorizedRenews(t *testing.T) {
	for _, row := range allErrors() {
		vendor := &vendorMock{token: numbered(3600)}
		vendor.recall = func(int, *http.Request) (int, string) { return row.status, errorJSON(row.code, row.text) }
		_, err := clientOf(t, vendor).Recall(t.Context(), recallOf(theMessage))
		want := 1
		if row.status == 401 {
			want = 2
		}
		assert.Equal(t, want, failure(t, err).Attempts, row)
		assert.Equal(t, want, vendor.tokens(), row)
	}
}

// TestRetriesKeepTheToken: an outage of the vendor is not a reason to ask for tokens, which it bans for.
func TestRetriesKeepTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vendor := &vendorMock{token: numbered(3600)}
		vendor.recall = func(n int, _ *http.Request) (int, string) {
			if n%2 == 0 {
				return 503, "busy"
			}
			return 200, recalledJSON(theMessage)
		}
		c := newClient(t, func(cfg *Config) {
			useCredentials(cfg)
			cfg.Policy.Transport, cfg.Policy.Retry.Attempts = vendor.transport(), 3
		})
		for range 10 {
			receipt, err := c.Recall(t.Context(), recallOf(theMessage))
			require.NoError(t, err)
			assert.Equal(t, 2, receipt.Attempts)
		}
		assert.Equal(t, 1, vendor.tokens())
	})
}

func TestTokenLifeAsTheVendorSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vendor := &vendorMock{token: numbered(3600), recall: func(_ int, r *http.Request) (int, string) {
			return 200, recalledJSON(bearer(r)) // tells which token came
		}}
		c := clientOf(t, vendor)
		serves := func(token string) {
			t.Helper()
			_, err := c.Recall(t.Context(), recallOf(token))
			require.NoError(t, err)
			synctest.Wait()
		}
		serves("t1")
		advance(30*time.Minute + time.Second)
		serves("t1") // and sets off the refresh
		serves("t2")
		advance(time.Hour)
		serves("t3") // t2 is over, so this call waited
		assert.Equal(t, 3, vendor.tokens())
	})
}

// TestFixedTokenIsNeverRenewed: there is nothing to renew it with.
func TestFixedTokenIsNeverRenewed(t *testing.T) {
	vendor := &vendorMock{recall: refusing("another")}
	c := newClient(t, func(cfg *Config) { cfg.Policy.Transport = vendor.transport() })
	for n := range 3 {
		_, err := c.Recall(t.Context(), recallOf(theMessage))
		assert.Equal(t, recall.ErrUnauthorized, failure(t, err).Kind)
		assert.Equal(t, n+1, vendor.recalls())
	}
	assert.Zero(t, vendor.tokens())
}

// TestCallerLeavesWhileTokenIsFetched: the caller's ctx ends, and nothing was sent about the message.
func TestCallerLeavesWhileTokenIsFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arrived := make(chan struct{}, 1)
		_, transport := newMemory(t, func(_ http.ResponseWriter, r *http.Request) {
			arrived <- struct{}{}
			<-r.Context().Done()
		})
		c := newClient(t, func(cfg *Config) {
			useCredentials(cfg)
			cfg.Host, cfg.Policy.Transport = "http://localhost", transport
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Recall(ctx, recallOf(theMessage))
		e := failure(t, err)
		assert.Equal(t, recall.ErrCanceled, e.Kind)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Zero(t, e.Attempts)
		assert.False(t, e.MayHaveApplied)
		<-arrived

		done := make(chan error)
		go func() {
			_, err := c.Recall(t.Context(), recallOf(theMessage))
			done <- err
		}()
		synctest.Wait()
		assert.Empty(t, arrived, "the request that is under way serves this call too")
		advance(recall.DefaultTimeout)
		err = <-done
		require.ErrorIs(t, err, recall.ErrUnavailable)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		assert.False(t, failure(t, err).MayHaveApplied)
	})
}

func TestCloseEndsATokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, transport := newMemory(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		c := newClient(t, func(cfg *Config) {
			useCredentials(cfg)
			cfg.Host, cfg.Policy.Transport = "http://localhost", transport
		})
		done := make(chan error)
		start := time.Now()
		go func() {
			_, err := c.Recall(t.Context(), recallOf(theMessage))
			done <- err
		}()
		synctest.Wait()
		c.Close()
		e := failure(t, <-done)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, "token", e.Op)
		assert.False(t, e.MayHaveApplied)
	})
}
