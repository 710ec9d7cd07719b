package easemobtest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/easemob/easemobtest"
)

var tooFast = failed("reach_limit", "This request has reached api limit")

func TestRateLimit(t *testing.T) {
	srv := frozen(t)
	srv.RateLimit = 2
	for range 3 {
		srv.Add(easemobtest.Message{ID: "1", To: "user2", Chat: easemobtest.ChatSingle})
	}
	token := bearer(t, srv)
	recall := func() (int, string) {
		return send(t, srv, http.MethodPost, recallPath, recallBody("1", true), token...)
	}
	for range 2 {
		status, _ := recall()
		assert.Equal(t, http.StatusOK, status)
	}
	srv.Advance(999 * time.Millisecond)
	status, body := recall()
	assert.Equal(t, http.StatusTooManyRequests, status)
	assert.JSONEq(t, `{"error":"reach_limit","timestamp":1657529589472,"duration":0,
		"error_description":"This request has reached api limit"}`, body)
	status, _ = send(t, srv, http.MethodGet, "/demo-org/demo-app/users?limit=1", "", token...)
	assert.Equal(t, http.StatusOK, status, "another API has a limit of its own")

	srv.Advance(time.Millisecond)
	status, _ = recall()
	assert.Equal(t, http.StatusOK, status, "there is no block")
}

// What was too fast has no effect.
func TestRefusedAsTooFast(t *testing.T) {
	srv := frozen(t)
	srv.RateLimit = 1
	srv.Add(easemobtest.Message{ID: "1", To: "user2", Chat: easemobtest.ChatSingle})
	token := bearer(t, srv)
	status, _ := send(t, srv, http.MethodPost, recallPath, recallBody("unknown", true), token...)
	assert.Equal(t, http.StatusOK, status)
	status, body := send(t, srv, http.MethodPost, recallPath, recallBody("1", true), token...)
	assert.Equal(t, http.StatusTooManyRequests, status)
	assert.Equal(t, tooFast, body)
	assert.False(t, srv.Recalled("1"))
}

// Easemob allows 300 tokens a second where it allows 100 calls.
func TestRateLimitOfTokens(t *testing.T) {
	srv := frozen(t)
	srv.RateLimit = 1
	for range 3 {
		bearer(t, srv)
	}
	status, body := send(t, srv, http.MethodPost, "/demo-org/demo-app/token", credentials)
	assert.Equal(t, http.StatusTooManyRequests, status)
	assert.Equal(t, tooFast, body)
}

func TestConversationLimit(t *testing.T) {
	srv := frozen(t)
	srv.ConversationLimit = 5
	token := bearer(t, srv)
	lose := func(user string) int {
		status, _ := send(t, srv, http.MethodDelete, "/demo-org/demo-app/users/"+user+"/user_channel",
			`{"channel":"u2","type":"chat","delete_roam":true}`, token...)
		return status
	}
	for range 5 {
		assert.Equal(t, http.StatusOK, lose("u1"))
	}
	srv.Advance(59 * time.Second)
	assert.Equal(t, http.StatusTooManyRequests, lose("U1"), "user IDs have no case")
	assert.Equal(t, http.StatusOK, lose("u3"), "the limit is each user's")
	srv.Advance(time.Second)
	assert.Equal(t, http.StatusOK, lose("u1"))
}

func TestNoLimitsUnlessSet(t *testing.T) {
	srv := frozen(t)
	token := bearer(t, srv)
	for range 120 {
		status, _ := send(t, srv, http.MethodDelete, "/demo-org/demo-app/users/u1/user_channel",
			`{"channel":"u2","type":"chat","delete_roam":true}`, token...)
		assert.Equal(t, http.StatusOK, status)
	}
}
