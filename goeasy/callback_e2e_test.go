package goeasy_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// setup starts an emulator, a client for it and a receiver of its callbacks.
func setup(t *testing.T, how goeasytest.Callbacks) (*goeasytest.Server, *goeasy.Client, *vendortest.Receiver) {
	t.Helper()
	srv := goeasytest.NewServer()
	t.Cleanup(srv.Close)
	srv.SetTime(time.UnixMilli(1594958217087))
	client, err := goeasy.New(goeasy.Config{Host: srv.URL, AppKey: srv.RestKey, Policy: recall.Policy{Rate: -1}})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	callbacks, err := goeasy.NewCallbacks(goeasy.CallbackConfig{AppKey: srv.RestKey, Secrets: []string{srv.SecretKey}})
	require.NoError(t, err)
	r := vendortest.NewReceiver(callbacks)
	t.Cleanup(r.Close)
	how.URL = r.URL
	srv.SendCallbacks(how)
	return srv, client, r
}

// Conversation and server time of the event are the key to exactly that
// message.
func TestCallbacksEndToEnd(t *testing.T) {
	for chat, m := range map[recall.ChatType]goeasytest.Message{
		recall.ChatDirect: {From: "user001", To: "user002"},
		recall.ChatGroup:  {From: "user001", GroupID: "group001"},
	} {
		t.Run(string(chat), func(t *testing.T) {
			srv, client, r := setup(t, goeasytest.Callbacks{})
			for _, id := range []string{"m1", "m2"} {
				m.ID = id
				srv.Add(m)
				srv.Advance(time.Millisecond)
			}
			require.NoError(t, srv.WaitCallbacks(t.Context()))
			require.Equal(t, []string{"message_sent m1", "message_sent m2"}, vendortest.Told(r.Events()))

			stored := r.Events()[0].Request
			assert.Equal(t, chat, stored.Chat)
			stored.Operator, stored.Extension = "admin", "spam"
			receipt, err := client.RecallMessage(t.Context(), stored)
			require.NoError(t, err)
			assert.True(t, srv.Recalled("m1"))
			assert.False(t, srv.Recalled("m2"))
			_, err = client.RecallMessage(t.Context(), stored)
			require.NoError(t, err, "recalled before, and so not told again")

			require.NoError(t, srv.WaitCallbacks(t.Context()))
			require.Equal(t, []string{"message_sent m1", "message_sent m2", "message_recalled m1"}, vendortest.Told(r.Events()))
			gone := r.Events()[2]
			stored.Operator, stored.Extension = "", ""
			assert.Equal(t, stored, gone.Request)
			assert.Equal(t, "admin", gone.RecalledBy)
			assert.Equal(t, receipt.App, gone.App, "events and receipts call the application the same")
			statuses, _ := r.Answered()
			assert.Equal(t, []int{200, 200, 200}, statuses)
		})
	}
}

const (
	toldSent     = "message_sent m1"
	toldRecalled = "message_recalled m1"
)

// recalled adds a message and recalls it as an application would that knows it
// from elsewhere.
func recalled(t *testing.T, srv *goeasytest.Server, client *goeasy.Client) {
	t.Helper()
	m := srv.Add(goeasytest.Message{ID: "m1", From: "user001", To: "user002"})
	_, err := client.RecallMessage(t.Context(), recall.Request{Chat: recall.ChatDirect, From: m.From, To: m.To, SentAt: m.SentAt})
	require.NoError(t, err)
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	assert.True(t, srv.Recalled("m1"))
}

func TestCallbacksTwiceAndOutOfOrder(t *testing.T) {
	srv, client, r := setup(t, goeasytest.Callbacks{Times: 2, Shuffle: true})
	recalled(t, srv, client)
	assert.Equal(t, []string{toldRecalled, toldSent, toldRecalled, toldSent}, vendortest.Told(r.Events()))
	events := r.Events()
	assert.Equal(t, events[:2], events[2:], "the same event has the same ID")
	assert.NotEqual(t, events[0].ID, events[1].ID)
}

// Three refusals, and the webhook is off until somebody turns it on.
func TestCallbacksOfSomebodyElse(t *testing.T) {
	srv, client, r := setup(t, goeasytest.Callbacks{BadSignature: true})
	recalled(t, srv, client)
	assert.Empty(t, vendortest.Told(r.Events()))
	statuses, refusals := r.Answered()
	assert.Equal(t, []int{401, 401, 401}, statuses)
	for _, err := range refusals {
		assert.ErrorIs(t, err, recall.ErrUnauthorized)
		assert.NotContains(t, err.Error(), "hello")
	}
	srv.SendCallbacks(goeasytest.Callbacks{URL: r.URL})
	srv.Add(goeasytest.Message{ID: "m2", From: "user001", To: "user002"})
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	assert.Equal(t, []string{"message_sent m2"}, vendortest.Told(r.Events()))
}

func TestCallbacksAreSentAgain(t *testing.T) {
	srv, client, r := setup(t, goeasytest.Callbacks{})
	full := errors.New("store is full")
	fails := 2
	r.Handle = func(recall.Event) error {
		if fails--; fails >= 0 {
			return full
		}
		return nil
	}
	recalled(t, srv, client)
	assert.Equal(t, []string{toldSent, toldRecalled}, vendortest.Told(r.Events()))
	statuses, refusals := r.Answered()
	assert.Equal(t, []int{503, 503, 200, 200}, statuses)
	assert.Equal(t, []error{full, full}, refusals)
}

// An item that can't be read does not stop the webhook, which would end what
// comes after it as well.
func TestOddItemsDoNotStopTheWebhook(t *testing.T) {
	srv, _, r := setup(t, goeasytest.Callbacks{})
	for _, from := range []string{"user001", "", "user\x00", "user003"} {
		srv.Add(goeasytest.Message{ID: "of " + from, From: from, To: "user002"})
	}
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	assert.Equal(t, []string{"message_sent of user001", "message_sent of user003"}, vendortest.Told(r.Events()))
	statuses, refusals := r.Answered()
	assert.Equal(t, []int{200, 200, 200, 200}, statuses)
	assert.Len(t, refusals, 2)
}

// A recall may be told before the call that made it is answered.
func TestCallbacksBeforeTheAnswer(t *testing.T) {
	srv, client, r := setup(t, goeasytest.Callbacks{Early: true})
	var answered atomic.Bool
	r.Handle = func(e recall.Event) error {
		assert.False(t, answered.Load())
		assert.Equal(t, e.Kind == recall.MessageRecalled, srv.Recalled("m1"), "who is told may ask")
		return nil
	}
	m := srv.Add(goeasytest.Message{ID: "m1", From: "user001", GroupID: "group001"})
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	_, err := client.RecallMessage(t.Context(), recall.Request{Chat: recall.ChatGroup, To: m.GroupID, SentAt: m.SentAt})
	answered.Store(true)
	require.NoError(t, err)
	assert.Equal(t, []string{toldSent, toldRecalled}, vendortest.Told(r.Events()))
}

// What the application should expect of a vendor that does not tell of
// recalls.
func TestRecallsThatAreNotTold(t *testing.T) {
	srv, client, r := setup(t, goeasytest.Callbacks{NoRecalls: true})
	recalled(t, srv, client)
	assert.Equal(t, []string{toldSent}, vendortest.Told(r.Events()))
}

// Anything but the documented answer is a failure to the vendor.
func TestCallbacksNeedTheExactAnswer(t *testing.T) {
	srv := goeasytest.NewServer()
	t.Cleanup(srv.Close)
	var posts atomic.Int32
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		posts.Add(1)
		_, _ = w.Write([]byte(`{"code":200,"content":"OK"}`))
	}))
	t.Cleanup(app.Close)
	srv.SendCallbacks(goeasytest.Callbacks{URL: app.URL})
	srv.Add(goeasytest.Message{ID: "m1", From: "user001", To: "user002"})
	srv.Add(goeasytest.Message{ID: "m2", From: "user001", To: "user002"})
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	assert.EqualValues(t, 3, posts.Load())
}
