package neteasetest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const (
	tooFast   = `{"desc":"frequency control","code":416}`
	tooFastV2 = `{"code":416,"msg":"frequency control"}`
)

func TestRateLimit(t *testing.T) {
	srv := frozen(t)
	srv.RateLimit = 2
	recall := func() string { return do(t, srv, http.MethodPost, recallPath, p2p) }
	assert.Equal(t, ok, recall())
	srv.Advance(500 * time.Millisecond)
	assert.Equal(t, ok, recall())
	srv.Advance(500 * time.Millisecond)
	assert.Equal(t, ok, recall(), "the first call was a second ago")

	srv.Add(message(p2p))
	assert.Equal(t, tooFast, recall())
	assert.False(t, srv.Recalled("10386192"), "what was too fast has no effect")
	assert.Equal(t, ok, do(t, srv, http.MethodPost, "/nimserver/msg/delMsgOneWay.action", with("type", "13")), "another API is open")
	srv.Advance(10*time.Second - time.Millisecond)
	assert.Equal(t, tooFast, recall(), "the API is closed for 10 seconds")
	srv.Advance(time.Millisecond)
	assert.Equal(t, ok, recall())
}

// Both base URLs of version 2 lead to the same API.
func TestRateLimitV2(t *testing.T) {
	srv := frozen(t)
	srv.RateLimit = 1
	assert.Equal(t, noMessage, withdraw(t, srv, "a%7C1%7Cb/messages/1?type=2"))
	assert.Equal(t, tooFastV2, do(t, srv, http.MethodDelete, "/nimserver/im/v2/conversations/a%7C1%7Cb/messages/2?type=2", ""))
}

// Who can't sign for the application does not use up its calls.
func TestRateLimitCountsTheApplicationsCalls(t *testing.T) {
	srv := frozen(t)
	srv.RateLimit = 1
	header := signed(srv)
	header["CheckSum"] = "wrong"
	for range 3 {
		assert.Equal(t, `{"desc":"checksum","code":414}`, send(t, srv, header, p2p))
	}
	assert.Equal(t, ok, send(t, srv, signed(srv), p2p))
	assert.Equal(t, tooFast, send(t, srv, signed(srv), p2p))
}

func TestDeleteLimit(t *testing.T) {
	srv := frozen(t)
	srv.DeleteLimit = 2
	remove := func() string { return do(t, srv, http.MethodPost, "/nimserver/msg/delMsg.action", p2p) }
	assert.Equal(t, ok, remove())
	srv.Advance(30 * time.Second)
	assert.Equal(t, ok, remove())
	assert.Equal(t, tooFast, remove())
	for range 5 {
		assert.Equal(t, ok, do(t, srv, http.MethodPost, recallPath, p2p), "the limit is of one API")
	}
	srv.Advance(10 * time.Second)
	assert.Equal(t, tooFast, remove(), "the block is over, the minute is not")
	srv.Advance(20 * time.Second)
	assert.Equal(t, ok, remove())
}

func TestNoLimitsUnlessSet(t *testing.T) {
	srv := frozen(t)
	for range 120 {
		assert.Equal(t, ok, do(t, srv, http.MethodPost, "/nimserver/msg/delMsg.action", p2p))
	}
}
