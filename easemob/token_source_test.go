package easemob

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// sourceClient returns a client with that source of tokens.
func sourceClient(t *testing.T, vendor *vendorMock, source sourceFunc) *Client {
	return newClient(t, func(cfg *Config) {
		cfg.Token, cfg.TokenSource = "", source
		cfg.Policy.Transport = vendor.transport()
	})
}

func TestTokenSourceIsToldWhatIsStale(t *testing.T) {
	vendor := &vendorMock{recall: refusing("new")}
	var stales []string
	c := sourceClient(t, vendor, func(_ context.Context, stale string) (Token, error) {
		stales = append(stales, stale)
		if stale == "" {
			return Token{Value: "old"}, nil
		}
		return Token{Value: "new"}, nil
	})
	for range 2 {
		receipt, err := c.Recall(t.Context(), recallOf(theMessage))
		require.NoError(t, err)
		assert.Equal(t, 2, receipt.Attempts)
	}
	assert.Equal(t, []string{"", "old", "", "old"}, stales)
	assert.Zero(t, vendor.tokens())
}

func TestTokenSourceWithNothingNewer(t *testing.T) {
	vendor := &vendorMock{recall: refusing("another")}
	c := sourceClient(t, vendor, func(context.Context, string) (Token, error) { return Token{Value: "old"}, nil })
	_, err := c.Recall(t.Context(), recallOf(theMessage))
	e := failure(t, err)
	assert.Equal(t, recall.ErrUnauthorized, e.Kind)
	assert.Equal(t, "Unable to authenticate due to expired access token", e.Message)
	assert.LessOrEqual(t, e.Attempts, 2)
}

// TestTokenSourceExpiryIsTheSourcesOwnAffair: it is asked for every attempt.
func TestTokenSourceExpiryIsTheSourcesOwnAffair(t *testing.T) {
	vendor := &vendorMock{recall: refusing("t")}
	c := sourceClient(t, vendor, func(context.Context, string) (Token, error) {
		return Token{Value: "t", Expires: time.Unix(1, 0)}, nil
	})
	_, err := c.Recall(t.Context(), recallOf(theMessage))
	require.NoError(t, err)
}

func TestTokenSourceGetsTheCallersContext(t *testing.T) {
	type key struct{}
	vendor := &vendorMock{recall: refusing("t")}
	c := sourceClient(t, vendor, func(ctx context.Context, _ string) (Token, error) {
		assert.Equal(t, "value", ctx.Value(key{}))
		return Token{Value: "t"}, nil
	})
	_, err := c.Recall(context.WithValue(t.Context(), key{}, "value"), recallOf(theMessage))
	require.NoError(t, err)
}

func TestTokenSourceFails(t *testing.T) {
	plain := errors.New("vault is sealed")
	typed := &recall.Error{Kind: recall.ErrPlanExhausted, Vendor: "vault", Op: "read", Code: "17", Message: "quota"}
	for name, test := range map[string]struct {
		err  error
		kind recall.Kind
	}{
		"plain error":         {plain, recall.ErrUnavailable},
		"typed error":         {typed, recall.ErrPlanExhausted},
		"wrapped typed error": {fmt.Errorf("token: %w", typed), recall.ErrPlanExhausted},
		"bare kind":           {recall.ErrUnauthorized, recall.ErrUnauthorized},
		"its own deadline":    {fmt.Errorf("vault: %w", context.DeadlineExceeded), recall.ErrUnavailable},
		"its own cancel":      {context.Canceled, recall.ErrUnavailable},
		"its own 401":         {&recall.Error{Kind: recall.ErrUnauthorized, Status: 401}, recall.ErrUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			vendor, asked := &vendorMock{}, 0
			c := sourceClient(t, vendor, func(context.Context, string) (Token, error) {
				asked++
				return Token{}, test.err
			})
			_, err := c.Recall(t.Context(), recallOf(theMessage))
			e := failure(t, err)
			assert.Equal(t, test.kind, e.Kind)
			assert.Equal(t, "org#app", e.App)
			assert.False(t, e.MayHaveApplied)
			assert.Zero(t, e.Attempts)
			assert.Equal(t, 1, asked)
			assert.Zero(t, vendor.recalls())
			require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's ctx lives")
			require.NotErrorIs(t, err, context.Canceled, "the caller's ctx lives")
		})
	}
	require.ErrorIs(t, failOnce(t, plain), plain)
	assert.Equal(t, "vault", typed.Vendor, "the source's error is its own")
}

// failOnce returns what a call fails with whose token source fails with err.
func failOnce(t *testing.T, err error) error {
	c := sourceClient(t, &vendorMock{}, func(context.Context, string) (Token, error) { return Token{}, err })
	_, err = c.Recall(t.Context(), recallOf(theMessage))
	return err
}

// TestTokenSourceObeysTheCaller: where the caller's ctx ended meanwhile, that is the error, whatever the
// source makes of it.
func TestTokenSourceObeysTheCaller(t *testing.T) {
	for name, test := range map[string]struct {
		cancel bool
		want   error
	}{
		"cancel":   {true, context.Canceled},
		"deadline": {false, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				vendor := &vendorMock{}
				c := sourceClient(t, vendor, func(ctx context.Context, _ string) (Token, error) {
					if test.cancel {
						cancel()
					}
					<-ctx.Done()
					return Token{}, errors.New("nobody waits for me")
				})
				_, err := c.Recall(ctx, recallOf(theMessage))
				require.ErrorIs(t, err, test.want)
				assert.Equal(t, recall.ErrCanceled, failure(t, err).Kind)
				assert.Zero(t, vendor.recalls())
			})
		})
	}
}

func TestTokenSourceGivesNoToken(t *testing.T) {
	for _, value := range []string{"", " ", "a b", "a\n", "a\r\nX-Header: b", "\x00", "ä", "a\x7f"} {
		vendor := &vendorMock{}
		c := sourceClient(t, vendor, func(context.Context, string) (Token, error) { return Token{Value: value}, nil })
		_, err := c.Recall(t.Context(), recallOf(theMessage))
		e := failure(t, err)
		assert.Equal(t, recall.ErrUnauthorized, e.Kind, "%q", value)
		assert.Zero(t, e.Attempts)
		assert.Zero(t, vendor.recalls())
	}
}

// TestSecretFuncThatMisbehaves: it runs on a goroutine of the client's, where a panic would end the process.
func TestSecretFuncThatMisbehaves(t *testing.T) {
	for name, get := range map[string]func(context.Context) (string, error){
		"panics":           func(context.Context) (string, error) { panic("s3cret") },
		"ends":             func(context.Context) (string, error) { runtime.Goexit(); return "", nil },
		"hangs":            func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() },
		"gives a line":     func(context.Context) (string, error) { return "s3cret\n", nil },
		"gives nothing":    func(context.Context) (string, error) { return "", nil },
		"returns an error": func(context.Context) (string, error) { return "", errors.New("vault is sealed") },
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, func(cfg *Config) {
				useCredentials(cfg)
				cfg.ClientSecret, cfg.ClientSecretFunc = "", get
				cfg.Policy.Transport = answering(500, "")
			})
			_, err := c.Recall(t.Context(), recallOf(theMessage))
			e := failure(t, err)
			assert.Contains(t, []recall.Kind{recall.ErrUnavailable, recall.ErrUnauthorized}, e.Kind, name)
			assert.False(t, e.MayHaveApplied, name)
			assert.NotContains(t, e.Error(), "s3cret", name)
		})
	}
}
