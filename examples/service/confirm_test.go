package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// quiet is a service without a socket, whose vendor says yes and no more.
func quiet(t *testing.T, db string) *service {
	t.Helper()
	st, err := openStore(t.Context(), db, realClock{})
	require.NoError(t, err)
	yes := recall.ProviderFunc(func(context.Context, recall.Request) (recall.Receipt, error) {
		return recall.Receipt{Outcome: recall.Accepted}, nil
	})
	a := &app{name: "vendor", provider: yes, key: serverKey, notifies: []recall.ChatType{recall.ChatDirect}}
	return newService([]*app{a}, st, limits{recall: time.Minute, confirm: time.Minute, job: time.Hour, store: time.Minute}, realClock{},
		slog.New(slog.DiscardHandler))
}

func (s *service) tell(t *testing.T, kind recall.EventKind, id string) {
	t.Helper()
	require.NoError(t, s.handle(t.Context(), s.apps["vendor"], recall.Event{
		Kind: kind, ID: string(kind) + id, Request: recall.Request{MessageID: id, Chat: recall.ChatDirect, From: "a", To: "b"},
	}))
}

func (s *service) alarmedIDs(t *testing.T) []string {
	t.Helper()
	alarms, err := s.store.alarms(t.Context(), maxAlarms)
	require.NoError(t, err)
	ids := []string{}
	for _, a := range alarms {
		ids = append(ids, a.Message)
	}
	return ids
}

// The minute by the minute, in real code with the time of a bubble.
func TestAlarmAfterAMinute(t *testing.T) {
	db := filepath.Join(t.TempDir(), "service.db")
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.work(ctx, nil)
		}()
		for i := range 3 {
			id := fmt.Sprint(1 + i)
			s.tell(t, recall.MessageSent, id)
			v, err := s.recallOne(t.Context(), s.apps["vendor"], id, asking{operator: "mod-7"})
			require.NoError(t, err)
			assert.Equal(t, pending, v.message.State)
			<-time.After(20 * time.Second)
		}
		synctest.Wait()
		assert.Equal(t, []string{"1"}, s.alarmedIDs(t), "the first was asked for a minute ago")
		s.tell(t, recall.MessageRecalled, "2")
		<-time.After(20 * time.Second)
		synctest.Wait()
		assert.Equal(t, []string{"1"}, s.alarmedIDs(t), "the second was confirmed in time")
		<-time.After(20 * time.Second)
		synctest.Wait()
		assert.Equal(t, []string{"3", "1"}, s.alarmedIDs(t))
		cancel()
		<-done
		require.NoError(t, s.store.close())
	})
}

// An alarm that nothing could have kept from being raised says so.
func TestAlarmTexts(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{})
	const waited, undocumented = "the vendor said yes; no notification within 1m0s",
		"the vendor said yes; no notification: this vendor documents none for such a message, so nothing proves that the message is gone"
	for app, chats := range map[string]map[recall.ChatType]string{
		"easemob": {recall.ChatDirect: waited, recall.ChatGroup: waited, recall.ChatRoom: waited},
		"netease": {recall.ChatDirect: waited, recall.ChatGroup: waited, recall.ChatSuperGroup: waited, recall.ChatRoom: undocumented},
		"goeasy":  {recall.ChatDirect: undocumented, recall.ChatGroup: undocumented},
		"retired": {recall.ChatDirect: waited},
	} {
		for chat, text := range chats {
			assert.Equal(t, text, w.alarmText(message{App: app, Chat: chat}, pending), "%s %s", app, chat)
		}
	}
}

// After the service was down for longer than the minute, the alarm is raised
// at the start: whatever the vendor sent meanwhile is lost.
func TestAlarmAfterBeingDown(t *testing.T) {
	db := filepath.Join(t.TempDir(), "service.db")
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, db)
		for i := range alarmsAtOnce + 1 {
			id := fmt.Sprintf("%03d", i)
			s.tell(t, recall.MessageSent, id)
			_, err := s.recallOne(t.Context(), s.apps["vendor"], id, asking{operator: "mod-7"})
			require.NoError(t, err)
		}
		require.NoError(t, s.store.close())
		<-time.After(time.Hour)
		s = quiet(t, db)
		next, err := s.raiseAlarms(t.Context())
		require.NoError(t, err)
		assert.Zero(t, next)
		assert.Len(t, s.alarmedIDs(t), alarmsAtOnce+1)
		require.NoError(t, s.store.close())
	})
}

// A call that was cut short is watched, also where nobody can ask again.
func TestCutShortAtAVendorThatIsLeft(t *testing.T) {
	db := filepath.Join(t.TempDir(), "service.db")
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, db)
		s.tell(t, recall.MessageSent, "1")
		_, needed, err := s.ask(t.Context(), s.apps["vendor"], "1", asking{operator: "mod-7"})
		require.NoError(t, err)
		require.True(t, needed)
		require.NoError(t, s.store.close())

		s = quiet(t, db)
		delete(s.apps, "vendor")
		cut, err := s.resume(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []key{{"vendor", "1"}}, cut)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.work(ctx, cut)
		}()
		<-time.After(time.Minute)
		synctest.Wait()
		alarms, err := s.store.alarms(t.Context(), maxAlarms)
		require.NoError(t, err)
		require.Len(t, alarms, 1)
		assert.Equal(t, "the vendor was asked, and no answer tells whether it is gone; no notification within 1m0s", alarms[0].Text)
		cancel()
		<-done
		require.NoError(t, s.store.close())
	})
}
