package recall_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// TestEventHandlerLeavesTheConnectionInOrder: a callback that took too long is sent again over the same connection, and
// nothing of the first one's deadline is left then, though something before the handler has read the body already.
func TestEventHandlerLeavesTheConnectionInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const deadline = 3 * time.Second
		first := make(chan struct{}, 1)
		first <- struct{}{}
		h := &recall.EventHandler{
			Parser: parser{rules: recall.CallbackRules{Deadline: deadline}},
			Handle: func(_ context.Context, _ recall.Event) error {
				select {
				case <-first:
					<-time.After(deadline + time.Second) // whatever ctx says
				default:
				}
				return nil
			},
		}
		ends := make(chan error, 2)
		conn := pipe(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			assert.NoError(t, err)
			r.Body = io.NopCloser(bytes.NewReader(body))
			h.ServeHTTP(w, r)
			ends <- r.Context().Err()
		}))
		answers := bufio.NewReader(conn)
		for range 2 {
			_, err := io.WriteString(conn, signed+"1\r\n\r\n1")
			require.NoError(t, err)
			resp, err := http.ReadResponse(answers, nil)
			require.NoError(t, err)
			resp.Body.Close()
			assert.Equal(t, 200, resp.StatusCode)
			assert.NoError(t, <-ends, "the sender is still there")
		}
	})
}

// pipe connects to a server of h without a network, so that its time may be that of a bubble.
func pipe(t *testing.T, h http.Handler) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	srv := &http.Server{Handler: h}
	l := &onePipe{conns: make(chan net.Conn, 1)}
	l.conns <- theirs
	served := make(chan error)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		ours.Close()
		assert.NoError(t, srv.Close())
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return ours
}

// onePipe is a net.Listener of one connection.
type onePipe struct {
	conns chan net.Conn
	once  sync.Once
}

func (l *onePipe) Accept() (net.Conn, error) {
	if conn, ok := <-l.conns; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (l *onePipe) Close() error {
	l.once.Do(func() { close(l.conns) })
	return nil
}

func (l *onePipe) Addr() net.Addr { return &net.UnixAddr{} }

// dial connects to a server of h and sends text.
func dial(t *testing.T, h http.Handler, text string) net.Conn {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	return conn
}

const signed = "POST / HTTP/1.1\r\nHost: x\r\nX-Signature: good\r\nContent-Length: "

func TestEventHandlerHangUp(t *testing.T) {
	ended := make(chan error)
	started := make(chan struct{})
	h := &recall.EventHandler{Parser: parser{rules: recall.CallbackRules{Deadline: time.Hour}}, Handle: func(ctx context.Context, _ recall.Event) error {
		close(started)
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}}
	conn := dial(t, h, signed+"1\r\n\r\n1")
	<-started
	require.NoError(t, conn.Close())
	assert.ErrorIs(t, <-ended, context.Canceled)
}

// TestEventHandlerSlowBody: a body that trickles in does not hold the connection for longer than the vendor would.
func TestEventHandlerSlowBody(t *testing.T) {
	told := make(chan error, 1)
	h := &recall.EventHandler{
		Parser:  parser{rules: recall.CallbackRules{Deadline: 100 * time.Millisecond}},
		Handle:  new(journal).handle,
		OnError: func(_ *http.Request, err error) { told <- err },
	}
	conn := dial(t, h, signed+"1000\r\n\r\n1")
	answer, err := io.ReadAll(conn) // until the server closes the connection
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(answer, []byte("HTTP/1.1 408 ")), "%s", answer)
	var timeout net.Error
	require.ErrorAs(t, <-told, &timeout)
	assert.True(t, timeout.Timeout())
}
