package easemobtest_test

import (
	"encoding/json"
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

	"github.com/imrecall/imrecall/easemob/easemobtest"
)

const nowMillis = 1657529588473

// frozen starts an emulator whose clock stands at nowMillis.
func frozen(t *testing.T) *easemobtest.Server {
	t.Helper()
	srv := easemobtest.NewServer()
	t.Cleanup(srv.Close)
	srv.SetTime(time.UnixMilli(nowMillis))
	return srv
}

// send makes one call and returns the status and the body of the answer.
func send(t *testing.T, srv *easemobtest.Server, method, path, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, "application/json; charset=utf-8", resp.Header.Get("Content-Type"))
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(got)
}

const credentials = `{"grant_type":"client_credentials","client_id":"demo-client-id","client_secret":"demo-client-secret"}`

// bearer gets a token and returns it as the pair of arguments that send takes.
func bearer(t *testing.T, srv *easemobtest.Server) []string {
	t.Helper()
	status, body := send(t, srv, http.MethodPost, "/demo-org/demo-app/token", credentials)
	require.Equal(t, http.StatusOK, status, body)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	return []string{"Authorization", "Bearer " + answer.AccessToken}
}

// failed is the body of most failures; usergridFailed that of those which order their keys differently.
func failed(code, description string) string {
	return fmt.Sprintf(`{"error":%q,"timestamp":%d,"duration":0,"error_description":%q}`, code, nowMillis, description)
}

func failedWith(code, exception, description string) string {
	return fmt.Sprintf(`{"error":%q,"exception":%q,"timestamp":%d,"duration":0,"error_description":%q}`,
		code, exception, nowMillis, description)
}

func usergridFailed(code, exception, description string) string {
	return fmt.Sprintf(`{"error":%q,"timestamp":%d,"duration":0,"exception":%q,"error_description":%q}`,
		code, nowMillis, exception, description)
}

func TestRouting(t *testing.T) {
	const notFound = "org.apache.usergrid.rest.exceptions.OrganizationApplicationNotFoundException"
	otherApp := func(app, uri string) string {
		return usergridFailed("organization_application_not_found", notFound,
			"Could not find application for "+app+" from URI: "+uri)
	}
	wrongURL := failed("web_application", "javax.ws.rs.WebApplicationException")
	wrongVerb := failed("unsupported_service_operation", "Service operation not supported")
	tests := map[string]struct {
		method, path string
		status       int
		body         string
	}{
		"wrong org":        {"POST", "/x/demo-app/token", 404, otherApp("x/demo-app", "x/demo-app/token")},
		"wrong app":        {"POST", "/demo-org/x/messages/msg_recall", 404, otherApp("demo-org/x", "demo-org/x/messages/msg_recall")},
		"app in caps":      {"POST", "/demo-org/DEMO-APP/token", 404, otherApp("demo-org/DEMO-APP", "demo-org/DEMO-APP/token")},
		"wrong path":       {"POST", "/demo-org/demo-app/messages/recall_msg", 500, wrongURL},
		"path in caps":     {"POST", "/demo-org/demo-app/Token", 500, wrongURL},
		"no app":           {"POST", "/demo-org", 500, wrongURL},
		"root":             {"POST", "/", 500, wrongURL},
		"double slash":     {"POST", "//demo-org/demo-app/token", 500, wrongURL},
		"trailing slash":   {"POST", "/demo-org/demo-app/token/", 500, wrongURL},
		"GET of token":     {"GET", "/demo-org/demo-app/token", 500, wrongVerb},
		"DELETE of recall": {"DELETE", "/demo-org/demo-app/messages/msg_recall", 500, wrongVerb},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := send(t, frozen(t), tt.method, tt.path, credentials)
			assert.Equal(t, tt.status, status)
			assert.Equal(t, tt.body, body)
		})
	}
}

func TestSettingsNameTheApplication(t *testing.T) {
	srv := frozen(t)
	srv.Org, srv.App, srv.ClientID, srv.ClientSecret = "o", "a", "id", "secret"
	status, _ := send(t, srv, http.MethodPost, "/o/a/token",
		`{"grant_type":"client_credentials","client_id":"id","client_secret":"secret"}`)
	assert.Equal(t, http.StatusOK, status)
}

func TestTLS(t *testing.T) {
	srv := easemobtest.NewTLSServer()
	t.Cleanup(srv.Close)
	require.True(t, strings.HasPrefix(srv.URL, "https://"))
	srv.Add(easemobtest.Message{ID: "1", To: "user2", Chat: "chat"})
	status, body := send(t, srv, http.MethodPost, recallPath, recallBody("1", false), bearer(t, srv)...)
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, `"uri":"`+srv.URL+recallPath+`"`)
}

func TestRequestsAndHooks(t *testing.T) {
	srv := frozen(t)
	srv.Intercept(nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusBadGateway)
	})
	token := bearer(t, srv)
	status, _ := send(t, srv, http.MethodPost, recallPath, recallBody("1", true), token...)
	assert.Equal(t, http.StatusBadGateway, status)
	status, _ = send(t, srv, http.MethodPost, recallPath, recallBody("1", true), token...)
	assert.Equal(t, http.StatusOK, status)

	log := srv.Requests()
	require.Len(t, log, 3)
	body, err := io.ReadAll(log[2].Body)
	require.NoError(t, err)
	assert.Equal(t, recallBody("1", true), string(body))
	assert.Equal(t, token[1], log[2].Header.Get("Authorization"))
}

// TestRecalledButNeverAnswered is the fault that clients get wrong most easily.
func TestRecalledButNeverAnswered(t *testing.T) {
	srv := frozen(t)
	srv.Add(easemobtest.Message{ID: "1", To: "user2", Chat: "chat"})
	token := bearer(t, srv)
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) {
		srv.Answer(httptest.NewRecorder(), r)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+recallPath, strings.NewReader(recallBody("1", false)))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(token[0], token[1])
	resp, err := srv.Client().Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	require.Error(t, err)
	assert.True(t, srv.Recalled("1"))
	_, body := send(t, srv, http.MethodPost, recallPath, recallBody("1", false), token...)
	assert.Equal(t, failed("message_recall_error", "not_found msg"), body)
}

func TestConcurrentUse(t *testing.T) {
	srv := frozen(t)
	token := bearer(t, srv)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			id := fmt.Sprint(i)
			srv.Add(easemobtest.Message{ID: id, To: "user2", Chat: "chat"})
			bearer(t, srv)
			status, _ := send(t, srv, http.MethodPost, recallPath, recallBody(id, false), token...)
			assert.Equal(t, http.StatusOK, status)
			assert.True(t, srv.Recalled(id))
			srv.Requests()
		})
	}
	wg.Wait()
	assert.Equal(t, 33, srv.TokensIssued())
}
