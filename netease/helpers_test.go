package netease

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/golden"
	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

const (
	testAppKey = "0123456789abcdef0123456789abcdef"
	testSecret = "5ecre7f00d5a"
	testHost   = "https://im.example.com/nimserver"
)

// newClient returns a client for the time of the test, with the test's
// application where cfg names none.
func newClient(t *testing.T, cfg Config) *Client {
	t.Helper()
	cfg.AppKey = cmp.Or(cfg.AppKey, testAppKey)
	cfg.AppSecret = cmp.Or(cfg.AppSecret, testSecret)
	cfg.Host = cmp.Or(cfg.Host, testHost)
	cfg.Policy.Rate = cmp.Or(cfg.Policy.Rate, -1)
	cfg.Policy.Retry.Attempts = cmp.Or(cfg.Policy.Retry.Attempts, 1)
	c, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// newClientV2 is newClient for one that speaks v2.
func newClientV2(t *testing.T, cfg Config) *Client {
	t.Helper()
	cfg.API = APIv2
	cfg.HostV2 = cmp.Or(cfg.HostV2, "https://open.example.com")
	return newClient(t, cfg)
}

// params returns parameters that are in order.
func params() RecallParams {
	return RecallParams{DeleteMsgID: "10386192", Type: TypeP2P, From: "t1", To: "t4"}
}

// received is one request as a server got it.
type received struct {
	Method, URI string // URI as on the wire: escaped path and query
	Header      http.Header
	Body        string
}

// server is a real HTTP server that keeps what it receives.
type server struct {
	URL string

	mu  sync.Mutex
	got []received
}

// newServer starts a server for the time of the test.
func newServer(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := new(server)
	running := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		s.got = append(s.got, received{Method: r.Method, URI: r.RequestURI, Header: r.Header.Clone(), Body: string(body)})
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(running.Close)
	s.URL = running.URL
	return s
}

// requests returns what the server received so far.
func (s *server) requests() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// count returns how many requests the server received so far.
func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got)
}

// at returns the i-th request that the server received.
func (s *server) at(i int) received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got[i]
}

// answering returns a handler that gives every request the same answer.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// hangUp cuts the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.Close()
	}
}

// inTurn returns a handler that leaves the first request to the first
// handler, and so on; the last one stays.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		handlers[min(int(n.Add(1)), len(handlers))-1](w, r)
	}
}

// mock is a transport without a network, which keeps what it is given.
type mock struct {
	*httpmock.MockTransport
	headers []http.Header // of the requests
}

// mocked returns a client whose every request gets the same answer.
func mocked(t *testing.T, status int, header http.Header, body string) (*Client, *mock) {
	t.Helper()
	m := &mock{MockTransport: httpmock.NewMockTransport()}
	m.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		m.headers = append(m.headers, r.Header.Clone())
		res := httpmock.NewStringResponse(status, body)
		res.Header = header.Clone()
		return res, nil
	})
	return newClient(t, Config{Policy: recall.Policy{Transport: m}}), m
}

// failure returns err as the *recall.Error that every error has to be.
func failure(t *testing.T, err error) *recall.Error {
	t.Helper()
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	require.NotEmpty(t, e.Kind)
	return e
}

// fixture reads a golden file.
func fixture(t testing.TB, name string) golden.Message {
	t.Helper()
	m, err := golden.Read(filepath.Join("testdata", name))
	require.NoError(t, err)
	return m
}

// silent returns a transport to a server in memory that reads every request
// and never answers. It works inside a synctest bubble.
func silent() *http.Transport {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go io.Copy(io.Discard, theirs)
		return ours, nil
	}}
}

// answerOf returns a golden answer as the decoder gets it.
func answerOf(m golden.Message) rest.Answer {
	return rest.Answer{Status: m.Status, Header: m.Header, Body: m.Body, At: time.Now()}
}
