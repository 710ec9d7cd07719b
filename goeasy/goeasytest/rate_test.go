package goeasytest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/goeasy/goeasytest"
)

// GoEasy documents no limit, so nothing but this test says what the answer to it is.
func TestRateLimit(t *testing.T) {
	const tooFast = `{"code":429,"content":"Too Many Requests"}`
	srv := start(t)
	srv.RateLimit = 2
	srv.SetTime(at(1581111111111))
	srv.Add(goeasytest.Message{ID: "1", From: "user001", To: "user002"})
	for range 2 {
		status, body := send(t, srv, group)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, ok, body)
	}
	srv.Advance(999 * time.Millisecond)
	status, body := send(t, srv, pair)
	assert.Equal(t, http.StatusTooManyRequests, status)
	assert.Equal(t, tooFast, body)
	assert.False(t, srv.Recalled("1"), "what was too fast has no effect")
	srv.Advance(time.Millisecond)
	_, body = send(t, srv, pair)
	assert.Equal(t, ok, body, "there is no block")
	assert.True(t, srv.Recalled("1"))
}

func TestNoLimitUnlessSet(t *testing.T) {
	srv := start(t)
	for range 120 {
		_, body := send(t, srv, pair)
		assert.Equal(t, ok, body)
	}
}
