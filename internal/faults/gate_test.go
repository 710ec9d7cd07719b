package faults

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// gate is a server on a raw socket. While it is broken each connection meets
// the fault; otherwise each request gets the vendor's answer.
type gate struct {
	vendor   vendor
	addr     string
	listener net.Listener
	done     chan struct{} // closed when the server stops
	serving  sync.WaitGroup

	mu       sync.Mutex
	fault    fault // nil: none
	conns    map[net.Conn]bool
	accepted int
	requests []*http.Request
	sent     []string // credentials that clients sent
}

// fault serves one connection, which is closed when it returns.
type fault func(*exchange)

// exchange is one connection to a gate.
type exchange struct {
	net.Conn
	gate  *gate
	input *bufio.Reader
}

// newGate starts a server. wrap, where it is not nil, puts TLS around it.
func newGate(t *testing.T, v vendor, wrap func(net.Listener) net.Listener) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := &gate{
		vendor: v, addr: listener.Addr().String(), listener: listener,
		done: make(chan struct{}), conns: map[net.Conn]bool{},
	}
	if wrap != nil {
		g.listener = wrap(listener)
	}
	g.serving.Go(g.accept)
	t.Cleanup(g.stop)
	return g
}

func (g *gate) http() string  { return "http://" + g.addr }
func (g *gate) https() string { return "https://" + g.addr }

// meet makes every further connection meet the fault; nil mends the server.
func (g *gate) meet(f fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault = f
}

func (g *gate) accept() {
	for {
		conn, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.mu.Lock()
		g.accepted++
		g.conns[conn] = true
		serve := g.fault
		g.mu.Unlock()
		if serve == nil {
			serve = healthy
		}
		g.serving.Go(func() {
			serve(&exchange{Conn: conn, gate: g, input: bufio.NewReader(conn)})
			conn.Close()
			g.mu.Lock()
			defer g.mu.Unlock()
			delete(g.conns, conn)
		})
	}
}

func (g *gate) stop() {
	close(g.done)
	g.listener.Close()
	g.mu.Lock()
	for conn := range g.conns {
		conn.Close()
	}
	g.mu.Unlock()
	g.serving.Wait()
}

// seen returns how many connections and requests there were.
func (g *gate) seen() (connections, requests int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.accepted, len(g.requests)
}

// credentials returns what must not show: what is configured, and what was
// sent.
func (g *gate) credentials() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append(g.sent[:len(g.sent):len(g.sent)], allSecrets...)
}

// healthy answers one request after the other.
func healthy(c *exchange) {
	for req := c.request(); req != nil; req = c.request() {
		c.answer(req)
	}
}

// answering is a fault that answers one request after the other, until the
// server is mended.
func answering(answer func(*exchange, *http.Request)) fault {
	return func(c *exchange) {
		for req := c.request(); req != nil; req = c.request() {
			if c.gate.mended() {
				c.answer(req)
				continue
			}
			answer(c, req)
		}
	}
}

func (g *gate) mended() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.fault == nil
}

// request reads one whole request, nil where none comes.
func (c *exchange) request() *http.Request {
	req, err := http.ReadRequest(c.input)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	c.gate.requests = append(c.gate.requests, req)
	for _, credential := range []string{
		strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "), req.Header.Get("Checksum"),
	} {
		if credential != "" {
			c.gate.sent = append(c.gate.sent, credential)
		}
	}
	return req
}

// answer sends a token to whoever asks for one, and otherwise the vendor's
// yes.
func (c *exchange) answer(req *http.Request) {
	body := c.gate.vendor.answer()
	if strings.HasSuffix(req.URL.Path, "/token") {
		body = tokenAnswer
	}
	c.send("200 OK", "application/json", body)
}

// send sends a whole answer.
func (c *exchange) send(status, contentType, body string) {
	fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", status, contentType, len(body), body)
}

// over returns the exchange on a layer above its connection.
func (c *exchange) over(conn net.Conn) *exchange {
	return &exchange{Conn: conn, gate: c.gate, input: bufio.NewReader(conn)}
}

// untilHangUp waits until the client closes the connection.
func (c *exchange) untilHangUp() { io.Copy(io.Discard, c.input) }

// reset closes the connection so that the client's system reports a reset.
func (c *exchange) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.Close()
}

// echo is what the client sent, as a page that shows the request would have
// it.
func echo(req *http.Request) string {
	var b strings.Builder
	req.Header.Write(&b)
	body, _ := io.ReadAll(req.Body)
	b.Write(body)
	b.WriteString(" " + req.RequestURI)
	return b.String() + url.QueryEscape(b.String())
}
