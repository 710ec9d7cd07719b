package bench

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A wave over TLS shares connections: no more than half as many again as there
// are calls at once are open, and they are kept.
func TestConnections(t *testing.T) {
	const calls, workers = 5000, 64
	for _, vendor := range vendors {
		t.Run(vendor, func(t *testing.T) {
			call, transport := newRecaller(t, vendor, "https", given)
			var connections counter
			transport.TLSHandshakeTimeout = 0 // a busy machine that runs out of time dials again
			transport.DialContext = connections.dial
			require.NoError(t, load(t.Context(), call, calls, workers))
			opened, closed, most := connections.opened, connections.closed, connections.most
			t.Logf("%d connections, %d at once, %d closed, for %d calls, %d at once", opened, most, closed, calls, workers)
			assert.Less(t, opened, calls/10)
			// One that a busy machine does not get around to for 50 ms net/http closes, after it has dialed another.
			assert.LessOrEqual(t, most, workers*3/2+closed)
		})
	}
}

// counter counts connections.
type counter struct {
	mu                   sync.Mutex
	opened, closed, most int
}

func (c *counter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.add(1, 0)
	return &counted{Conn: conn, gone: sync.OnceFunc(func() { c.add(0, 1) })}, nil
}

func (c *counter) add(opened, closed int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened += opened
	c.closed += closed
	c.most = max(c.most, c.opened-c.closed)
}

// counted is a connection that tells when it is closed.
type counted struct {
	net.Conn
	gone func()
}

func (c *counted) Close() error {
	defer c.gone()
	return c.Conn.Close()
}
