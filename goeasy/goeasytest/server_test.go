package goeasytest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/goeasy/goeasytest"
)

const (
	recallPath = "/v2/im/history/recall"
	ok         = `{"code":200,"content":"OK"}`
)

func start(t *testing.T) *goeasytest.Server {
	t.Helper()
	srv := goeasytest.NewServer()
	t.Cleanup(srv.Close)
	return srv
}

// send makes one call and returns the status and the body of the answer.
func send(t *testing.T, srv *goeasytest.Server, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+recallPath, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, "application/json; charset=utf-8", resp.Header.Get("Content-Type"))
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(got)
}

func TestOtherPathsAndMethods(t *testing.T) {
	srv := start(t)
	tests := []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, recallPath, http.StatusMethodNotAllowed},
		{http.MethodPost, "/v2/im/history", http.StatusMethodNotAllowed},
		{http.MethodGet, "/v2/im/here_now", http.StatusNotFound},
		{http.MethodPost, "/" + recallPath, http.StatusNotFound},
	}
	for _, tt := range tests {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, srv.URL+tt.path, http.NoBody)
		require.NoError(t, err)
		resp, err := srv.Client().Do(req)
		require.NoError(t, err)
		assert.Equal(t, tt.status, resp.StatusCode, "%s %s", tt.method, tt.path)
		assert.NoError(t, resp.Body.Close())
	}
}

func TestTLS(t *testing.T) {
	srv := goeasytest.NewTLSServer()
	t.Cleanup(srv.Close)
	require.True(t, strings.HasPrefix(srv.URL, "https://"))
	status, body := send(t, srv, pair)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, ok, body)
}

func TestRequestsAndHooks(t *testing.T) {
	srv := start(t)
	srv.Intercept(nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"code":500,"content":"Internal Server Error"}`)
	})
	statuses := make([]int, 0, 3)
	for range 3 {
		status, _ := send(t, srv, pair)
		statuses = append(statuses, status)
	}
	assert.Equal(t, []int{200, 500, 200}, statuses)

	log := srv.Requests()
	require.Len(t, log, 3)
	body, err := io.ReadAll(log[1].Body)
	require.NoError(t, err)
	assert.Equal(t, pair, string(body))
}

func TestRecalledButNeverAnswered(t *testing.T) {
	srv := start(t)
	srv.Add(goeasytest.Message{ID: "1", From: "user001", To: "user002", SentAt: time.UnixMilli(1581111111111)})
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) {
		srv.Answer(httptest.NewRecorder(), r)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+recallPath, strings.NewReader(pair))
	require.NoError(t, err)
	resp, err := srv.Client().Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	require.Error(t, err)
	assert.True(t, srv.Recalled("1"))
}

func TestClock(t *testing.T) {
	srv := start(t)
	at := time.Date(2020, 2, 7, 21, 31, 51, 111_999_999, time.UTC)
	srv.SetTime(at)
	srv.Advance(time.Second)
	assert.Equal(t, at.Add(time.Second), srv.Now())
	assert.Equal(t, at.Add(time.Second).Truncate(time.Millisecond), srv.Add(goeasytest.Message{ID: "1"}).SentAt)
}

func TestConcurrentUse(t *testing.T) {
	srv := start(t)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			id := fmt.Sprint(i)
			m := srv.Add(goeasytest.Message{ID: id, GroupID: "g" + id})
			status, _ := send(t, srv, fmt.Sprintf(`{"appkey":%q,"groupId":%q,"messages":[%d]}`,
				srv.RestKey, m.GroupID, m.SentAt.UnixMilli()))
			assert.Equal(t, http.StatusOK, status)
			assert.True(t, srv.Recalled(id))
			srv.Requests()
		})
	}
	wg.Wait()
	assert.Len(t, srv.Requests(), 32)
}
