package goeasytest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/goeasy/goeasytest"
)

const received = `{"code":200,"content":"success"}`

// inbox is an application that keeps the callbacks that it gets, and gives the answers that it was given, then the one
// that GoEasy wants.
type inbox struct {
	*httptest.Server
	mu         sync.Mutex
	signatures []string
	contents   []string
	answers    []string
}

func newInbox(t *testing.T, answers ...string) *inbox {
	t.Helper()
	in := &inbox{answers: answers}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in.mu.Lock()
		defer in.mu.Unlock()
		in.signatures = append(in.signatures, r.Header.Get("x-goeasy-signature"))
		in.contents = append(in.contents, r.PostFormValue("content"))
		answer := received
		if len(in.answers) > 0 {
			answer, in.answers = in.answers[0], in.answers[1:]
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(in.Close)
	return in
}

func (in *inbox) got() (signatures, contents []string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.signatures, in.contents
}

// reporting starts an emulator with a stopped clock that posts to an inbox.
func reporting(t *testing.T, how goeasytest.Callbacks, answers ...string) (*goeasytest.Server, *inbox) {
	t.Helper()
	srv, in := start(t), newInbox(t, answers...)
	srv.SetTime(at(1700000000000))
	how.URL = in.URL
	srv.SendCallbacks(how)
	return srv, in
}

const (
	sentItem  = `{"messageId":"m1","timestamp":1700000000000,"type":"text","senderId":"user001","payload":{"text":"hello"},"receiverId":"user002"}`
	groupItem = `{"messageId":"m2","timestamp":1700000000000,"type":"text","senderId":"user001","payload":{"text":"hello"},"groupId":"group001"}`
	goneItem  = `{"messageId":"m1","timestamp":1700000000000,"type":"text","senderId":"user001","payload":{"text":"hello"},"receiverId":"user002",` +
		`"recalled":true,"recaller":{"id":"admin","data":{"name":"A&B"}}}`
	recallItem = `{"appkey":"` + key + `","recaller":{"id":"admin","data":{"name":"A&B"}},"userAId":"user002","userBId":"user001","messages":[1700000000000]}`
)

// The signatures were computed with other software, for the secret key of NewServer.
func TestCallbacksOnTheWire(t *testing.T) {
	srv, in := reporting(t, goeasytest.Callbacks{})
	srv.Add(goeasytest.Message{ID: "m1", From: "user001", To: "user002"})
	for range 2 {
		status, _ := send(t, srv, recallItem)
		require.Equal(t, http.StatusOK, status)
	}
	srv.Add(goeasytest.Message{ID: "m2", From: "user001", GroupID: "group001"})
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	signatures, contents := in.got()
	assert.Equal(t, []string{"[" + sentItem + "]", "[" + goneItem + "]", "[" + groupItem + "]"}, contents, "the second recall changed nothing")
	assert.Equal(t, []string{"dWO5Y5dvE7NJdiLUAHswphl87vk=", "hnPT4xx5E8yUbpNg2ZYUOkEoYmk=", "yXp0W4/NRB3DHl/qYzgJoosgqkw="}, signatures)

	srv, in = reporting(t, goeasytest.Callbacks{BadSignature: true, NoRecalls: true})
	srv.Add(goeasytest.Message{ID: "m1", From: "user001", To: "user002"})
	send(t, srv, recallItem)
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	signatures, contents = in.got()
	assert.Equal(t, []string{"[" + sentItem + "]"}, contents)
	assert.NotEqual(t, "dWO5Y5dvE7NJdiLUAHswphl87vk=", signatures[0])
}

// One call recalls several messages, and each is told by itself.
func TestRecallsOfOneCall(t *testing.T) {
	srv, in := reporting(t, goeasytest.Callbacks{})
	for _, id := range []string{"m1", "m2", "m3"} {
		srv.Add(goeasytest.Message{ID: id, From: "user001", GroupID: "group001"})
		srv.Advance(time.Millisecond)
	}
	send(t, srv, `{"appkey":"`+key+`","groupId":"group001","messages":[1700000000000,1700000000002,1]}`)
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	_, contents := in.got()
	require.Len(t, contents, 5)
	assert.Contains(t, contents[3], `"messageId":"m1","timestamp":1700000000000`)
	assert.Contains(t, contents[4], `"messageId":"m3","timestamp":1700000000002`)
	for _, content := range contents[3:] {
		assert.Contains(t, content, `"recalled":true`)
	}
}

// GoEasy takes one answer for "received", and stops the webhook after three others.
func TestWebhookStops(t *testing.T) {
	add := func(srv *goeasytest.Server, id string) {
		srv.Add(goeasytest.Message{ID: id, From: "user001", To: "user002"})
		require.NoError(t, srv.WaitCallbacks(t.Context()))
	}
	srv, in := reporting(t, goeasytest.Callbacks{}, "ok", received+"\n", received, "", `{"code":200,"content":"OK"}`, `{"content":"success","code":200}`)
	add(srv, "m1")
	_, contents := in.got()
	assert.Len(t, contents, 3, "received at last")
	add(srv, "m2")
	add(srv, "m3")
	_, contents = in.got()
	assert.Len(t, contents, 6, "and off")
	srv.SendCallbacks(goeasytest.Callbacks{URL: in.URL})
	add(srv, "m4")
	_, contents = in.got()
	assert.Len(t, contents, 7)
	assert.Contains(t, contents[6], `"messageId":"m4"`)
}

func TestCallbacksEndWithTheServer(t *testing.T) {
	srv, in := reporting(t, goeasytest.Callbacks{Shuffle: true})
	srv.Add(goeasytest.Message{ID: "m1", From: "user001", To: "user002"})
	srv.Close()
	srv.Close()
	srv.Add(goeasytest.Message{ID: "m2", From: "user001", To: "user002"})
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	_, contents := in.got()
	assert.Empty(t, contents, "the first of a pair had not been posted yet")
}

// A form escapes what JSON does not.
func TestCallbackForm(t *testing.T) {
	bodies := make(chan string, 1)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		bodies <- string(data)
		_, _ = io.WriteString(w, received)
	}))
	t.Cleanup(app.Close)
	srv := start(t)
	srv.SetTime(at(1700000000000))
	srv.SendCallbacks(goeasytest.Callbacks{URL: app.URL})
	srv.Add(goeasytest.Message{ID: "m1", From: "a&b=c+d", To: "<你好>"})
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	form, err := url.ParseQuery(<-bodies)
	require.NoError(t, err)
	assert.Contains(t, form.Get("content"), `"senderId":"a&b=c+d"`)
	assert.Contains(t, form.Get("content"), `"receiverId":"<你好>"`)
}
