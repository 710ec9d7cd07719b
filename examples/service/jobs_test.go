package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// jobShown is what GET /jobs tells.
type jobShown struct {
	Messages, Done int
	States         map[state]int
	EndedAt        time.Time `json:"ended_at"`
}

func (w *world) addJob(app, user, body string) string {
	w.t.Helper()
	var added struct {
		Job      int64
		Progress string
	}
	require.Equal(w.t, http.StatusAccepted, w.call("POST", "/users/"+app+"/"+user+"/recall", body, &added))
	return added.Progress
}

func (w *world) showJob(path string) jobShown {
	w.t.Helper()
	var j jobShown
	require.Equal(w.t, http.StatusOK, w.call("GET", path, "", &j))
	return j
}

// spam sends n messages of a spammer through each vendor, and one of another
// user.
func (w *world) spam(n int) map[string][]string {
	w.t.Helper()
	ids := map[string][]string{}
	for i := range n {
		for app, id := range w.send(fmt.Sprint(2001+i), "spammer", fmt.Sprint("victim", i)) {
			ids[app] = append(ids[app], id)
		}
	}
	w.send("1001", "user1", "user2")
	w.callbacksArrive()
	return ids
}

func TestEverythingOfASpammer(t *testing.T) {
	const n = 35 // more than any vendor takes in one call
	w := newWorld(t, easemobtest.Callbacks{Times: 2})
	ids := w.spam(n)
	for app := range ids {
		path := w.addJob(app, "spammer", asked)
		j := w.showJob(path + "?wait=30s")
		assert.Equal(t, n, j.Messages, app)
		assert.Equal(t, n, j.Done, app)
		assert.NotZero(t, j.EndedAt, app)
		w.callbacksArrive()
		assert.Equal(t, map[state]int{confirmed: n}, w.showJob(path).States, app)
		assert.Equal(t, live, w.show(app, w.otherOf(app)).State, "%s: others' messages stay", app)
		assert.Equal(t, jobShown{States: map[state]int{}}, w.ended(w.addJob(app, "spammer", asked)), "%s: nothing is left to do", app)
		audit := w.show(app, ids[app][0]).Audit
		assert.Equal(t, int64(1), min(1, audit[0].Job), app)
		assert.Equal(t, "mod-7", audit[0].Operator, app)
	}
	for _, id := range []string{"2001", fmt.Sprint(2000 + n)} {
		assert.True(t, w.vendors.easemob.Recalled(id))
		assert.True(t, w.vendors.netease.Recalled(id))
		assert.True(t, w.vendors.goeasy.Recalled(id))
	}
	w.clock.Advance(time.Hour)
	assert.Empty(t, w.allAlarms())
}

func (w *world) otherOf(app string) string {
	w.t.Helper()
	var id string
	require.NoError(w.t, w.store.reader.QueryRowContext(w.t.Context(),
		`SELECT id FROM messages WHERE app = ? AND sender = 'user1'`, app).Scan(&id))
	return id
}

func (w *world) ended(path string) jobShown {
	w.await(func() bool { return !w.showJob(path).EndedAt.IsZero() })
	j := w.showJob(path)
	j.EndedAt = time.Time{}
	return j
}

// The service stops in the middle of a job, and starts again.
func TestJobSurvivesARestart(t *testing.T) {
	const n = 30
	w := newWorld(t, easemobtest.Callbacks{NoRecalls: true})
	w.spam(n)
	arrived, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var answered atomic.Int64
	for range n {
		w.vendors.netease.Intercept(func(rw http.ResponseWriter, r *http.Request) {
			if answered.Add(1) > 10 {
				once.Do(func() { close(arrived) })
				select {
				case <-goOn:
				case <-r.Context().Done():
					return
				}
			}
			w.vendors.netease.Answer(rw, r)
		})
	}
	path := w.addJob("netease", "spammer", asked)
	<-arrived
	require.NoError(t, w.stop())
	close(goOn)
	require.NoError(t, w.inspect(func(s *store) {
		_, p, err := s.job(t.Context(), 1)
		require.NoError(t, err)
		assert.Equal(t, n, p.Messages)
		assert.Less(t, p.Done, n)
		assert.Zero(t, p.States[requested], "nothing is left in the air")
		assert.Zero(t, p.States[refused], "a stop is no refusal")
	}))
	w.start()
	w.await(func() bool { return w.showJob(path).Done == n })
	w.await(func() bool { return !w.showJob(path).EndedAt.IsZero() })
	j := w.showJob(path)
	assert.Equal(t, map[state]int{pending: n}, j.States)
	for i := range n {
		assert.True(t, w.vendors.netease.Recalled(fmt.Sprint(2001+i)))
	}
}

// inspect opens the database of a service that has stopped.
func (w *world) inspect(look func(*store)) error {
	s, err := openStore(w.t.Context(), w.options.db, w.clock)
	if err != nil {
		return err
	}
	look(s)
	return s.close()
}

func TestJobOutOfTime(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{NoRecalls: true})
	w.spam(3)
	require.NoError(t, w.stop())
	require.NoError(t, w.inspect(func(s *store) {
		_, _, err := s.addJob(t.Context(), "netease", "spammer", asking{operator: "mod-7"})
		require.NoError(t, err)
	}))
	w.clock.Advance(2 * time.Hour)
	w.start()
	w.await(func() bool { return !w.showJob("/jobs/1").EndedAt.IsZero() })
	j := w.showJob("/jobs/1")
	assert.Equal(t, 0, j.Done)
	assert.Equal(t, map[state]int{live: 3}, j.States)
	w.awaitLog(`msg="job out of time" app=netease job=1 left=3`)
	w.ended(w.addJob("netease", "spammer", asked))
}

// A job goes on after the database failed.
func TestJobAfterAFailure(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{NoRecalls: true})
	w.spam(3)
	_, err := w.store.writer.ExecContext(t.Context(), `CREATE TRIGGER broken BEFORE INSERT ON audit WHEN NEW.message = '2002' AND NEW.action = 'answered'
		BEGIN SELECT RAISE(ABORT, 'disk full'); END`)
	require.NoError(t, err)
	path := w.addJob("netease", "spammer", asked)
	w.awaitLog("job interrupted")
	assert.Equal(t, 2, w.showJob(path).Done)
	_, err = w.store.writer.ExecContext(t.Context(), `DROP TRIGGER broken`)
	require.NoError(t, err)
	w.clock.Advance(jobAgain)
	w.await(func() bool { return w.showJob(path).Done == 3 })
	w.await(func() bool { return !w.showJob(path).EndedAt.IsZero() })
	assert.Zero(t, w.showJob(path).States[requested])
}

// What a job's calls come to when the program stops: what was sent is unknown,
// what was not sent is as it was, and both are left to the job.
func TestStopInAWave(t *testing.T) {
	s := quiet(t, filepath.Join(t.TempDir(), "service.db"))
	defer func() { assert.NoError(t, s.store.close()) }()
	a := s.apps["vendor"]
	canceled := func(sent bool) error {
		return &recall.Error{Kind: recall.ErrCanceled, MayHaveApplied: sent, Err: context.Canceled}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		id   string
		ctx  context.Context
		err  error
		want state
		left bool
	}{
		{"not sent", over, canceled(false), live, true},
		{"sent", over, canceled(true), unknown, true},
		{"answered", over, nil, pending, false},
		{"refused", over, &recall.Error{Kind: recall.ErrWindowExpired}, refused, false},
		{"not sent by the vendor's client", t.Context(), canceled(false), refused, false},
	}
	for _, tt := range tests {
		s.tell(t, recall.MessageSent, tt.id)
	}
	job, _, err := s.store.addJob(t.Context(), "vendor", "a", asking{operator: "mod-7"})
	require.NoError(t, err)
	by := asking{operator: "mod-7", job: job}
	for _, tt := range tests {
		_, needed, err := s.ask(t.Context(), a, tt.id, by)
		require.NoError(t, err)
		require.True(t, needed)
		result := recall.Result{Request: recall.Request{Ref: tt.id}, Receipt: recall.Receipt{Outcome: recall.Accepted}, Err: tt.err}
		require.NoError(t, s.settleItem(tt.ctx, a, by, result))
		m, err := s.store.message(t.Context(), "vendor", tt.id)
		require.NoError(t, err)
		assert.Equal(t, tt.want, m.State, tt.id)
		left, err := s.store.itemsLeft(t.Context(), job, "", itemsAtOnce)
		require.NoError(t, err)
		assert.Equal(t, tt.left, slices.Contains(left, tt.id), tt.id)
	}

	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.work(ctx, nil)
	}()
	for {
		changed := s.store.changed.wait()
		j, p, err := s.store.job(t.Context(), job)
		require.NoError(t, err)
		if !j.EndedAt.IsZero() {
			assert.Equal(t, progress{Messages: 5, Done: 5, States: map[state]int{pending: 3, refused: 2}}, p)
			break
		}
		<-changed
	}
	stop()
	<-done
}
