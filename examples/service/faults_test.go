package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// breakAudit makes the database refuse the records of an action.
func (s *store) breakAudit(t *testing.T, a action) {
	t.Helper()
	_, err := s.writer.ExecContext(t.Context(), `CREATE TRIGGER broken BEFORE INSERT ON audit WHEN NEW.action = '`+string(a)+`'
		BEGIN SELECT RAISE(ABORT, 'disk full'); END`)
	require.NoError(t, err)
}

func (s *store) repair(t *testing.T) {
	t.Helper()
	_, err := s.writer.ExecContext(t.Context(), `DROP TRIGGER broken`)
	require.NoError(t, err)
}

// The vendor said yes, and that could not be written down: the caller is told,
// and the message is watched as soon as the database works.
func TestOutcomeThatCouldNotBeStored(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{NoRecalls: true})
	w.send("1001", "user1", "user2")
	w.callbacksArrive()
	w.store.breakAudit(t, actionAnswered)
	status, answer := w.post("/messages/netease/1001/recall", asked)
	assert.Equal(t, http.StatusGatewayTimeout, status)
	assert.Equal(t, unknown, answer.State)
	assert.Equal(t, recall.Accepted, answer.Outcome, "what is known is told")
	assert.True(t, answer.Retryable)
	w.awaitLog(`msg="outcome not stored" app=netease message=1001 operator=mod-7 outcome=accepted kind="" code=200 error="constraint failed: disk full`)
	w.await(func() bool { return w.show("netease", "1001").State == unknown })
	assert.Equal(t, []action{actionAsked, actionInterrupted}, w.show("netease", "1001").actions())
	w.clock.Advance(time.Minute)
	w.await(func() bool { return len(w.allAlarms()) == 1 })
	w.store.repair(t)
	status, answer = w.post("/messages/netease/1001/recall", asked)
	assert.Equal(t, http.StatusAccepted, status, "it can be asked for again")
	assert.Equal(t, pending, answer.State)
	assert.Len(t, w.vendors.netease.Requests(), 2)
}

// Nothing that could not be written down is sent.
func TestRecallThatCouldNotBeStored(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{NoRecalls: true})
	w.send("1001", "user1", "user2")
	w.callbacksArrive()
	w.store.breakAudit(t, actionAsked)
	var body struct{ Error string }
	assert.Equal(t, http.StatusServiceUnavailable, w.call("POST", "/messages/netease/1001/recall", asked, &body))
	assert.Equal(t, "nothing was done: the database failed", body.Error, "and no word more")
	assert.Empty(t, w.vendors.netease.Requests())
	assert.Equal(t, live, w.show("netease", "1001").State)
	w.store.repair(t)
}

// While calls are under way, what is cut short is told from what is not.
func TestCallUnderWayIsNotCutShort(t *testing.T) {
	s := quiet(t, filepath.Join(t.TempDir(), "service.db"))
	defer func() { assert.NoError(t, s.store.close()) }()
	for _, id := range []string{"under way", "cut short"} {
		s.tell(t, recall.MessageSent, id)
		_, needed, err := s.ask(t.Context(), s.apps["vendor"], id, asking{operator: "mod-7"})
		require.NoError(t, err)
		require.True(t, needed)
	}
	s.flights.end(key{"vendor", "cut short"})
	_, err := s.interrupt(t.Context())
	require.NoError(t, err)
	for id, want := range map[string]state{"under way": requested, "cut short": unknown} {
		m, err := s.store.message(t.Context(), "vendor", id)
		require.NoError(t, err)
		assert.Equal(t, want, m.State, id)
	}
}

// A job of everything of a user also holds what is being asked for: that call
// may fail, or may have been cut short.
func TestJobHoldsWhatIsBeingAskedFor(t *testing.T) {
	s := quiet(t, filepath.Join(t.TempDir(), "service.db"))
	defer func() { assert.NoError(t, s.store.close()) }()
	s.tell(t, recall.MessageSent, "1")
	_, _, err := s.ask(t.Context(), s.apps["vendor"], "1", asking{operator: "mod-7"})
	require.NoError(t, err)
	_, messages, err := s.store.addJob(t.Context(), "vendor", "a", asking{operator: "mod-8"})
	require.NoError(t, err)
	assert.Equal(t, int64(1), messages)
}

// A second program by mistake, on the same database and address, does not
// touch the calls of the first.
func TestAddressInUse(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{})
	w.send("1001", "user1", "user2")
	w.callbacksArrive()
	_, needed, err := w.ask(t.Context(), w.apps["netease"], "1001", asking{operator: "mod-7"})
	require.NoError(t, err)
	require.True(t, needed)
	o := w.options
	o.addr = strings.TrimPrefix(w.url, "http://")
	_, err = start(t.Context(), nil, o, w.clock, slog.New(slog.DiscardHandler))
	var busy *net.OpError
	require.ErrorAs(t, err, &busy)
	assert.Equal(t, requested, w.show("netease", "1001").State)
}

// A moderator hangs up while the database is busy, before the vendor was asked.
func TestHangUpBeforeTheCall(t *testing.T) {
	s := quiet(t, filepath.Join(t.TempDir(), "service.db"))
	defer func() { assert.NoError(t, s.store.close()) }()
	s.tell(t, recall.MessageSent, "1")
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/messages/vendor/1/recall", strings.NewReader(asked))
	answer := httptest.NewRecorder()
	s.handler().ServeHTTP(answer, r)
	assert.Equal(t, http.StatusAccepted, answer.Code)
	m, err := s.store.message(t.Context(), "vendor", "1")
	require.NoError(t, err)
	assert.Equal(t, pending, m.State)
}

// Who hangs up while waiting is no error.
func TestHangUpIsNotLoggedAsAnError(t *testing.T) {
	s := quiet(t, filepath.Join(t.TempDir(), "service.db"))
	defer func() { assert.NoError(t, s.store.close()) }()
	logged := newLogBuffer()
	s.log = slog.New(slog.NewTextHandler(logged, nil))
	s.tell(t, recall.MessageSent, "1")
	_, err := s.recallOne(t.Context(), s.apps["vendor"], "1", asking{operator: "mod-7"})
	require.NoError(t, err)
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	s.handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/messages/vendor/1?wait=30s", nil))
	assert.Contains(t, logged.String(), "status=499")
	assert.NotContains(t, logged.String(), "level=ERROR")
}

// One recall overtakes whatever the background has to write, and no other recall: one that waits for long would lose the
// outcome of its call.
func TestOrderOfWrites(t *testing.T) {
	db := filepath.Join(t.TempDir(), "service.db")
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, db)
		bulk := recall.WithBulk(t.Context())
		goOn := make(chan struct{})
		var order []string
		var all sync.WaitGroup
		write := func(ctx context.Context, name string) {
			all.Go(func() {
				assert.NoError(t, s.store.write(ctx, func(*sql.Tx) error {
					if name == "first" {
						<-goOn
					}
					order = append(order, name)
					return nil
				}))
			})
			synctest.Wait()
		}
		write(bulk, "first")
		for range 20 {
			write(bulk, "background")
		}
		gaveUp, giveUp := context.WithCancel(bulk)
		giveUp()
		require.ErrorIs(t, s.store.write(gaveUp, func(*sql.Tx) error { return nil }), context.Canceled)
		want := []string{"first"}
		for i := range 10 {
			want = append(want, fmt.Sprint("single ", i))
			write(t.Context(), want[1+i])
		}
		close(goOn)
		all.Wait()
		assert.Equal(t, want, order[:11])
		assert.Len(t, order, 31)
		require.NoError(t, s.store.close())
	})
}

// Two vendors have a message of the same id. What one tells is not about the
// other's.
func TestNotificationOfAnotherApp(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{NoRecalls: true})
	w.send("1001", "user1", "user2")
	w.callbacksArrive()
	_, answer := w.post("/messages/netease/1001/recall", asked)
	assert.Equal(t, pending, answer.State)
	w.callBack(easemobtest.Callbacks{})
	w.post("/messages/easemob/1001/recall", asked)
	w.callbacksArrive()
	assert.Equal(t, confirmed, w.show("easemob", "1001").State)
	assert.Equal(t, pending, w.show("netease", "1001").State)
	w.clock.Advance(time.Minute)
	w.await(func() bool { return len(w.allAlarms()) == 1 })
	assert.Equal(t, "netease", w.allAlarms()[0].App)
}

// The computer's clock is set back by an hour. That does not put the alarm off
// by an hour.
func TestClockSetBack(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{NoRecalls: true})
	w.send("1001", "user1", "user2")
	w.callbacksArrive()
	w.post("/messages/netease/1001/recall", asked)
	w.clock.Advance(-time.Hour)
	w.send("1003", "user1", "user2")
	w.callbacksArrive() // something happens
	w.await(func() bool { return !w.confirmBy("1001").After(w.clock.Now().Add(time.Minute)) })
	assert.Empty(t, w.allAlarms())
	w.clock.Advance(time.Minute)
	w.await(func() bool { return len(w.allAlarms()) == 1 })
}

func (w *world) confirmBy(id string) time.Time {
	w.t.Helper()
	m, err := w.store.message(w.t.Context(), "netease", id)
	require.NoError(w.t, err)
	return m.ConfirmBy
}

// Users may have any name; what goes into a URL is escaped as anything that
// goes there.
func TestNamesOfAllKinds(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{NoRecalls: true})
	at := time.UnixMilli(1772600767891)
	names := map[string]string{
		"用户1": "用户1", "a/b?c#d e": "a/b?c#d e", "a,b": "a%2Cb", "100%": "100%25", "..": "..", "'; DROP TABLE messages; --": "'; DROP TABLE messages; --",
	}
	for name := range names {
		w.vendors.goeasy.Add(goeasytest.Message{ID: name, From: name, To: "user2", SentAt: at})
	}
	w.callbacksArrive()
	for name, inID := range names {
		id := fmt.Sprintf("direct,1772600767891,%s,user2", inID)
		status, answer := w.post("/messages/goeasy/"+url.PathEscape(id)+"/recall", asked)
		assert.Equal(t, http.StatusAccepted, status, name)
		assert.Equal(t, id, answer.ID)
		dotted := strings.ReplaceAll(url.PathEscape(name), ".", "%2E") // ".." alone would be a way up
		assert.Zero(t, w.ended(w.addJob("goeasy", dotted, asked)).Messages, "%s: it was asked for", name)
	}
}

// A refusal that another try does not change is not retryable, also where an
// earlier call leaves the message unknown.
func TestUnknownAndNotRetryable(t *testing.T) {
	for kind, want := range map[recall.Kind]bool{
		recall.ErrWindowExpired: false, recall.ErrForbidden: false, recall.ErrUnsupported: false, recall.ErrInvalidRequest: false,
		recall.ErrUnavailable: true, recall.ErrRateLimited: true, recall.ErrBadResponse: true,
	} {
		assert.Equal(t, want, retryable(unknown, &recall.Error{Kind: kind}), kind)
	}
	assert.True(t, retryable(unknown, nil))
	assert.False(t, retryable(gone, nil))
	assert.False(t, retryable(pending, nil))
	assert.True(t, retryable(refused, recall.ErrUnavailable))
	assert.True(t, retryable(refused, recall.ErrBadResponse))
	assert.False(t, retryable(refused, recall.ErrWindowExpired))
	assert.False(t, retryable(refused, recall.ErrUnauthorized))
}

func TestLongURL(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{})
	resp, err := http.Post(w.url+"/users/netease/"+strings.Repeat("x", 100_000)+"/recall", "", strings.NewReader(asked))
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, resp.StatusCode)
}

func TestBadOptions(t *testing.T) {
	tests := map[string][]string{
		"-recall-within":  {"-recall-within", "0s"},
		"-confirm-within": {"-confirm-within", "-1m"},
		"-job-within":     {"-job-within", "0"},
		`argument "demo"`: {"demo"},
	}
	for text, args := range tests {
		assert.ErrorContains(t, run(t.Context(), args, noEnv, io.Discard, io.Discard), text)
	}
}
