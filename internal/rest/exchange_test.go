package rest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// serveCounting starts a server that counts its connections.
func serveCounting(t *testing.T, conns *atomic.Int32) string {
	t.Helper()
	server := httptest.NewUnstartedServer(answerWith(200, `{"code":200}`))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var reached atomic.Int32
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", elsewhere+"/x?token="+secret)
			w.WriteHeader(status)
		})
		e := failure(t.Context(), t, newClient(t, url, recall.Policy{}), aCall())
		assert.Equal(t, recall.ErrBadResponse, e.Kind)
		assert.Equal(t, status, e.Status)
		require.ErrorContains(t, e, elsewhere, "it says where to")
	}
	assert.Zero(t, reached.Load())
}

func TestNoCookieIsKept(t *testing.T) {
	var sent atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent.Add(int32(len(r.Cookies())))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		io.WriteString(w, `{"code":200}`)
	})
	c := newClient(t, url, recall.Policy{})
	for range 3 {
		_, err := c.Do(t.Context(), aCall())
		require.NoError(t, err)
	}
	assert.Zero(t, sent.Load())
}

// endless is as much of an answer as the client is willing to read.
func endless(w io.Writer) {
	block := bytes.Repeat([]byte(" "), 64<<10)
	for range 4096 { // 256 MiB
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"long":  func(w http.ResponseWriter, _ *http.Request) { endless(w) },
		"error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); endless(w) },
		"gzip bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
			endless(z)
			z.Close()
		},
	} {
		c := newClient(t, serve(t, handler), recall.Policy{})
		before := allocated()
		e := failure(t.Context(), t, c, aCall())
		assert.Equal(t, recall.ErrBadResponse, e.Kind, name)
		assert.True(t, e.MayHaveApplied, name)
		assert.Less(t, allocated()-before, uint64(8<<20), name)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestAnswerOfTheLongestLength(t *testing.T) {
	body := `{"code":200}`
	url := serve(t, answerWith(200, body+strings.Repeat(" ", MaxBody-len(body))))
	_, err := newClient(t, url, recall.Policy{}).Do(t.Context(), aCall())
	require.NoError(t, err)
}

func TestHeadersAreBounded(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for i := range 200 {
			w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 1000))
		}
	})
	e := failure(t.Context(), t, newClient(t, url, recall.Policy{}), aCall())
	assert.Contains(t, []recall.Kind{recall.ErrBadResponse, recall.ErrUnavailable}, e.Kind)
	assert.True(t, e.MayHaveApplied)
}

func TestAttemptTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy := recall.Policy{Transport: vendortest.Silent(), Timeout: time.Second}
		start := time.Now()
		e := failure(t.Context(), t, newClient(t, "http://127.0.0.1", policy), aCall())
		assert.Equal(t, time.Second, time.Since(start))
		assert.Equal(t, recall.ErrUnavailable, e.Kind)
		assert.True(t, e.MayHaveApplied)
		require.NotErrorIs(t, e, context.DeadlineExceeded, "the caller's deadline has not passed")
		var timeout interface{ Timeout() bool }
		require.ErrorAs(t, e, &timeout)
		assert.True(t, timeout.Timeout())
	})
}

func TestCallerCancels(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := serveTCP(t, func(_ int, _ net.Conn, requests *bufio.Reader) {
		readRequest(requests)
		cancel()
		requests.ReadByte() // until the client hangs up
	})
	e := failure(ctx, t, newClient(t, url, recall.Policy{}), aCall())
	assert.Equal(t, recall.ErrCanceled, e.Kind)
	require.ErrorIs(t, e, context.Canceled)
	assert.True(t, e.MayHaveApplied)
}

func TestBrokenAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		raw  string
		kind recall.Kind
	}{
		"nothing":         {"", recall.ErrUnavailable},
		"half a header":   {"HTTP/1.1 200 OK\r\nContent-Le", recall.ErrUnavailable},
		"half a body":     {"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"code\"", recall.ErrUnavailable},
		"half a chunk":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"code", recall.ErrUnavailable},
		"no last chunk":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"code\":200}\r\n", recall.ErrUnavailable},
		"bad chunk":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", recall.ErrBadResponse},
		"not gzip":        {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n{\"code\":200}", recall.ErrBadResponse},
		"not HTTP":        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", recall.ErrBadResponse},
		"echo":            {"HTTP/" + secret + " 200 OK\r\n\r\n", recall.ErrBadResponse},
		"status not told": {"HTTP/1.1 OK\r\n\r\n", recall.ErrBadResponse},
	} {
		url := serveTCP(t, func(_ int, conn net.Conn, requests *bufio.Reader) {
			readRequest(requests)
			io.WriteString(conn, tt.raw)
		})
		e := failure(t.Context(), t, newClient(t, url, recall.Policy{}), aCall())
		assert.Equal(t, tt.kind, e.Kind, "%s: %v", name, e)
		assert.True(t, e.MayHaveApplied, name)
	}
}

func TestNothingListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	url := "http://" + listener.Addr().String()
	listener.Close()
	for _, transport := range []http.RoundTripper{nil, recall.NewTransport(), roundTripper(recall.NewTransport().RoundTrip)} {
		e := failure(t.Context(), t, newClient(t, url, recall.Policy{Transport: transport}), aCall())
		assert.Equal(t, recall.ErrUnavailable, e.Kind)
		assert.False(t, e.MayHaveApplied, "%T", transport)
		var op *net.OpError
		require.ErrorAs(t, e, &op, "the network's error is kept")
	}
}

func TestTLSThatCannotBeTrusted(t *testing.T) {
	server := httptest.NewUnstartedServer(answerWith(200, `{"code":200}`))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshakes that the client refuses
	server.StartTLS()
	t.Cleanup(server.Close)
	e := failure(t.Context(), t, newClient(t, server.URL, recall.Policy{}), aCall())
	assert.Equal(t, recall.ErrMisconfigured, e.Kind)
	assert.False(t, e.MayHaveApplied)
	var certificate *tls.CertificateVerificationError
	require.ErrorAs(t, e, &certificate)

	transport := recall.NewTransport()
	transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	defer transport.CloseIdleConnections()
	_, err := newClient(t, server.URL, recall.Policy{Transport: transport}).Do(t.Context(), aCall())
	require.NoError(t, err, "with the server's CA")
}

func TestNotTLS(t *testing.T) {
	url := serve(t, answerWith(200, `{"code":200}`))
	e := failure(t.Context(), t, newClient(t, strings.Replace(url, "http://", "https://", 1), recall.Policy{}), aCall())
	assert.Equal(t, recall.ErrMisconfigured, e.Kind)
}

// A mock tells nothing about what it wrote, so a failure of one may have
// applied.
func TestTransportThatReportsNothing(t *testing.T) {
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder(http.MethodPost, "https://im.example/recall", httpmock.NewStringResponder(200, `{"code":200}`))
	receipt, err := newClient(t, "im.example", recall.Policy{Transport: mock}).Do(t.Context(), aCall())
	require.NoError(t, err)
	assert.Equal(t, recall.Recalled, receipt.Outcome)

	mock.RegisterResponder(http.MethodPost, "https://im.example/recall", httpmock.NewErrorResponder(errors.New("cut")))
	e := failure(t.Context(), t, newClient(t, "im.example", recall.Policy{Transport: mock}), aCall())
	assert.Equal(t, recall.ErrUnavailable, e.Kind)
	assert.True(t, e.MayHaveApplied)
}

func TestStillWorksAfterAFault(t *testing.T) {
	var mu sync.Mutex
	broken := true
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if broken {
			broken = false
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, `{"code":200}`)
	})
	c := newClient(t, url, recall.Policy{})
	failure(t.Context(), t, c, aCall())
	_, err := c.Do(t.Context(), aCall())
	require.NoError(t, err)
}
