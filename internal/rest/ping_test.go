package rest

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// hasty is a policy of so many attempts that don't wait for each other.
func hasty(attempts int) recall.Policy {
	none := func(time.Duration) time.Duration { return 0 }
	return recall.Policy{Retry: recall.Retry{Attempts: attempts, Jitter: none}}
}

// reads is a call that changes nothing.
func reads() Call {
	call := aCall()
	call.Op, call.MessageID, call.Reads = OpPing, "", true
	return call
}

// silences are the ways in which a first attempt leaves open whether it
// arrived, or what it did.
var silences = map[string]http.HandlerFunc{
	"hangs up": func(w http.ResponseWriter, _ *http.Request) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			conn.Close()
		}
	},
	"gateway":   answerWith(502, "<html>"),
	"its fault": answerWith(500, `{"code":500}`),
}

// A refusal after silence is a refusal: nothing was there to take effect.
func TestReadsClaimNothingAfterSilence(t *testing.T) {
	for name, silence := range silences {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int32
			traces := make(chan string, 4)
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				traces <- r.Header.Get("X-Trace")
				if n.Add(1) == 1 {
					silence(w, r)
					return
				}
				answerWith(200, `{"code":404}`)(w, r)
			})
			call := reads()
			decode := call.Decode
			call.Decode = func(a Answer) (Verdict, error) {
				assert.False(t, a.Repeated)
				assert.False(t, a.Unsettled)
				return decode(a)
			}
			policy := hasty(2)
			policy.Transport = &http.Transport{DisableKeepAlives: true}
			e := failure(t.Context(), t, newClient(t, url, policy), call)
			assert.Equal(t, recall.ErrNotFound, e.Kind)
			assert.False(t, e.MayHaveApplied)
			assert.Equal(t, 2, e.Attempts)
			first := <-traces
			assert.NotEqual(t, first, <-traces, "the vendor may take the second for a repetition")
		})
	}
}

func TestReadsMayNotHaveApplied(t *testing.T) {
	for name, silence := range silences {
		t.Run(name, func(t *testing.T) {
			e := failure(t.Context(), t, newClient(t, serve(t, silence), hasty(1)), reads())
			assert.Equal(t, recall.ErrUnavailable, e.Kind)
			assert.False(t, e.MayHaveApplied)
		})
	}
}

func TestPinged(t *testing.T) {
	require.NoError(t, Pinged(nil))
	plain := errors.New("x")
	assert.Equal(t, plain, Pinged(plain))
	token := &recall.Error{Kind: recall.ErrUnauthorized, Op: "token", Code: "invalid_grant"}
	var e *recall.Error
	require.ErrorAs(t, Pinged(token), &e)
	assert.Equal(t, recall.Error{Kind: recall.ErrUnauthorized, Op: "ping", Code: "invalid_grant"}, *e)
	assert.Equal(t, "token", token.Op, "others may hold it")
}

func TestAboutConfig(t *testing.T) {
	for _, kind := range []recall.Kind{recall.ErrInvalidRequest, recall.ErrNotFound, recall.ErrForbidden, recall.ErrWindowExpired} {
		e := AboutConfig(&recall.Error{Kind: kind, Field: "To", Code: "1"})
		assert.Equal(t, recall.Error{Kind: recall.ErrMisconfigured, Code: "1"}, *e)
	}
	for _, kind := range []recall.Kind{recall.ErrUnauthorized, recall.ErrUnavailable, recall.ErrBadResponse, recall.ErrNotEnabled} {
		assert.Equal(t, kind, AboutConfig(&recall.Error{Kind: kind}).Kind)
	}
}
