package neteasetest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/netease/neteasetest"
)

// inbox is an application that keeps the callbacks that it gets, and answers with the statuses that it was given, then
// with 200.
type inbox struct {
	*httptest.Server
	mu       sync.Mutex
	headers  []http.Header
	bodies   []string
	statuses []int
}

func newInbox(t *testing.T, statuses ...int) *inbox {
	t.Helper()
	in := &inbox{statuses: statuses}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		in.mu.Lock()
		defer in.mu.Unlock()
		in.headers, in.bodies = append(in.headers, r.Header), append(in.bodies, string(body))
		if len(in.statuses) > 0 {
			w.WriteHeader(in.statuses[0])
			in.statuses = in.statuses[1:]
		}
	}))
	t.Cleanup(in.Close)
	return in
}

func (in *inbox) got() ([]http.Header, []string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.headers, in.bodies
}

// reporting starts an emulator with a stopped clock that posts to an inbox.
func reporting(t *testing.T, how neteasetest.Callbacks, statuses ...int) (*neteasetest.Server, *inbox) {
	t.Helper()
	srv, in := frozen(t), newInbox(t, statuses...)
	how.URL = in.URL
	srv.SendCallbacks(how)
	return srv, in
}

const (
	sentCopy = `{"attach":"","body":"hello","convType":"PERSON","eventType":"1","fromAccount":"t1","fromClientType":"REST","fromNick":"t1",` +
		`"msgTimestamp":"1700000000000","msgType":"TEXT","msgidClient":"client-10386192","msgidServer":"10386192","resendFlag":"0","to":"t4"}`
	recallCopy = `{"clientId":"client-10386192","deleteTime":"1700000000000","eventType":"7","from":"t1","fromClientType":"REST",` +
		`"msgId":"10386192","selfMsg":"撤回了一条消息","sendTime":"1700000000000","to":"t4"}`
)

// recallOf posts a recall for the secret 0123456789ab.
func recallOf(t *testing.T, srv *neteasetest.Server, form string) {
	t.Helper()
	header := signed(srv)
	header["CheckSum"] = "cdd1f90b8200330c6e1dcd0bb5b8a3bcd2a111b5"
	require.Equal(t, ok, send(t, srv, header, form))
}

// The signatures were computed with other software, for the secret 0123456789ab.
func TestCallbacksOnTheWire(t *testing.T) {
	srv, in := reporting(t, neteasetest.Callbacks{})
	srv.AppSecret = "0123456789ab"
	srv.Add(message(p2p))
	recallOf(t, srv, p2p)
	recallOf(t, srv, p2p)
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	headers, bodies := in.got()
	assert.Equal(t, []string{sentCopy, recallCopy}, bodies, "the second recall changed nothing")
	for i, want := range [][2]string{
		{"789a5a73692621b2058251f09377fd47", "af923d7fdb3436d8da5f02d264a8b2d479047440"},
		{"8126e00231be51b9310c934f44a78268", "d855daeca37c8a906f5715fbb38b0e1a2b5c5242"},
	} {
		assert.Equal(t, "application/json", headers[i].Get("Content-Type"))
		assert.Equal(t, srv.AppKey, headers[i].Get("AppKey"))
		assert.Equal(t, "1700000000000", headers[i].Get("CurTime"))
		assert.Equal(t, want[0], headers[i].Get("MD5"))
		assert.Equal(t, want[1], headers[i].Get("CheckSum"))
	}

	srv, in = reporting(t, neteasetest.Callbacks{BadSignature: true})
	srv.AppSecret = "0123456789ab"
	srv.Add(message(p2p))
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	headers, bodies = in.got()
	assert.Equal(t, []string{sentCopy}, bodies)
	assert.NotEqual(t, "af923d7fdb3436d8da5f02d264a8b2d479047440", headers[0].Get("CheckSum"))
}

// What else happens to messages, and which of it is told.
func TestWhatIsTold(t *testing.T) {
	srv, in := reporting(t, neteasetest.Callbacks{})
	sent := func(typ int) neteasetest.Message { return sentAt(typ, time.Second) }
	for _, step := range []struct {
		message      neteasetest.Message
		method, call string
		form         string
		tells        string // of what follows the message
	}{
		{sent(neteasetest.TypeTeam), http.MethodPost, "msg/recall.action", "deleteMsgid=10386192&type=8&from=t1&to=99", "8"},
		{sent(neteasetest.TypeSuperTeam), http.MethodPost, "superteam/recallMsg.action", "deleteMsgid=10386192&timetag=1699999999000&from=t1&to=99", "25"},
		{sent(neteasetest.TypeChatroom), http.MethodPost, "chatroom/recall.action", "roomid=99&msgTimetag=1699999999000&msgId=10386192&fromAcc=t1&operatorAcc=a", ""},
		{sent(neteasetest.TypeP2P), http.MethodPost, "msg/delMsgOneWay.action", "deleteMsgid=10386192&type=13&from=t1&to=99", ""},
		{sent(neteasetest.TypeP2P), http.MethodPost, "msg/delMsg.action", "deleteMsgid=10386192&timetag=1699999999000&type=7&from=t1&to=99", ""},
		{sent(neteasetest.TypeP2P), http.MethodPost, "msg/recall.action", "deleteMsgid=10386193&type=7&from=t1&to=99", ""},
		{sent(neteasetest.TypeP2P), http.MethodDelete, "im/v2/conversations/t1%7C1%7C99/messages/10386192?type=2", "", "7"},
		{sent(neteasetest.TypeTeam), http.MethodDelete, "im/v2/conversations/t1%7C2%7C99/messages/10386192?type=2", "", "8"},
		{sent(neteasetest.TypeP2P), http.MethodDelete, "im/v2/conversations/t1%7C1%7C99/messages/10386192?type=1", "", ""},
		{sent(neteasetest.TypeP2P), http.MethodDelete, "im/v2/conversations/t1%7C1%7C99/messages/10386192?type=3", "", ""},
	} {
		_, before := in.got()
		srv.Add(step.message)
		assert.Contains(t, do(t, srv, step.method, "/nimserver/"+step.call, step.form), `"code":200`, step.call)
		require.NoError(t, srv.WaitCallbacks(t.Context()))
		_, bodies := in.got()
		bodies = bodies[len(before):]
		if step.tells == "" {
			assert.Len(t, bodies, 1, step.call)
			continue
		}
		require.Len(t, bodies, 2, step.call)
		assert.Contains(t, bodies[1], `"eventType":"`+step.tells+`","from":"t1"`)
	}
	_, bodies := in.got()
	assert.Contains(t, bodies[0], `"convType":"TEAM","eventType":"1"`)
	assert.Contains(t, bodies[2], `"convType":"SUPER_TEAM","eventType":"1"`)
	assert.Equal(t, `{"attach":"hello","eventType":"4","ext":"","fromAccount":"t1","fromAvator":"","fromClientType":"REST","fromExt":"",`+
		`"fromNick":"t1","msgTimestamp":"1699999999000","msgType":"TEXT","msgidClient":"10386192","resendFlag":"0","roleInfoTimetag":"0",`+
		`"roomId":"99"}`, bodies[4])
}

// 500 counts as received; other failures are tried three times.
func TestCallbacksAreRetried(t *testing.T) {
	srv, in := reporting(t, neteasetest.Callbacks{}, 503, 500, 404, 302, 204)
	srv.Add(message(p2p))
	srv.Add(message(team))
	srv.Add(message(p2p))
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	_, bodies := in.got()
	require.Len(t, bodies, 6)
	assert.Equal(t, []string{sentCopy, sentCopy}, bodies[:2])
	assert.Equal(t, bodies[2:4], bodies[3:5])
	assert.Equal(t, sentCopy, bodies[5])
}

func TestCallbacksEndWithTheServer(t *testing.T) {
	srv, in := reporting(t, neteasetest.Callbacks{Shuffle: true})
	srv.Add(message(p2p))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = srv.WaitCallbacks(ctx) // may be too late, or not
	srv.Close()
	srv.Close()
	srv.Add(message(p2p))
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	_, bodies := in.got()
	assert.LessOrEqual(t, len(bodies), 1)
}
