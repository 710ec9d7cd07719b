package easemobtest_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob/easemobtest"
)

// inbox is an application that keeps the callbacks that it gets, and answers with a status.
type inbox struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []string
}

func newInbox(t *testing.T, srv *easemobtest.Server, how easemobtest.Callbacks) *inbox {
	t.Helper()
	in := &inbox{status: http.StatusOK}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		in.mu.Lock()
		defer in.mu.Unlock()
		in.got = append(in.got, string(body))
		w.WriteHeader(in.status)
	}))
	t.Cleanup(in.Close)
	how.URL = in.URL
	srv.SendCallbacks(how)
	return in
}

// due returns the callbacks since the last call, without their signatures, which have to be right.
func (in *inbox) due(t *testing.T, srv *easemobtest.Server) []string {
	t.Helper()
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	in.mu.Lock()
	defer in.mu.Unlock()
	var out []string
	for _, body := range in.got {
		var b struct {
			CallID    string      `json:"callId"`
			Timestamp json.Number `json:"timestamp"`
			Security  string      `json:"security"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &b))
		sum := md5.Sum([]byte(b.CallID + srv.CallbackSecret + b.Timestamp.String()))
		assert.Equal(t, hex.EncodeToString(sum[:]), b.Security)
		out = append(out, strings.Replace(body, b.Security, "MD5", 1))
	}
	in.got = nil
	return out
}

const sentCallback = `{"chat_type":"chat","callId":"demo-org#demo-app_1","security":"MD5",` +
	`"payload":{"ext":{},"bodies":[{"msg":"hello","type":"txt"}]},"host":"emulator","appkey":"demo-org#demo-app","from":"user1",` +
	`"to":"user2","eventType":"chat","msg_id":"1","timestamp":1657529588473,"securityVersion":"1.0.0","content_type":"chat:user:text"}`

const recallCallback = `{"chat_type":"recall","callId":"demo-org#demo-app_9000000000000000001","security":"MD5",` +
	`"payload":{"ext":{},"ack_message_id":"1","bodies":[]},"host":"emulator","appkey":"demo-org#demo-app","from":"admin",` +
	`"recall_id":"1","to":"user2","eventType":"chat","msg_id":"9000000000000000001","timestamp":1657529588473,"securityVersion":"1.0.0"}`

func TestCallbacksOfAChat(t *testing.T) {
	srv := frozen(t)
	in := newInbox(t, srv, easemobtest.Callbacks{})
	srv.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: "chat"})
	assert.Equal(t, []string{sentCallback}, in.due(t, srv))

	token := bearer(t, srv)
	for range 2 {
		send(t, srv, http.MethodPost, recallPath, recallBody("1", false), token...)
	}
	assert.Equal(t, []string{recallCallback}, in.due(t, srv), "the second recall changed nothing")
	send(t, srv, http.MethodPost, recallPath, recallBody("1", true), token...)
	send(t, srv, http.MethodPost, recallPath, recallBody("2", true), token...)
	assert.Empty(t, in.due(t, srv), "nor do yeses to what is not there")
}

func TestCallbacksOfGroupsAndRooms(t *testing.T) {
	srv := frozen(t)
	in := newInbox(t, srv, easemobtest.Callbacks{})
	srv.Add(easemobtest.Message{ID: "1", From: "user1", To: "g1", Chat: "groupchat"})
	srv.Add(easemobtest.Message{ID: "1", From: "user1", To: "g1", Chat: "chatroom"})
	group := strings.NewReplacer(`"chat_type":"chat"`, `"chat_type":"groupchat"`, `"to":"user2"`, `"to":"g1","group_id":"g1"`)
	assert.Equal(t, []string{
		strings.Replace(group.Replace(sentCallback), "chat:user:text", "chat:group:text", 1),
		strings.Replace(group.Replace(sentCallback), "chat:user:text", "chat:room:text", 1),
	}, in.due(t, srv))
	send(t, srv, http.MethodPost, recallPath,
		`{"msg_id":"1","to":"g1","chat_type":"chatroom","from":"owner","force":false}`, bearer(t, srv)...)
	assert.Equal(t, []string{strings.Replace(group.Replace(recallCallback), `"from":"admin"`, `"from":"owner"`, 1)}, in.due(t, srv))
}

func TestCallbacksOfShengwangNameNoAppKey(t *testing.T) {
	srv := frozen(t)
	srv.Dialect = easemobtest.Shengwang
	in := newInbox(t, srv, easemobtest.Callbacks{})
	srv.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: "chat"})
	assert.Equal(t, []string{strings.Replace(sentCallback, `"appkey":"demo-org#demo-app",`, "", 1)}, in.due(t, srv))
}

func TestCallbackIsRepeatedOnce(t *testing.T) {
	srv := frozen(t)
	in := newInbox(t, srv, easemobtest.Callbacks{})
	in.status = http.StatusNoContent // not 200
	srv.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: "chat"})
	assert.Equal(t, []string{sentCallback, sentCallback}, in.due(t, srv))
}

// TestEarlyCallback: it has been answered when the recall is.
func TestEarlyCallback(t *testing.T) {
	srv := frozen(t)
	in := newInbox(t, srv, easemobtest.Callbacks{Early: true})
	srv.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: "chat"})
	send(t, srv, http.MethodPost, recallPath, recallBody("1", false), bearer(t, srv)...)
	in.mu.Lock()
	defer in.mu.Unlock()
	assert.Len(t, in.got, 2)
}

func TestCloseEndsCallbacks(t *testing.T) {
	srv := easemobtest.NewServer()
	arrived := make(chan struct{})
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		close(arrived)
		<-r.Context().Done()
	}))
	defer app.Close()
	srv.SendCallbacks(easemobtest.Callbacks{URL: app.URL})
	srv.Add(easemobtest.Message{ID: "1", To: "user2", Chat: "chat"})
	<-arrived
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, srv.WaitCallbacks(ctx), context.Canceled)
	srv.Close()
	require.NoError(t, srv.WaitCallbacks(t.Context()))
}
