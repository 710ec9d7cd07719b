package faults

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// closings are servers that close connections which are kept alive.
var closings = map[string]fault{
	"after each answer": func(c *exchange) {
		if req := c.request(); req != nil {
			c.answer(req)
		}
	},
	"reset after each answer": resetWhenIdle,
	"with the second request, unread": func(c *exchange) {
		if req := c.request(); req != nil {
			c.answer(req)
			c.input.Peek(1)
		}
	},
	"after the second request": func(c *exchange) {
		if req := c.request(); req != nil {
			c.answer(req)
			c.request()
		}
	},
}

// resetWhenIdle resets the connection once the next request begins to arrive:
// the client has read the answer by then.
func resetWhenIdle(c *exchange) {
	if req := c.request(); req != nil {
		c.answer(req)
		c.input.Peek(1)
		c.reset()
	}
}

// Connections that the server closes between requests cost no call.
func TestKeepAliveClosed(t *testing.T) {
	const workers, calls = 8, 25
	forEachVendor(t, func(t *testing.T, v vendor) {
		for name, f := range closings {
			t.Run(name, func(t *testing.T) {
				g := newGate(t, v, nil)
				g.meet(f)
				p := policy(patient)
				p.Retry.Attempts = recall.DefaultAttempts
				c := opened(t, v, p, g.http())
				var wg sync.WaitGroup
				for range workers {
					wg.Go(func() {
						for range calls {
							receipt, err := c.RecallMessage(t.Context(), message)
							assert.NoError(t, err)
							assert.Equal(t, v.outcome, receipt.Outcome)
						}
					})
				}
				wg.Wait()
				g.meet(nil)
				afterwards(t, v, c)
			})
		}
	})
}

// Calls that come one after the other use one connection, also after answers
// that were errors.
func TestConnectionsAreKept(t *testing.T) {
	forEachVendor(t, func(t *testing.T, v vendor) {
		g := newGate(t, v, nil)
		n := 0
		g.meet(answering(func(c *exchange, req *http.Request) {
			if n++; n%2 == 0 {
				c.send("502 Bad Gateway", "text/html", page)
				return
			}
			c.answer(req)
		}))
		c := opened(t, v, policy(patient), g.http())
		for range 20 {
			_, err := c.RecallMessage(t.Context(), message)
			require.NoError(t, err)
		}
		connections, requests := g.seen()
		assert.Equal(t, 1, connections)
		assert.Equal(t, 39, requests, "every second request failed and was repeated")
	})
}
