package neteasetest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/netease/neteasetest"
)

const (
	recallPath = "/nimserver/msg/recall.action"
	nowSeconds = 1700000000
)

// frozen starts an emulator for which signed has the right CheckSum.
func frozen(t *testing.T) *neteasetest.Server {
	t.Helper()
	srv := neteasetest.NewServer()
	t.Cleanup(srv.Close)
	srv.AppSecret = "secret"
	srv.SetTime(time.Unix(nowSeconds, 0))
	return srv
}

// signed are good headers: the vector of secret "secret", nonce "nonce" and the frozen clock.
func signed(srv *neteasetest.Server) map[string]string {
	return map[string]string{
		"AppKey":   srv.AppKey,
		"Nonce":    "nonce",
		"CurTime":  "1700000000",
		"CheckSum": "c0b87c883bf8a70941d7e81c14cc7c7e7ccd3ba2",
	}
}

// send posts a form and returns the body of the answer, whose HTTP status must be 200.
func send(t *testing.T, srv *neteasetest.Server, header map[string]string, form string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+recallPath, strings.NewReader(form))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "application/json; charset=utf-8", resp.Header.Get("Content-Type"))
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

func TestOtherPathsAndMethods(t *testing.T) {
	srv := frozen(t)
	tests := []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, recallPath, http.StatusMethodNotAllowed},
		{http.MethodPost, "/msg/recall.action", http.StatusNotFound},
		{http.MethodPost, "/" + recallPath, http.StatusNotFound},
		{http.MethodPost, "/nimserver/msg/Recall.action", http.StatusNotFound},
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
	srv := neteasetest.NewTLSServer()
	t.Cleanup(srv.Close)
	require.True(t, strings.HasPrefix(srv.URL, "https://"))
	assert.Equal(t, `{"desc":"appkey","code":414}`, send(t, srv, nil, ""))
}

func TestRequestsAndHooks(t *testing.T) {
	srv := frozen(t)
	srv.Intercept(nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, `{"code":500}`)
	})
	form := url.Values{"deleteMsgid": {"1"}, "type": {"7"}, "from": {"a"}, "to": {"b"}}.Encode()
	assert.Equal(t, `{"code":200}`, send(t, srv, signed(srv), form))
	assert.Equal(t, `{"code":500}`, send(t, srv, signed(srv), form))
	assert.Equal(t, `{"code":200}`, send(t, srv, signed(srv), form))

	log := srv.Requests()
	require.Len(t, log, 3)
	body, err := io.ReadAll(log[0].Body)
	require.NoError(t, err)
	assert.Equal(t, form, string(body))
}

// TestAppliedButNeverAnswered: the retry under the same RequestId tells the client that the first arrived.
func TestAppliedButNeverAnswered(t *testing.T) {
	srv := frozen(t)
	srv.Add(message(p2p))
	header := signed(srv)
	header["RequestId"] = "one"
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) {
		srv.Answer(httptest.NewRecorder(), r)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+recallPath, strings.NewReader(p2p))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := srv.Client().Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	require.Error(t, err)
	assert.True(t, srv.Recalled("10386192"))
	assert.Equal(t, `{"desc":"HTTP request is repeated","code":431}`, send(t, srv, header, p2p))
}

func TestConcurrentUse(t *testing.T) {
	srv := frozen(t)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			id := fmt.Sprint(i)
			header := signed(srv)
			header["RequestId"] = id
			srv.Add(neteasetest.Message{ID: id, From: "t1", To: "t4", Type: neteasetest.TypeP2P})
			assert.Equal(t, `{"code":200}`, send(t, srv, header, "deleteMsgid="+id+"&type=7&from=t1&to=t4"))
			assert.True(t, srv.Recalled(id))
			srv.RemoveMember("team", id)
			srv.Requests()
		})
	}
	wg.Wait()
	assert.Len(t, srv.Requests(), 32)
}
