package netease_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// setup starts an emulator, a client for it and a receiver of its callbacks.
func setup(t *testing.T, api netease.API, how neteasetest.Callbacks) (*neteasetest.Server, *netease.Client, *vendortest.Receiver) {
	t.Helper()
	srv := neteasetest.NewServer()
	t.Cleanup(srv.Close)
	client, err := netease.New(netease.Config{
		API: api, Host: srv.BaseURL(), HostV2: srv.BaseURLV2(), AppKey: srv.AppKey, AppSecret: srv.AppSecret, Policy: recall.Policy{Rate: -1},
	})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	callbacks, err := netease.NewCallbacks(netease.CallbackConfig{AppKey: srv.AppKey, Secrets: []string{srv.AppSecret}})
	require.NoError(t, err)
	r := vendortest.NewReceiver(callbacks)
	t.Cleanup(r.Close)
	how.URL = r.URL
	srv.SendCallbacks(how)
	return srv, client, r
}

func TestCallbacksEndToEnd(t *testing.T) {
	types := map[recall.ChatType]int{
		recall.ChatDirect: neteasetest.TypeP2P, recall.ChatGroup: neteasetest.TypeTeam, recall.ChatSuperGroup: neteasetest.TypeSuperTeam,
		recall.ChatRoom: neteasetest.TypeChatroom,
	}
	for _, api := range []netease.API{netease.APIv1, netease.APIv2} {
		for chat, typ := range types {
			if api == netease.APIv2 && chat == recall.ChatRoom {
				continue
			}
			t.Run(string(api)+" "+string(chat), func(t *testing.T) {
				srv, client, r := setup(t, api, neteasetest.Callbacks{})
				for _, id := range []string{"9007199254740993", "9007199254740994"} {
					srv.Add(neteasetest.Message{ID: id, From: "t1", To: "99", Type: typ})
				}
				require.NoError(t, srv.WaitCallbacks(t.Context()))
				require.Equal(t, []string{"message_sent 9007199254740993", "message_sent 9007199254740994"}, vendortest.Told(r.Events()))

				stored := r.Events()[0].Request
				assert.Equal(t, chat, stored.Chat)
				if chat == recall.ChatRoom {
					stored.Operator = "admin"
				}
				_, err := client.RecallMessage(t.Context(), stored)
				require.NoError(t, err)
				assert.True(t, srv.Recalled("9007199254740993"))
				assert.False(t, srv.Recalled("9007199254740994"))

				require.NoError(t, srv.WaitCallbacks(t.Context()))
				statuses, _ := r.Answered()
				assert.Equal(t, slices.Repeat([]int{200}, len(r.Events())), statuses)
				if chat == recall.ChatRoom {
					assert.Len(t, vendortest.Told(r.Events()), 2, "recalls in rooms are not copied")
					return
				}
				require.Equal(t, "message_recalled 9007199254740993", vendortest.Told(r.Events())[2])
				gone := r.Events()[2]
				assert.Equal(t, stored, gone.Request)
				assert.Equal(t, srv.AppKey, gone.App)
				assert.False(t, gone.At.Before(stored.SentAt))
			})
		}
	}
}

// recalled adds a message and recalls it as the application would have to that
// knows it from elsewhere.
func recalled(t *testing.T, srv *neteasetest.Server, client *netease.Client) {
	t.Helper()
	m := srv.Add(neteasetest.Message{ID: "10386192", From: "t1", To: "t4", Type: neteasetest.TypeP2P})
	_, err := client.RecallMessage(t.Context(), recall.Request{
		MessageID: m.ID, Chat: recall.ChatDirect, From: m.From, To: m.To, SentAt: m.SentAt,
	})
	require.NoError(t, err)
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	assert.True(t, srv.Recalled("10386192"))
}

const (
	toldSent     = "message_sent 10386192"
	toldRecalled = "message_recalled 10386192"
)

func TestCallbacksTwiceAndOutOfOrder(t *testing.T) {
	srv, client, r := setup(t, netease.APIv1, neteasetest.Callbacks{Times: 2, Shuffle: true})
	recalled(t, srv, client)
	assert.Equal(t, []string{toldRecalled, toldSent, toldRecalled, toldSent}, vendortest.Told(r.Events()))
	events := r.Events()
	assert.Equal(t, events[:2], events[2:], "the same event has the same ID")
	assert.NotEqual(t, events[0].ID, events[1].ID)
	statuses, _ := r.Answered()
	assert.Equal(t, []int{200, 200, 200, 200}, statuses)
}

func TestCallbacksOfSomebodyElse(t *testing.T) {
	srv, client, r := setup(t, netease.APIv1, neteasetest.Callbacks{BadSignature: true})
	recalled(t, srv, client)
	assert.Empty(t, vendortest.Told(r.Events()))
	statuses, refusals := r.Answered()
	assert.Equal(t, []int{401, 401, 401, 401, 401, 401}, statuses, "two events, three tries each")
	for _, err := range refusals {
		assert.ErrorIs(t, err, recall.ErrUnauthorized)
		assert.NotContains(t, err.Error(), "hello")
	}

	other, err := netease.NewCallbacks(netease.CallbackConfig{AppKey: "another", Secrets: []string{srv.AppSecret}})
	require.NoError(t, err)
	r = vendortest.NewReceiver(other)
	t.Cleanup(r.Close)
	srv.SendCallbacks(neteasetest.Callbacks{URL: r.URL})
	srv.Add(neteasetest.Message{ID: "1", From: "t1", To: "t4", Type: neteasetest.TypeP2P})
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	assert.Empty(t, vendortest.Told(r.Events()))
	statuses, _ = r.Answered()
	assert.Equal(t, []int{403, 403, 403}, statuses)
}

func TestCallbacksAreSentAgain(t *testing.T) {
	srv, client, r := setup(t, netease.APIv1, neteasetest.Callbacks{})
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

// A recall may be told before the call that made it is answered.
func TestCallbacksBeforeTheAnswer(t *testing.T) {
	srv, client, r := setup(t, netease.APIv1, neteasetest.Callbacks{Early: true})
	var answered atomic.Bool
	r.Handle = func(e recall.Event) error {
		assert.False(t, answered.Load())
		assert.Equal(t, e.Kind == recall.MessageRecalled, srv.Recalled("10386192"), "who is told may ask")
		return nil
	}
	m := srv.Add(neteasetest.Message{ID: "10386192", From: "t1", To: "t4", Type: neteasetest.TypeP2P})
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	_, err := client.RecallMessage(t.Context(), recall.Request{
		MessageID: m.ID, Chat: recall.ChatDirect, From: m.From, To: m.To, SentAt: m.SentAt,
	})
	answered.Store(true)
	require.NoError(t, err)
	assert.Equal(t, []string{toldSent, toldRecalled}, vendortest.Told(r.Events()))
}

// What the application should notice: a vendor that does not tell of recalls,
// and calls that recall nothing.
func TestRecallsThatAreNotTold(t *testing.T) {
	srv, client, r := setup(t, netease.APIv1, neteasetest.Callbacks{NoRecalls: true})
	recalled(t, srv, client)
	assert.Equal(t, []string{toldSent}, vendortest.Told(r.Events()))

	srv, client, r = setup(t, netease.APIv1, neteasetest.Callbacks{})
	_, err := client.RecallMessage(t.Context(), recall.Request{MessageID: "1", Chat: recall.ChatDirect, From: "a", To: "b"})
	require.NoError(t, err, "accepted, though there is no such message")
	m := srv.Add(neteasetest.Message{ID: "10386192", From: "t1", To: "t4", Type: neteasetest.TypeP2P})
	_, err = client.RecallOneWay(t.Context(), netease.OneWayParams{DeleteMsgID: m.ID, Type: netease.TypeP2POneWay, From: m.From, To: m.To})
	require.NoError(t, err)
	require.NoError(t, srv.WaitCallbacks(t.Context()))
	assert.Equal(t, []string{toldSent}, vendortest.Told(r.Events()))
}
