package bench

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A wave over TLS shares connections: no more than half as many again as
// there are calls at once.
func TestConnections(t *testing.T) {
	const calls, workers = 5000, 64
	for _, vendor := range vendors {
		t.Run(vendor, func(t *testing.T) {
			call, transport := newRecaller(t, vendor, "https", given)
			transport.TLSHandshakeTimeout = time.Minute // one that a busy machine gives up is dialed again
			var opened atomic.Int64
			dial := transport.DialContext
			transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				opened.Add(1)
				return dial(ctx, network, address)
			}
			require.NoError(t, load(t.Context(), call, calls, workers))
			t.Logf("%d connections for %d calls, %d at once", opened.Load(), calls, workers)
			assert.LessOrEqual(t, opened.Load(), int64(workers*3/2))
		})
	}
}
