package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// world is the service, served on a real socket, and the vendors around it.
type world struct {
	*program
	t       *testing.T
	vendors *emulators
	clock   *setClock
	options options
	logged  *logBuffer
	told    easemobtest.Callbacks // how vendors send callbacks; all three have the same fields
}

// patient limits are not reached on a busy machine. Those of the world's clock
// are the program's own.
func patient() limits {
	return limits{recall: 5 * time.Minute, store: 5 * time.Minute, confirm: time.Minute, job: time.Hour}
}

// newWorld starts the vendors and the service. The vendors' callbacks are as
// told says.
func newWorld(t *testing.T, told easemobtest.Callbacks) *world {
	t.Helper()
	w := &world{
		t: t, vendors: startEmulators(), clock: newSetClock(time.Now()), logged: newLogBuffer(), told: told,
		options: options{
			addr: "127.0.0.1:0", db: filepath.Join(t.TempDir(), "a ?#%.db"),
			limits: patient(),
		},
	}
	t.Cleanup(w.vendors.close)
	w.start()
	t.Cleanup(func() { assert.NoError(t, w.stop()) })
	return w
}

func (w *world) start() {
	w.t.Helper()
	log := slog.New(slog.NewTextHandler(w.logged, nil))
	apps, err := w.vendors.apps(policy(w.options.limits.recall, log))
	require.NoError(w.t, err)
	w.program, err = start(w.t.Context(), apps, w.options, w.clock, log)
	require.NoError(w.t, err)
	w.callBack(w.told)
}

func (w *world) callBack(told easemobtest.Callbacks) {
	told.URL = w.url + "/callbacks/easemob"
	w.vendors.easemob.SendCallbacks(told)
	told.URL = w.url + "/callbacks/netease"
	w.vendors.netease.SendCallbacks(neteasetest.Callbacks(told))
	told.URL = w.url + "/callbacks/goeasy"
	w.vendors.goeasy.SendCallbacks(goeasytest.Callbacks(told))
}

// callbacksArrive returns when the service has got what is due.
func (w *world) callbacksArrive() {
	w.t.Helper()
	require.NoError(w.t, w.vendors.wait(w.t.Context()))
}

// send sends a message through each vendor, now, and returns what to call it
// at the service.
func (w *world) send(id, from, to string) map[string]string {
	now := time.Now().Truncate(time.Millisecond)
	w.vendors.add(id, from, to, now)
	w.vendors.goeasy.Add(goeasytest.Message{ID: id, From: from, To: to, SentAt: now})
	return map[string]string{
		"easemob": id, "netease": id, "goeasy": "direct," + jsonNumber(now.UnixMilli()) + "," + from + "," + to,
	}
}

func jsonNumber(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}

const asked = `{"operator": "mod-7"}`

// post asks for a recall and returns the status and what the answer says.
func (w *world) post(path, body string) (int, answered) {
	w.t.Helper()
	var a answered
	return w.call(http.MethodPost, path, body, &a), a
}

// shown is what GET /messages tells.
type shown struct {
	State state    `json:"state"`
	From  string   `json:"from"`
	To    string   `json:"to"`
	Audit []record `json:"audit"`
}

func (s shown) actions() []action {
	var all []action
	for _, r := range s.Audit {
		all = append(all, r.Action)
	}
	return all
}

func (w *world) show(app, id string) shown {
	w.t.Helper()
	var s shown
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/messages/"+app+"/"+id, "", &s))
	return s
}

func (w *world) allAlarms() []alarm {
	w.t.Helper()
	var list struct{ Alarms []alarm }
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/alarms", "", &list))
	return list.Alarms
}

func (w *world) call(method, path, body string, into any) int {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	require.NoError(w.t, err)
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	require.NoError(w.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	require.NoError(w.t, json.Unmarshal(text, into), "%s", text)
	return resp.StatusCode
}

// await returns when done does, which is asked after each change of the
// database.
func (w *world) await(done func() bool) {
	w.t.Helper()
	w.awaitChange(w.store.changed, done)
}

// awaitLog returns when this text is in the log.
func (w *world) awaitLog(text string) {
	w.t.Helper()
	w.awaitChange(w.logged.changed, func() bool { return strings.Contains(w.logged.String(), text) })
}

func (w *world) awaitChange(changes *broadcast, done func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Minute)
	defer cancel()
	for {
		changed := changes.wait()
		if done() {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			require.FailNow(w.t, "it did not happen")
		}
	}
}

type logBuffer struct {
	changed *broadcast
	mu      sync.Mutex
	text    bytes.Buffer
}

func newLogBuffer() *logBuffer { return &logBuffer{changed: newBroadcast()} }

func (b *logBuffer) Write(p []byte) (int, error) {
	defer b.changed.tell()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
