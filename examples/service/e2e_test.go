package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What each vendor's yes is worth by itself.
func yes() map[string]state {
	return map[string]state{"easemob": gone, "netease": pending, "goeasy": pending}
}

func TestNotificationAfterAnswer(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{})
	ids := w.send("1001", "user1", "user2")
	w.callbacksArrive()
	w.callBack(easemobtest.Callbacks{Shuffle: true}) // a single one waits for callbacksArrive
	for app, want := range yes() {
		status, answer := w.post("/messages/"+app+"/"+ids[app]+"/recall", asked)
		assert.Equal(t, map[state]int{gone: http.StatusOK, pending: http.StatusAccepted}[want], status, app)
		assert.Equal(t, want, answer.State, app)
		assert.Equal(t, want, w.show(app, ids[app]).State, app)
	}
	w.callbacksArrive()
	for app, before := range yes() {
		message := w.show(app, ids[app])
		assert.Equal(t, confirmed, message.State, app)
		assert.Equal(t, []action{actionAsked, actionAnswered, actionNotified}, message.actions(), app)
		assert.Equal(t, []state{requested, before, confirmed},
			[]state{message.Audit[0].State, message.Audit[1].State, message.Audit[2].State}, app)
		assert.Equal(t, "mod-7", message.Audit[0].Operator, app)
		assert.NotEmpty(t, message.Audit[2].Event, app)
		assert.Equal(t, "user1", message.From, app)
		status, answer := w.post("/messages/"+app+"/"+ids[app]+"/recall", asked)
		assert.Equal(t, http.StatusOK, status, app)
		assert.Equal(t, answered{App: app, ID: ids[app], State: confirmed}, answer, "%s is not asked again", app)
	}
	w.clock.Advance(time.Hour)
	assert.Empty(t, w.allAlarms())
}

func TestNotificationBeforeAnswer(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{Early: true, Times: 2})
	ids := w.send("1001", "user1", "user2")
	w.callbacksArrive()
	for app := range yes() {
		status, answer := w.post("/messages/"+app+"/"+ids[app]+"/recall", asked)
		assert.Equal(t, http.StatusOK, status, app)
		assert.Equal(t, confirmed, answer.State, app)
		assert.NotEmpty(t, answer.Outcome, "what the vendor answered is told nevertheless")
		message := w.show(app, ids[app])
		assert.Equal(t, confirmed, message.State, "%s: not taken back by the answer", app)
		assert.Equal(t, []action{actionAsked, actionNotified, actionAnswered}, message.actions(), app)
	}
	w.clock.Advance(time.Hour)
	assert.Empty(t, w.allAlarms())
}

func TestNotificationTwice(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{Times: 2})
	ids := w.send("1001", "user1", "user2")
	w.callbacksArrive()
	for app := range yes() {
		w.post("/messages/"+app+"/"+ids[app]+"/recall", asked)
	}
	w.callbacksArrive()
	for app := range yes() {
		message := w.show(app, ids[app])
		assert.Equal(t, confirmed, message.State, app)
		notified := 0
		for _, a := range message.actions() {
			if a == actionNotified {
				notified++
			}
		}
		assert.Equal(t, 1, notified, app)
	}
}

func TestNotificationNever(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{NoRecalls: true})
	ids := w.send("1001", "user1", "user2")
	w.callbacksArrive()
	for app := range yes() {
		w.post("/messages/"+app+"/"+ids[app]+"/recall", asked)
	}
	w.clock.Advance(time.Minute - time.Millisecond)
	assert.Empty(t, w.allAlarms())
	w.clock.Advance(time.Millisecond)
	w.await(func() bool { return len(w.allAlarms()) == 2 })
	texts := map[string]string{}
	for _, a := range w.allAlarms() {
		assert.Equal(t, ids[a.App], a.Message)
		texts[a.App] = a.Text
		assert.Equal(t, alarmed, w.show(a.App, ids[a.App]).State)
	}
	assert.Equal(t, map[string]string{
		"netease": "the vendor said yes; no notification within 1m0s",
		"goeasy":  "the vendor said yes; no notification: this vendor documents none for such a message, so nothing proves that the message is gone",
	}, texts)
	assert.Equal(t, gone, w.show("easemob", ids["easemob"]).State, "its yes is proof")
	for app, id := range ids {
		if app != "easemob" {
			w.awaitLog(`level=ERROR msg="ALARM: recall not confirmed" app=` + app + " message=" + id)
		}
	}

	status, answer := w.post("/messages/netease/1001/recall", asked)
	assert.Equal(t, http.StatusAccepted, status, "it can be asked for again")
	assert.Equal(t, pending, answer.State)
}

func TestNotificationAfterTheAlarm(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{})
	w.send("1001", "user1", "user2")
	w.callbacksArrive()
	w.callBack(easemobtest.Callbacks{Shuffle: true})
	w.post("/messages/netease/1001/recall", asked)
	w.clock.Advance(time.Minute)
	w.await(func() bool { return len(w.allAlarms()) == 1 })
	assert.Zero(t, w.allAlarms()[0].ClosedAt)
	w.clock.Advance(time.Minute)
	w.callbacksArrive()
	assert.Equal(t, confirmed, w.show("netease", "1001").State)
	alarm := w.allAlarms()[0]
	assert.Equal(t, time.Minute, alarm.ClosedAt.Sub(alarm.RaisedAt))
}

func TestMessageThatAUserRecalled(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{})
	ids := w.send("1001", "user1", "user2")
	w.callbacksArrive()
	for app, id := range ids {
		_, err := w.apps[app].provider.RecallMessage(t.Context(), recallRequest(t, w, app, id)) // not through the service
		require.NoError(t, err)
	}
	w.callbacksArrive()
	before := len(w.vendors.netease.Requests())
	for app, id := range ids {
		assert.Equal(t, gone, w.show(app, id).State, app)
		status, answer := w.post("/messages/"+app+"/"+id+"/recall", asked)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, gone, answer.State)
		assert.Equal(t, []action{actionNotified, actionAsked}, w.show(app, id).actions())
	}
	assert.Len(t, w.vendors.netease.Requests(), before, "the vendor is not asked")
}

func recallRequest(t *testing.T, w *world, app, id string) recall.Request {
	t.Helper()
	m, err := w.store.message(t.Context(), app, id)
	require.NoError(t, err)
	return w.apps[app].request(m)
}

// The vendors tell of the recall first, and then of the message.
func TestNotificationBeforeTheMessage(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{Shuffle: true})
	ids := w.send("1001", "user1", "user2")
	for app, id := range ids {
		req := recall.Request{MessageID: "1001", Chat: recall.ChatDirect, From: "user1", To: "user2", SentAt: sentAt(t, ids["goeasy"])}
		_, err := w.apps[app].provider.RecallMessage(t.Context(), req)
		require.NoError(t, err, id)
	}
	w.callbacksArrive()
	for app, id := range ids {
		message := w.show(app, id)
		assert.Equal(t, gone, message.State, app)
		stored := recallRequest(t, w, app, id)
		assert.True(t, stored.SentAt.Equal(sentAt(t, ids["goeasy"])), app)
		assert.Equal(t, recall.Request{
			MessageID: "1001", Chat: recall.ChatDirect, From: "user1", To: "user2", SentAt: stored.SentAt, Ref: id,
		}, stored, app)
		status, _ := w.post("/messages/"+app+"/"+id+"/recall", asked)
		assert.Equal(t, http.StatusOK, status, app)
	}
}

func sentAt(t *testing.T, place string) time.Time {
	t.Helper()
	at, err := time.ParseDuration(strings.Split(place, ",")[1] + "ms")
	require.NoError(t, err)
	return time.UnixMilli(at.Milliseconds())
}

func TestForgedCallbackChangesNothing(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{BadSignature: true})
	ids := w.send("1001", "user1", "user2")
	w.callbacksArrive()
	for app, id := range ids {
		var body struct{ Error string }
		assert.Equal(t, http.StatusNotFound, w.call(http.MethodGet, "/messages/"+app+"/"+id, "", &body))
		assert.Equal(t, errNotStored.Error(), body.Error)
		assert.Equal(t, http.StatusNotFound, w.call(http.MethodPost, "/messages/"+app+"/"+id+"/recall", asked, &body))
		assert.Contains(t, w.logged.String(), `msg="callback not received" app=`+app)
	}
}

// Nothing that a user wrote, and no secret, is in the database or in the log.
func TestNoTextAndNoSecretIsKept(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{Times: 2})
	ids := w.send("1001", "user1", "user2")
	w.callbacksArrive()
	for app := range yes() {
		w.post("/messages/"+app+"/"+ids[app]+"/recall", asked)
	}
	w.callbacksArrive()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(w.options.db), "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	kept := w.logged.String()
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		kept += string(data)
	}
	require.Contains(t, kept, "user2", "this is where things are kept")
	for _, secret := range []string{
		"hello", // the text of all messages of the emulators
		w.vendors.easemob.ClientSecret, w.vendors.easemob.CallbackSecret,
		w.vendors.netease.AppSecret, w.vendors.goeasy.AppKey, w.vendors.goeasy.SecretKey,
	} {
		require.NotEmpty(t, secret)
		assert.NotContains(t, kept, secret)
	}
}

// A moderator who hangs up does not make the outcome unknown, and a vendor that
// does not answer does not keep a moderator waiting.
func TestCallOutlivesTheCallerButNotItsTime(t *testing.T) {
	s := quiet(t, filepath.Join(t.TempDir(), "service.db"))
	defer func() { assert.NoError(t, s.store.close()) }()
	s.tell(t, recall.MessageSent, "1")
	ctx, hangUp := context.WithCancel(t.Context())
	s.apps["vendor"].provider = recall.ProviderFunc(func(ctx context.Context, _ recall.Request) (recall.Receipt, error) {
		hangUp()
		assert.NoError(t, ctx.Err())
		deadline, ok := ctx.Deadline()
		assert.True(t, ok)
		assert.LessOrEqual(t, time.Until(deadline), s.limits.recall)
		return recall.Receipt{Outcome: recall.Recalled}, nil
	})
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/messages/vendor/1/recall", strings.NewReader(asked))
	answer := httptest.NewRecorder()
	s.handler().ServeHTTP(answer, r)
	assert.Equal(t, http.StatusOK, answer.Code)
	m, err := s.store.message(t.Context(), "vendor", "1")
	require.NoError(t, err)
	assert.Equal(t, gone, m.State)
}

// Two moderators at the same message ask the vendor once.
func TestAskedOnce(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{NoRecalls: true})
	w.send("1001", "user1", "user2")
	w.callbacksArrive()
	arrived, goOn := make(chan struct{}), make(chan struct{})
	w.vendors.netease.Intercept(func(rw http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-goOn
		w.vendors.netease.Answer(rw, r)
	})
	first := make(chan state)
	go func() {
		_, answer := w.post("/messages/netease/1001/recall", asked)
		first <- answer.State
	}()
	<-arrived
	status, answer := w.post("/messages/netease/1001/recall", `{"operator": "mod-8"}`)
	assert.Equal(t, http.StatusAccepted, status)
	assert.Equal(t, requested, answer.State)
	close(goOn)
	assert.Equal(t, pending, <-first)
	assert.Len(t, w.vendors.netease.Requests(), 1)
	message := w.show("netease", "1001")
	assert.Equal(t, []action{actionAsked, actionAsked, actionAnswered}, message.actions())
	assert.Equal(t, "mod-8", message.Audit[1].Operator)
}

// Moderators and vendors, all at once.
func TestManyAtOnce(t *testing.T) {
	const n = 4 // or a busy machine makes a vendor wait too long with its callback, and give up
	w := newWorld(t, easemobtest.Callbacks{Shuffle: true, Times: 2})
	var all []map[string]string
	for i := range n {
		all = append(all, w.send(fmt.Sprint(3001+i), "user1", fmt.Sprint("user", 2+i)))
	}
	w.callbacksArrive()
	var moderators sync.WaitGroup
	for _, ids := range all {
		for app, id := range ids {
			for range 2 {
				moderators.Go(func() {
					status, answer := w.post("/messages/"+app+"/"+id+"/recall", asked)
					assert.Contains(t, []int{http.StatusOK, http.StatusAccepted}, status, "%s %s: %+v", app, id, answer)
				})
			}
		}
	}
	moderators.Wait()
	w.callbacksArrive()
	for _, ids := range all {
		for app, id := range ids {
			message := w.show(app, id)
			assert.Equal(t, confirmed, message.State)
			actions := map[action]int{}
			for _, a := range message.actions() {
				actions[a]++
			}
			assert.Equal(t, map[action]int{actionAsked: 2, actionAnswered: 1, actionNotified: 1}, actions, "%s %s", app, id)
		}
	}
	assert.NotContains(t, w.logged.String(), "level=ERROR")
}
