package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

func serve(fake *recalltest.Fake, method, path, body string) *httptest.ResponseRecorder {
	s := &service{provider: fake, deadline: 800 * time.Millisecond, log: slog.New(slog.DiscardHandler)}
	w := httptest.NewRecorder()
	s.handler().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

func TestStatuses(t *testing.T) {
	for _, c := range []struct {
		answer recalltest.Answer
		want   int
	}{
		{recalltest.Answer{}, 200},
		{recalltest.Answer{Outcome: recall.Accepted}, 202},
		{recalltest.Answer{Outcome: recall.AlreadyGone}, 202},
		{recalltest.Answer{Err: recall.ErrInvalidRequest}, 422},
		{recalltest.Answer{Err: recall.ErrForbidden}, 409},
		{recalltest.Answer{Err: recall.ErrNotFound}, 409},
		{recalltest.Answer{Err: recall.ErrWindowExpired}, 409},
		{recalltest.Answer{Err: recall.ErrUnsupported}, 422},
		{recalltest.Answer{Err: recall.ErrUnauthorized}, 500},
		{recalltest.Answer{Err: recall.ErrMisconfigured}, 500},
		{recalltest.Answer{Err: recall.ErrNotEnabled}, 500},
		{recalltest.Answer{Err: recall.ErrPlanExhausted}, 500},
		{recalltest.Answer{Err: recall.ErrBadResponse}, 502},
		{recalltest.Answer{Err: recall.ErrRateLimited}, 503},
		{recalltest.Answer{Err: recall.ErrCanceled}, 503},
		{recalltest.Answer{Err: errors.New("boom")}, 503},
		{recalltest.Answer{Latency: recalltest.Forever}, 504},
	} {
		synctest.Test(t, func(t *testing.T) {
			fake := recalltest.Fake{Default: c.answer}
			begin := time.Now()
			w := serve(&fake, http.MethodPost, "/v1/recall", `{"message_id":"1","ref":"ticket"}`)
			assert.Equal(t, c.want, w.Code, "%v", c.answer)
			var result recall.Result
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &result))
			assert.Equal(t, "ticket", result.Request.Ref)
			assert.Equal(t, c.want < 300, result.Err == nil)
			assert.Equal(t, c.want == 503, w.Header().Get("Retry-After") == "1")
			assert.Equal(t, begin.Add(800*time.Millisecond), fake.Calls()[0].Deadline)
		})
	}
}

// The table of docs/outcomes.md, row by row.
func TestStatusesAreThoseOfThePage(t *testing.T) {
	for _, page := range []string{"../../docs/outcomes.md", "../../docs/outcomes.zh-CN.md"} {
		kinds := 0
		for _, row := range statusRows(t, page) {
			for _, kind := range row.kinds {
				kinds++
				assert.Equal(t, row.status, statusOf(recall.Result{Err: &recall.Error{Kind: kind}}), "%s: %s", page, kind)
				unknown := recall.Result{Err: &recall.Error{Kind: kind, MayHaveApplied: true}}
				assert.Equal(t, http.StatusGatewayTimeout, statusOf(unknown), kind)
			}
			if row.branch == "gone" {
				assert.Equal(t, row.status, statusOf(recall.Result{Receipt: recall.Receipt{Outcome: recall.Recalled}}))
			}
			if row.branch == "pending" {
				assert.Equal(t, row.status, statusOf(recall.Result{Receipt: recall.Receipt{Outcome: recall.Accepted}}))
				assert.Equal(t, row.status, statusOf(recall.Result{Receipt: recall.Receipt{Outcome: recall.AlreadyGone}}))
			}
			if row.branch == "unknown" {
				assert.Equal(t, http.StatusGatewayTimeout, row.status)
			}
		}
		assert.Equal(t, 13, kinds, "each kind once")
	}
	assert.Equal(t, http.StatusInternalServerError, statusOf(recall.Result{Err: recall.Kind("new")}))
	assert.Equal(t, http.StatusInternalServerError, statusOf(recall.Result{Err: errors.New("of nobody's")}))
}

type statusRow struct {
	status int
	branch string
	kinds  []recall.Kind
}

func statusRows(t *testing.T, page string) (rows []statusRow) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(text), "<!-- statuses -->")
	table, _, _ = strings.Cut(table, "<!-- end -->")
	for _, m := range regexp.MustCompile("(?m)^\\| (\\d{3}) \\| `(\\w+)` \\| ([^|]*)\\|").FindAllStringSubmatch(table, -1) {
		row := statusRow{branch: m[2]}
		row.status, err = strconv.Atoi(m[1])
		require.NoError(t, err)
		for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(m[3], -1) {
			row.kinds = append(row.kinds, recall.Kind(name[1]))
		}
		rows = append(rows, row)
	}
	require.Len(t, rows, 9)
	return rows
}

// A refusal after an attempt that nobody answered leaves the message's fate open: a 409 would say that it is where it was.
func TestUnknownIsNoRefusal(t *testing.T) {
	for _, kind := range []recall.Kind{recall.ErrWindowExpired, recall.ErrNotFound, recall.ErrUnauthorized, recall.ErrBadResponse, recall.ErrUnavailable} {
		fake := recalltest.Fake{Default: recalltest.Answer{Err: &recall.Error{Kind: kind, MayHaveApplied: true}}}
		w := serve(&fake, http.MethodPost, "/v1/recall", `{}`)
		assert.Equal(t, http.StatusGatewayTimeout, w.Code, kind)
		assert.Contains(t, w.Body.String(), `"may_have_applied":true`, kind)
	}
}

func TestRetryAfterIsTheVendors(t *testing.T) {
	fake := recalltest.Fake{Default: recalltest.Answer{Err: &recall.Error{Kind: recall.ErrRateLimited, RetryAfter: 9500 * time.Millisecond}}}
	assert.Equal(t, "10", serve(&fake, http.MethodPost, "/v1/recall", `{}`).Header().Get("Retry-After"))
}

func TestBadBodies(t *testing.T) {
	for _, body := range []string{"", "{", "[]", `{"mesage_id":"1"}`, `{} {}`, `{"message_id":"` + strings.Repeat("1", longestBody) + `"}`} {
		var fake recalltest.Fake
		w := serve(&fake, http.MethodPost, "/v1/recall", body)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Contains(t, w.Body.String(), `"field":"body"`)
		assert.Empty(t, fake.Calls())
	}
	var fake recalltest.Fake
	assert.Equal(t, http.StatusMethodNotAllowed, serve(&fake, http.MethodGet, "/v1/recall", "").Code)
	assert.Equal(t, http.StatusNotFound, serve(&fake, http.MethodPost, "/v1/recal", "{}").Code)
}
