package faults

import (
	"bufio"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// proxy is an egress proxy: it opens tunnels with CONNECT. It takes every name
// for the one server that it knows.
type proxy struct {
	listener net.Listener
	server   string // address
	serving  sync.WaitGroup

	mu      sync.Mutex
	refuse  func(net.Conn) // what it does instead; nil: it does its work
	conns   map[net.Conn]bool
	targets []string
	logins  []string
	other   int // requests that were not CONNECT
}

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: listener, server: server, conns: map[net.Conn]bool{}}
	p.serving.Go(p.accept)
	t.Cleanup(p.stop)
	return p
}

// proxyPassword is one that must not show.
const proxyPassword = "pr0xy-pa55word"

// url is the proxy's address with the user's name and password.
func (p *proxy) url() *url.URL {
	return &url.URL{Scheme: "http", Host: p.listener.Addr().String(), User: url.UserPassword("user", proxyPassword)}
}

func (p *proxy) stop() {
	p.listener.Close()
	p.mu.Lock()
	for conn := range p.conns {
		conn.Close()
	}
	p.mu.Unlock()
	p.serving.Wait()
}

func (p *proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.keep(conn)
		p.serving.Go(func() {
			defer p.drop(conn)
			p.serve(conn)
		})
	}
}

func (p *proxy) keep(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[conn] = true
}

func (p *proxy) drop(conn net.Conn) {
	conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

// note keeps what was asked, and returns what to do instead.
func (p *proxy) note(req *http.Request) func(net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if req.Method != http.MethodConnect {
		p.other++
		return func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 405 Method Not Allowed\r\n\r\n") }
	}
	p.targets = append(p.targets, req.Host)
	p.logins = append(p.logins, req.Header.Get("Proxy-Authorization"))
	return p.refuse
}

func (p *proxy) serve(conn net.Conn) {
	input := bufio.NewReader(conn)
	req, err := http.ReadRequest(input)
	if err != nil {
		return
	}
	if refuse := p.note(req); refuse != nil {
		refuse(conn)
		return
	}
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	p.keep(server)
	defer p.drop(server)
	io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
	p.serving.Go(func() {
		io.Copy(conn, server)
		conn.Close()
	})
	io.Copy(server, input)
}

// meet makes the proxy refuse, or do its work again.
func (p *proxy) meet(refuse func(net.Conn)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

func (p *proxy) asked() (targets, logins []string, other int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.targets, p.logins, p.other
}

// A client that may leave only through a proxy, to a server whose certificate
// is of a private CA: both are set on Policy.Transport.
func TestPrivateCAAndProxy(t *testing.T) {
	forEachVendor(t, func(t *testing.T, v vendor) {
		ca := newAuthority(t)
		g := newGate(t, v, ca.issue(t, certificate{names: []string{"im.example"}}).listen)
		egress := newProxy(t, g.addr)
		transport := ca.transport(t)
		transport.Proxy = http.ProxyURL(egress.url())
		p := policy(patient)
		p.Transport = transport
		c := opened(t, v, p, "https://im.example")
		for range 10 {
			afterwards(t, v, c)
		}
		targets, logins, other := egress.asked()
		assert.Equal(t, []string{"im.example:443"}, targets, "one tunnel for all calls")
		assert.Equal(t, []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+proxyPassword))}, logins)
		assert.Zero(t, other)
		_, requests := g.seen()
		assert.Equal(t, 10, requests)
	})
}

func refusing(answer string) func(net.Conn) {
	return func(conn net.Conn) { io.WriteString(conn, answer) }
}

// What a proxy does instead of its work never gets a request to the vendor.
func TestProxyFaults(t *testing.T) {
	forEachVendor(t, func(t *testing.T, v vendor) {
		t.Parallel()
		ca := newAuthority(t)
		good := ca.issue(t, certificate{names: []string{"im.example"}})
		elsewhere := newGate(t, v, good.listen)
		for name, refuse := range map[string]func(net.Conn){
			"403":      refusing("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"),
			"407":      refusing("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n"),
			"502":      refusing("HTTP/1.1 502 Bad Gateway\r\n\r\n"),
			"redirect": refusing("HTTP/1.1 302 Found\r\nLocation: " + elsewhere.https() + "\r\n\r\n"),
			"not HTTP": refusing("SSH-2.0-OpenSSH_9.2\r\n\r\n"),
			"closed":   func(net.Conn) {},
			"cut":      refusing("HTTP/1.1 200 Connection established\r\n\r\n"),
			"silent":   func(conn net.Conn) { io.Copy(io.Discard, conn) },
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				g := newGate(t, v, good.listen)
				egress := newProxy(t, g.addr)
				egress.meet(refuse)
				transport := ca.transport(t)
				transport.Proxy = http.ProxyURL(egress.url())
				var log logbook
				p := policy(attemptTime(name == "silent"))
				p.Transport, p.Observer = transport, log.observer()
				c := opened(t, v, p, "https://im.example")
				err := during(t, c, patient, unreached)
				hides(t, append(g.credentials(), proxyPassword), err, &log)
				connections, _ := g.seen()
				assert.Zero(t, connections)
				egress.meet(nil)
				eventually(t, v, c)
			})
		}
	})
}
