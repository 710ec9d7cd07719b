package main

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestOutput(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	want, err := os.ReadFile("output.txt")
	require.NoError(t, err)
	assert.Equal(t, string(want), out.String())
}

// Two clients gave their messages the same id, and one of them was recalled.
func twins() (first, second, recalled recall.Event) {
	event := func(kind recall.EventKind, id, from string) recall.Event {
		return recall.Event{Kind: kind, Vendor: "goeasy", App: "app", ID: id, Request: recall.Request{
			MessageID: "1", Chat: recall.ChatDirect, From: from, To: "user2", SentAt: time.UnixMilli(1_772_600_767_891),
		}}
	}
	return event(recall.MessageSent, "a", "user1"), event(recall.MessageSent, "b", "spammer"),
		event(recall.MessageRecalled, "c", "spammer")
}

func storeOf(t *testing.T, events ...recall.Event) *store {
	t.Helper()
	s := newStore()
	for _, e := range events {
		require.NoError(t, s.handle(t.Context(), e))
	}
	return s
}

func TestEventsInAnyOrderAndTwice(t *testing.T) {
	first, second, recalled := twins()
	for _, events := range [][]recall.Event{
		{first, second, recalled},
		{first, recalled, second},
		{second, first, recalled},
		{second, recalled, first},
		{recalled, first, second},
		{recalled, second, first},
	} {
		s := storeOf(t, slices.Concat(events, events, events[:1])...)
		assert.Len(t, s.messages, 2)
		assert.Len(t, s.recalls[keyOf(first).named], 1)
		assert.Equal(t, 4, s.repeated)
		assert.Equal(t, first.Request, s.request(keyOf(first)))
		assert.Equal(t, second.Request, s.request(keyOf(second)))

		s.accepted(keyOf(first), recall.Receipt{Outcome: recall.Accepted})
		s.accepted(keyOf(second), recall.Receipt{Outcome: recall.Accepted})
		assert.Equal(t, pending, s.state(keyOf(first)), "another message of that id is gone")
		assert.Equal(t, confirmed, s.state(keyOf(second)))
	}
}

func TestStates(t *testing.T) {
	_, sent, recalled := twins()
	k := keyOf(sent)
	s := storeOf(t, sent)
	assert.Equal(t, stored, s.state(k))
	s.accepted(k, recall.Receipt{Outcome: recall.AlreadyGone})
	assert.Equal(t, pending, s.state(k))
	require.NoError(t, s.handle(t.Context(), recalled))
	assert.Equal(t, confirmed, s.state(k))
	s.accepted(k, recall.Receipt{Outcome: recall.Recalled})
	assert.Equal(t, gone, s.state(k))

	assert.Equal(t, confirmed, storeOf(t, sent, recalled).state(k), "recalled by somebody else")
}

// Where the server makes the ids, a recall names its message by the id, and by the kind of chat if it tells it.
func TestRecallIsAboutTheMessage(t *testing.T) {
	message := recall.Event{Kind: recall.MessageSent, Vendor: "netease", App: "app", ID: "1", Request: recall.Request{
		MessageID: "1", Chat: recall.ChatGroup, From: "user1", To: "99", SentAt: time.UnixMilli(1_772_600_767_891),
	}}
	for _, c := range []struct {
		told recall.Request
		want string
	}{
		{recall.Request{MessageID: "1"}, confirmed},
		{recall.Request{MessageID: "1", To: "99"}, confirmed},
		{recall.Request{MessageID: "1", Chat: recall.ChatGroup, From: "User1", SentAt: message.Request.SentAt.Add(1)}, confirmed},
		{recall.Request{MessageID: "2"}, stored},
		{recall.Request{MessageID: "1", Chat: recall.ChatSuperGroup}, stored},
	} {
		told := recall.Event{Kind: recall.MessageRecalled, Vendor: "netease", App: "app", ID: "2", Request: c.told}
		assert.Equal(t, c.want, storeOf(t, told, message).state(keyOf(message)), c.told)
	}
}

// What came first stays: whoever has seen an Easemob callback can post it again with another conversation.
func TestForgedCallback(t *testing.T) {
	genuine := recall.Event{Kind: recall.MessageSent, Vendor: "easemob", App: "app", ID: "1", Request: recall.Request{
		MessageID: "1", Chat: recall.ChatDirect, From: "user1", To: "user2",
	}}
	forged := genuine
	forged.ID, forged.Request.To = "2", "user3"
	assert.Equal(t, genuine.Request, storeOf(t, genuine, forged).request(keyOf(genuine)))
}
