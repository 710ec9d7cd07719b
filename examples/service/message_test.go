package main

import (
	"errors"
	"testing"
	"time"

	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
)

func allStates() []state {
	return []state{live, requested, refused, unknown, pending, alarmed, gone, confirmed}
}

func TestFate(t *testing.T) {
	maybeApplied := &recall.Error{Kind: recall.ErrUnavailable, MayHaveApplied: true}
	tests := map[string]struct {
		maybe   bool
		outcome recall.Outcome
		err     error
		want    state
	}{
		"proof":                             {outcome: recall.Recalled, want: gone},
		"yes without proof":                 {outcome: recall.Accepted, want: pending},
		"gone already, it seems":            {outcome: recall.AlreadyGone, want: pending},
		"an outcome of a later version":     {outcome: "shredded", want: pending},
		"no answer":                         {err: maybeApplied, want: unknown},
		"no answer, again":                  {maybe: true, err: maybeApplied, want: unknown},
		"too old":                           {err: &recall.Error{Kind: recall.ErrWindowExpired}, want: refused},
		"not found":                         {err: &recall.Error{Kind: recall.ErrNotFound}, want: refused},
		"not sent":                          {err: &recall.Error{Kind: recall.ErrCanceled}, want: refused},
		"not found after no answer":         {maybe: true, err: &recall.Error{Kind: recall.ErrNotFound}, want: pending},
		"too old after no answer":           {maybe: true, err: &recall.Error{Kind: recall.ErrWindowExpired}, want: unknown},
		"not sent after no answer":          {maybe: true, err: &recall.Error{Kind: recall.ErrCanceled}, want: unknown},
		"proof after no answer":             {maybe: true, outcome: recall.Recalled, want: gone},
		"an error that is not of this kind": {err: errors.New("strange"), want: unknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, fate(tt.maybe, recall.Receipt{Outcome: tt.outcome}, tt.err))
		})
	}
}

// What the vendor has told is never taken back, in whatever order things
// happen.
func TestNotificationIsFinal(t *testing.T) {
	now := time.Now()
	happenings := map[string]func(*message){
		"ask":         func(m *message) { assert.False(t, m.ask(true), "the vendor is not asked again") },
		"yes":         func(m *message) { m.answered(recall.Receipt{Outcome: recall.Accepted}, nil, now) },
		"refusal":     func(m *message) { m.answered(recall.Receipt{}, recall.Invalid("To", "is required"), now) },
		"postpone":    func(m *message) { m.postpone(now) },
		"interrupted": func(m *message) { m.interrupted(now) },
		"overdue":     func(m *message) { assert.False(t, m.overdue(now.Add(time.Hour)), "no alarm") },
		"notified":    func(m *message) { m.notified() },
	}
	for _, before := range allStates() {
		for name, happens := range happenings {
			for _, asked := range []bool{true, false} {
				m := message{State: before, Asked: asked, Maybe: true, ConfirmBy: now}
				m.notified()
				want := map[bool]state{true: confirmed, false: gone}[asked]
				assert.Equal(t, want, m.State)
				happens(&m)
				assert.Equal(t, want, m.State, "%s, then %s", before, name)
				assert.Zero(t, m.ConfirmBy)
			}
		}
	}
}

func TestAsk(t *testing.T) {
	for _, before := range allStates() {
		m := message{State: before, ConfirmBy: time.Now()}
		want := before == live || before == refused || before == unknown || before == alarmed
		assert.Equal(t, want, m.ask(true), "%s", before)
		if want {
			assert.Equal(t, message{State: requested, Asked: true, Force: true}, m)
		} else {
			assert.Equal(t, before, m.State)
		}
	}
}

// Whoever waits for a notification has an alarm set.
func TestWaitingHasAnAlarm(t *testing.T) {
	now := time.Now()
	for _, err := range []error{nil, &recall.Error{Kind: recall.ErrUnavailable, MayHaveApplied: true}} {
		m := message{State: requested}
		m.answered(recall.Receipt{Outcome: recall.Accepted}, err, now)
		assert.Equal(t, now, m.ConfirmBy)
		assert.True(t, m.Maybe)
		assert.False(t, m.overdue(now.Add(-1)))
		assert.True(t, m.overdue(now))
		assert.Equal(t, alarmed, m.State)
		assert.False(t, m.overdue(now), "one alarm")
	}
	cut := message{State: requested}
	cut.interrupted(now)
	assert.Equal(t, message{State: unknown, Maybe: true, ConfirmBy: now}, cut)
	again := message{State: requested, Maybe: true}
	again.postpone(now)
	assert.Equal(t, message{State: unknown, Maybe: true, ConfirmBy: now}, again)
	first := message{State: requested}
	first.postpone(now)
	assert.Equal(t, message{State: live}, first)
}

func TestKeys(t *testing.T) {
	at := time.UnixMilli(1772600767891)
	direct := recall.Request{MessageID: "7", Chat: recall.ChatDirect, From: "user1", To: "user2", SentAt: at}
	assert.Equal(t, "7", serverKey(direct))
	assert.Equal(t, "direct,1772600767891,user1,user2", placeKey(direct))
	room := recall.Request{MessageID: "a,b", Chat: recall.ChatRoom, From: "user,1", To: "9", SentAt: at}
	assert.Equal(t, "room,1772600767891,user%2C1,9,a%2Cb", neteaseKey(room), "nobody passes for another")
	assert.Equal(t, "7", neteaseKey(direct))
	assert.Equal(t, "group,7", neteaseKey(recall.Request{MessageID: "7", Chat: recall.ChatGroup}))
	assert.Equal(t, "super_group,7", neteaseKey(recall.Request{MessageID: "7", Chat: recall.ChatSuperGroup}))
	assert.Equal(t, "7", serverKey(recall.Request{MessageID: "7"}), "a recall names no more, whatever the chat")
}
