package faults

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// network is one without sockets, for tests on a virtual clock: connections
// to each address are answered, fail, or meet what hostState says.
type network struct {
	vendor vendor
	mu     sync.Mutex
	state  map[string]hostState
	asked  []string // hosts that got a request
}

type hostState int

const (
	up       hostState = iota
	down               // refuses connections
	gateway            // has no server behind it
	swallows           // drops what would make a connection
	silent             // takes requests, and does not answer
)

func (n *network) set(host string, s hostState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state[host] = s
}

func (n *network) get(host string) hostState {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state[host]
}

// requests returns who got a request since the last time.
func (n *network) requests() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	asked := n.asked
	n.asked = nil
	return asked
}

func (n *network) dial(ctx context.Context, _, host string) (net.Conn, error) {
	switch n.get(host) {
	case down:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	case swallows:
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second) // as the dialer of recall.NewTransport
		defer cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ours, theirs := net.Pipe()
	go n.serve(host, theirs)
	return ours, nil
}

func (n *network) serve(host string, conn net.Conn) {
	defer conn.Close()
	c := &exchange{Conn: conn, gate: &gate{vendor: n.vendor}}
	for input := bufio.NewReader(conn); ; {
		req, err := http.ReadRequest(input)
		if err != nil {
			return
		}
		io.Copy(io.Discard, req.Body)
		n.mu.Lock()
		n.asked = append(n.asked, host)
		n.mu.Unlock()
		switch n.get(host) {
		case gateway:
			c.send("502 Bad Gateway", "text/html", page)
		case silent:
		default:
			c.answer(req)
		}
	}
}

const (
	first, second, third = "127.0.0.1:1001", "127.0.0.1:1002", "127.0.0.1:1003"
	aWhile               = time.Minute // how long a fallback is used
)

// withHosts runs a test on a virtual clock with a client of three hosts.
// recallOn makes a call and checks which hosts got a request about it.
func withHosts(t *testing.T, test func(n *network, recallOn func(hosts ...string))) {
	t.Helper()
	forEachVendor(t, func(t *testing.T, v vendor) {
		synctest.Test(t, func(t *testing.T) {
			n := &network{vendor: v, state: map[string]hostState{}}
			transport := recall.NewTransport()
			transport.DialContext = n.dial
			defer transport.CloseIdleConnections()
			p := policy(patient)
			p.Transport = transport
			c := opened(t, v, p, "http://"+first, "http://"+second, "http://"+third)
			test(n, func(hosts ...string) {
				t.Helper()
				afterwards(t, v, c)
				assert.Equal(t, hosts, n.requests())
			})
		})
	})
}

// A host that can't be reached is left for the next one, which is used for a
// while; then the first one is tried again.
func TestNextHostAfterConnectFailure(t *testing.T) {
	withHosts(t, func(n *network, recallOn func(...string)) {
		recallOn(first)
		n.set(first, down)
		recallOn(first) // on the connection that is there
		n.set(second, down)
		<-time.After(aWhile) // idle connections are closed meanwhile
		recallOn(third)
		recallOn(third)
		n.set(first, up)
		<-time.After(aWhile - time.Second)
		recallOn(third)
		<-time.After(time.Second)
		recallOn(first)
	})
}

// So is one that answers 502, which costs an attempt.
func TestNextHostAfterGatewayError(t *testing.T) {
	withHosts(t, func(n *network, recallOn func(...string)) {
		n.set(first, gateway)
		recallOn(first, second)
		recallOn(second)
		<-time.After(aWhile)
		recallOn(first, second)
		n.set(first, up)
		recallOn(second)
		<-time.After(aWhile)
		recallOn(first)
		recallOn(first)
	})
}

// Where no host can be reached each one is tried once, and nothing may have
// been applied.
func TestNoHostLeft(t *testing.T) {
	forEachVendor(t, func(t *testing.T, v vendor) {
		n := &network{vendor: v, state: map[string]hostState{first: down, second: down, third: down}}
		transport := recall.NewTransport()
		transport.DialContext = n.dial
		t.Cleanup(transport.CloseIdleConnections)
		p := policy(patient)
		p.Transport, p.Retry.Attempts = transport, 1
		c := opened(t, v, p, "http://"+first, "http://"+second, "http://"+third)
		err := during(t, c, patient, unreached)
		require.NotNil(t, err)
		assert.Equal(t, 3, err.Attempts)
		n.set(second, up)
		afterwards(t, v, c)
		assert.Equal(t, []string{second}, n.requests())
	})
}

// The deadline of a handler is enough for the second host, where the first one
// lets nobody connect, and, with a part of it for each attempt, where the first
// one is silent. The next handler goes to the second host at once. Easemob has
// to fetch a token besides.
func TestSecondHostWithinTheDeadlineOfAHandler(t *testing.T) {
	const deadline = 800 * time.Millisecond
	fetching := withToken()
	fetching.name = "easemob, token to fetch"
	for name, tt := range map[string]struct {
		first  hostState
		policy recall.Policy
		within time.Duration
	}{
		"no connection": {swallows, recall.Policy{}, deadline / 2},
		"no answer":     {silent, recall.Policy{Timeout: 300 * time.Millisecond}, 300*time.Millisecond + recall.DefaultBaseDelay},
	} {
		for _, v := range append(vendors[:len(vendors):len(vendors)], fetching) {
			t.Run(name+"/"+v.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := &network{vendor: v, state: map[string]hostState{first: tt.first}}
					transport := recall.NewTransport()
					transport.DialContext = n.dial
					defer transport.CloseIdleConnections()
					defer func() { <-time.After(time.Minute) }() // until nobody is left dialing
					tt.policy.Transport = transport
					c := opened(t, v, tt.policy, "http://"+first, "http://"+second)
					for _, within := range []time.Duration{tt.within, 0} {
						start := time.Now()
						ctx, cancel := context.WithTimeout(t.Context(), deadline)
						_, err := c.RecallMessage(ctx, message)
						cancel()
						require.NoError(t, err)
						assert.LessOrEqual(t, time.Since(start), within)
					}
				})
			})
		}
	}
}

// A host that is silent is left, and not come back to before it answers.
func TestNextHostAfterSilence(t *testing.T) {
	forEachVendor(t, func(t *testing.T, v vendor) {
		synctest.Test(t, func(t *testing.T) {
			n := &network{vendor: v, state: map[string]hostState{first: silent}}
			transport := recall.NewTransport()
			transport.DialContext = n.dial
			defer transport.CloseIdleConnections()
			p := policy(time.Second)
			p.Transport = transport
			c := opened(t, v, p, "http://"+first, "http://"+second)
			recallOn := func(hosts ...string) {
				t.Helper()
				afterwards(t, v, c)
				assert.Equal(t, hosts, n.requests())
			}
			recallOn(first, second)
			recallOn(second)
			<-time.After(aWhile)
			recallOn(first, second)
			recallOn(second)
			n.set(first, up)
			<-time.After(aWhile)
			recallOn(first)
			recallOn(first)
		})
	})
}
