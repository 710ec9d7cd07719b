package rest

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/imrecall/imrecall/recall"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret stands for a credential that every request of these tests carries.
const secret = "s3cr3t-t0k3n-that-must-not-show"

// newClient returns a client of the server at url, which makes a single
// attempt where the policy does not say otherwise.
func newClient(t *testing.T, url string, policy recall.Policy) *Client {
	t.Helper()
	if policy.Retry.Attempts == 0 {
		policy.Retry.Attempts = 1
	}
	c, err := New(Config{Vendor: "acme", App: "app", Host: url, Policy: policy})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// serve starts a server that runs handler.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// serveTCP starts a server that hands each connection, and its number from 0,
// to talk, and closes it after.
func serveTCP(t *testing.T, talk func(n int, conn net.Conn, requests *bufio.Reader)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			talk(n, conn, bufio.NewReader(conn))
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return "http://" + listener.Addr().String()
}

// readRequest reads one whole request from a connection.
func readRequest(requests *bufio.Reader) bool {
	req, err := http.ReadRequest(requests)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, req.Body)
	return err == nil
}

// answerWith is a handler that always answers the same.
func answerWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// aCall is a call of the invented vendor acme, whose answers hold a code.
func aCall() Call {
	return Call{
		Op: "recall", MessageID: "42", TraceHeader: "X-Trace",
		Build: func(context.Context) (*Request, error) {
			return &Request{
				Method: http.MethodPost, Path: "/recall",
				Header: http.Header{"Authorization": {secret}}, Body: []byte(`{"id":42}`),
				Secrets: []string{secret},
			}, nil
		},
		Decode: func(a Answer) (Verdict, error) {
			var body struct {
				Code Code `json:"code"`
				Text Text `json:"text"`
			}
			if json.Unmarshal(a.Body, &body) != nil || body.Code == "" {
				return Verdict{}, Unreadable(a, "no code")
			}
			if body.Code == "200" {
				return Verdict{Outcome: recall.Recalled, Code: "200"}, nil
			}
			kinds := map[Code]recall.Kind{
				"400": recall.ErrInvalidRequest, "401": recall.ErrUnauthorized, "403": recall.ErrWindowExpired,
				"404": recall.ErrNotFound, "429": recall.ErrRateLimited, "500": recall.ErrUnavailable,
			}
			return Verdict{}, &recall.Error{Kind: kinds[body.Code], Code: string(body.Code), Message: string(body.Text)}
		},
	}
}

// failure carries out the call and returns the error that it ends with.
func failure(ctx context.Context, t *testing.T, c *Client, call Call) *recall.Error {
	t.Helper()
	receipt, err := c.Do(ctx, call)
	require.Error(t, err)
	require.Zero(t, receipt, "with an error the receipt is zero")
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	require.NotContains(t, e.Error(), secret)
	data, err := json.Marshal(e)
	require.NoError(t, err)
	require.NotContains(t, string(data), secret)
	return e
}
