package easemob

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/golden"
	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// theMessage is the message that most tests recall: the one in the vendor's sample.
const theMessage = "1028442084794698104"

// recallOf returns the parameters of a recall that nothing is wrong with.
func recallOf(id string) RecallParams {
	return RecallParams{MsgID: id, To: "user2", ChatType: ChatTypeChat}
}

// newClient returns a client for org#app at easemob.test with a fixed token, unless change says otherwise.
func newClient(t testing.TB, change func(*Config)) *Client {
	t.Helper()
	cfg := Config{Host: "easemob.test", Org: "org", App: "app", Token: "fixed-token"}
	cfg.Policy.Rate, cfg.Policy.Retry.Attempts = -1, 1
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// useCredentials makes a client fetch its tokens.
func useCredentials(cfg *Config) {
	cfg.Token, cfg.ClientID, cfg.ClientSecret = "", "the-client-id", "the-client-secret"
}

// serve starts a server and returns its URL.
func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// answering returns a transport that answers whatever it is sent with the same status and body.
func answering(status int, body string) *httpmock.MockTransport {
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(httpmock.NewStringResponder(status, body))
	return mock
}

// clientFor returns a client whose calls are all answered with the same status and body.
func clientFor(t testing.TB, status int, body string) *Client {
	t.Helper()
	return newClient(t, func(cfg *Config) { cfg.Policy.Transport = answering(status, body) })
}

// vendorMock is a vendor that is asked for tokens and for recalls. Each of its functions is given how many
// such requests there were before, and returns a status and a body.
type vendorMock struct {
	token, recall           func(n int, r *http.Request) (int, string)
	tokenCount, recallCount atomic.Int32
}

func (v *vendorMock) tokens() int  { return int(v.tokenCount.Load()) }
func (v *vendorMock) recalls() int { return int(v.recallCount.Load()) }

// transport returns a transport to the vendor.
func (v *vendorMock) transport() *httpmock.MockTransport {
	mock := httpmock.NewMockTransport()
	respond := func(count *atomic.Int32, answer func(int, *http.Request) (int, string)) httpmock.Responder {
		return func(r *http.Request) (*http.Response, error) {
			status, body := answer(int(count.Add(1))-1, r)
			return httpmock.NewStringResponse(status, body), nil
		}
	}
	mock.RegisterResponder("POST", "=~/org/app/token$", respond(&v.tokenCount, v.token))
	mock.RegisterResponder("POST", "=~/org/app/messages/msg_recall$", respond(&v.recallCount, v.recall))
	return mock
}

// bearer returns the token that a request carries.
func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// errorJSON returns an error answer's body in the vendor's form.
func errorJSON(code, text string) string {
	return `{"error":` + quoted(code) + `,"exception":"EasemobException","timestamp":1644402553845,` +
		`"duration":0,"error_description":` + quoted(text) + `}`
}

// recalledJSON returns the body of a success about the message with that id.
func recalledJSON(id string) string {
	return `{"action":"post","data":{"recalled":"yes","chattype":"chat","from":"admin","to":"user2","msg_id":` +
		quoted(id) + `},"duration":8}`
}

// tokenJSON returns the token endpoint's success.
func tokenJSON(token string, expiresIn int) string {
	return `{"access_token":` + quoted(token) + `,"expires_in":` + strconv.Itoa(expiresIn) + `,"application":"8be024f0"}`
}

// quoted returns s as JSON.
func quoted(s string) string {
	data, _ := json.Marshal(s)
	return string(data)
}

// failure returns err as the error that every call of a client fails with.
func failure(t testing.TB, err error) *recall.Error {
	t.Helper()
	require.Error(t, err)
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	assert.NotEmpty(t, e.Kind)
	assert.Equal(t, "easemob", e.Vendor)
	return e
}

// assertHides asserts that no way of printing v, or what it wraps, shows one of the secrets.
func assertHides(t testing.TB, v any, secrets ...string) {
	t.Helper()
	assert.Empty(t, vendortest.Shows(v, secrets...))
}

// readGolden reads a file of testdata.
func readGolden(t testing.TB, name string) golden.Message {
	t.Helper()
	m, err := golden.Read(filepath.Join("testdata", name))
	require.NoError(t, err)
	return m
}

// reply answers with JSON.
func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// memory is a network in memory: an http.Transport whose connections are pipes to an http.Server. Within
// a synctest bubble its time is the bubble's. It is the listener of the server, too.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	dialed atomic.Int32
}

// newMemory starts the server and returns the transport to it.
func newMemory(t *testing.T, handler http.HandlerFunc) (*memory, *http.Transport) {
	m := &memory{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // until then the server does not notice that the client left
		handler(w, r)
	})}
	done := make(chan error)
	go func() { done <- server.Serve(m) }()
	transport := recall.NewTransport()
	transport.Proxy = nil
	transport.DialContext = m.dial
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		<-done
	})
	return m, transport
}

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	m.dialed.Add(1)
	client, server := net.Pipe()
	select {
	case m.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.closed:
		return nil, errors.New("closed")
	}
}

func (m *memory) Close() error {
	close(m.closed)
	return nil
}

func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// advance moves the clock of a synctest bubble and lets everything that this sets off come to rest.
func advance(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
