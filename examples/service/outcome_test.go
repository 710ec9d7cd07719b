package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// statusesOfThePage are those of the table in docs/outcomes.md.
func statusesOfThePage(t *testing.T) map[recall.Kind]int {
	t.Helper()
	text, err := os.ReadFile("../../docs/outcomes.md")
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(text), "<!-- statuses -->")
	table, _, _ = strings.Cut(table, "<!-- end -->")
	statuses := map[recall.Kind]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| (\\d{3}) \\| `\\w+` \\| ([^|]*)\\|").FindAllStringSubmatch(table, -1) {
		for _, kind := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row[2], -1) {
			statuses[recall.Kind(kind[1])], err = strconv.Atoi(row[1])
			require.NoError(t, err)
		}
	}
	return statuses
}

func TestStatusOf(t *testing.T) {
	tests := statusesOfThePage(t)
	require.Len(t, tests, 13, "each kind")
	tests["of a later version"] = http.StatusInternalServerError
	for kind, want := range tests {
		status, header := statusOf(refused, &recall.Error{Kind: kind, RetryAfter: 1500 * time.Millisecond})
		assert.Equal(t, want, status, kind)
		if status == http.StatusServiceUnavailable {
			assert.Equal(t, map[string]string{"Retry-After": "2"}, header)
		}
	}
	status, header := statusOf(refused, recall.ErrUnavailable)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Equal(t, map[string]string{"Retry-After": "1"}, header)
	for now, want := range map[state]int{
		gone: http.StatusOK, confirmed: http.StatusOK, requested: http.StatusAccepted, pending: http.StatusAccepted,
		unknown: http.StatusGatewayTimeout,
	} {
		status, _ := statusOf(now, errors.New("it does not matter"))
		assert.Equal(t, want, status, now)
	}
}

// The vendor recalls the message, and its answer is lost each time.
func TestAnswerIsLost(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{NoRecalls: true})
	w.send("1001", "user1", "user2")
	w.callbacksArrive()
	for range 9 {
		w.vendors.netease.Intercept(func(rw http.ResponseWriter, r *http.Request) {
			w.vendors.netease.Answer(discard{}, r)
			cut(rw)
		})
	}
	status, answer := w.post("/messages/netease/1001/recall", asked)
	assert.Equal(t, http.StatusGatewayTimeout, status)
	assert.Equal(t, unknown, answer.State)
	assert.Equal(t, recall.ErrUnavailable, answer.Kind)
	assert.True(t, answer.Retryable)
	w.clock.Advance(time.Minute)
	w.await(func() bool { return len(w.allAlarms()) == 1 })
	assert.Equal(t, "the vendor was asked, and no answer tells whether it is gone; no notification within 1m0s", w.allAlarms()[0].Text)

	// Credentials that are wrong now say nothing about the call before.
	for range 9 {
		w.vendors.netease.Intercept(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusForbidden) })
	}
	_, answer = w.post("/messages/netease/1001/recall", asked)
	assert.Equal(t, unknown, answer.State)
}

// discard takes an answer that is lost.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

func cut(rw http.ResponseWriter) {
	if connection, _, err := rw.(http.Hijacker).Hijack(); err == nil {
		connection.Close()
	}
}

// A vendor that does not answer can't make a moderator wait.
func TestDeadline(t *testing.T) {
	db := filepath.Join(t.TempDir(), "service.db")
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, db)
		s.tell(t, recall.MessageSent, "1")
		s.apps["vendor"].provider = recall.ProviderFunc(func(ctx context.Context, _ recall.Request) (recall.Receipt, error) {
			<-ctx.Done()
			return recall.Receipt{}, &recall.Error{Kind: recall.ErrCanceled, MayHaveApplied: true, Err: ctx.Err()}
		})
		start := time.Now()
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/messages/vendor/1/recall", strings.NewReader(asked)))
		assert.Equal(t, s.limits.recall, time.Since(start))
		assert.Equal(t, http.StatusGatewayTimeout, w.Code)
		var answer answered
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		assert.Equal(t, unknown, answer.State)
		assert.Equal(t, recall.ErrCanceled, answer.Kind)
		require.NoError(t, s.store.close())
	})
}

func TestRefusals(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{})
	for _, id := range []string{"1001", "1002"} {
		w.vendors.add(id, "user1", "user2", time.Now().Add(-24*time.Hour).Truncate(time.Millisecond))
	}
	w.callbacksArrive()
	w.callBack(easemobtest.Callbacks{Shuffle: true})
	for _, app := range []string{"easemob", "netease"} {
		status, answer := w.post("/messages/"+app+"/1001/recall", asked)
		assert.Equal(t, http.StatusConflict, status, app)
		assert.Equal(t, refused, answer.State, app)
		assert.Equal(t, recall.ErrWindowExpired, answer.Kind, app)
		assert.False(t, answer.Retryable)
		status, answer = w.post("/messages/"+app+"/1001/recall", `{"operator": "mod-7", "force": true}`)
		assert.Equal(t, http.StatusAccepted, status, app)
		assert.Equal(t, pending, answer.State, "%s: with force, a yes is no proof", app)
	}
	w.callbacksArrive()
	assert.Equal(t, confirmed, w.show("easemob", "1001").State)
	assert.Equal(t, confirmed, w.show("netease", "1001").State)

	w.vendors.close()
	status, answer := w.post("/messages/netease/1002/recall", `{"operator": "mod-7", "force": true}`)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Equal(t, refused, answer.State, "nothing was sent: the message is still there")
	assert.Equal(t, recall.ErrUnavailable, answer.Kind)
	assert.True(t, answer.Retryable)
}

func TestBadRequests(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{})
	w.send("1001", "user1", "user2")
	w.callbacksArrive()
	tests := map[string]struct {
		method, path, body string
		want               int
		text               string
	}{
		"unknown application":      {"POST", "/messages/other/1001/recall", asked, 404, "no such application"},
		"unknown message":          {"POST", "/messages/netease/9/recall", asked, 404, errNotStored.Error()},
		"show unknown message":     {"GET", "/messages/netease/9", "", 404, errNotStored.Error()},
		"user, other application":  {"POST", "/users/other/spammer/recall", asked, 404, "no such application"},
		"no operator":              {"POST", "/messages/netease/1001/recall", `{}`, 400, "operator: 1 to 64 bytes"},
		"long operator":            {"POST", "/users/netease/u/recall", `{"operator": "` + strings.Repeat("x", 65) + `"}`, 400, "operator: 1 to 64 bytes"},
		"no JSON":                  {"POST", "/messages/netease/1001/recall", `operator=mod-7`, 400, "the body is not like"},
		"more than JSON":           {"POST", "/messages/netease/1001/recall", asked + " {}", 400, "the body is not like"},
		"misspelt field":           {"POST", "/messages/netease/1001/recall", `{"operater": "mod-7"}`, 400, "the body is not like"},
		"large body":               {"POST", "/messages/netease/1001/recall", `{"operator": "` + strings.Repeat("x", 5000) + `"}`, 400, "the body is not like"},
		"no such job":              {"GET", "/jobs/77", "", 404, "no such job"},
		"no number of a job":       {"GET", "/jobs/one", "", 404, "no such job"},
		"wait is no duration":      {"GET", "/messages/netease/1001?wait=5", "", 400, "wait: a duration up to 30s"},
		"wait is long":             {"GET", "/jobs/1?wait=1h", "", 400, "wait: a duration up to 30s"},
		"wait is negative":         {"GET", "/jobs/1?wait=-1s", "", 400, "wait: a duration up to 30s"},
		"SQL is a name like other": {"GET", "/messages/netease/1001'%20OR%20'1'='1", "", 404, errNotStored.Error()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var body struct{ Error string }
			assert.Equal(t, tt.want, w.call(tt.method, tt.path, tt.body, &body))
			assert.Contains(t, body.Error, tt.text)
		})
	}
	assert.Empty(t, w.vendors.netease.Requests())
	assert.Empty(t, w.show("netease", "1001").Audit)
}

func TestAuditIsAppendOnly(t *testing.T) {
	w := newWorld(t, easemobtest.Callbacks{NoRecalls: true})
	w.send("1001", "user1", "user2")
	w.callbacksArrive()
	w.post("/messages/netease/1001/recall", asked)
	_, err := w.store.writer.ExecContext(t.Context(), `UPDATE audit SET operator = 'nobody'`)
	assert.ErrorContains(t, err, "audit records are not changed")
	_, err = w.store.writer.ExecContext(t.Context(), `DELETE FROM audit`)
	assert.ErrorContains(t, err, "audit records are not deleted")
	_, err = w.store.reader.ExecContext(t.Context(), `DELETE FROM messages`)
	assert.ErrorContains(t, err, "readonly", "and who only reads changes nothing")
}
