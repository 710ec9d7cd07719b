package faults

import (
	"context"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// pinger is a vendor's client.
type pinger interface {
	Ping(ctx context.Context) error
}

// However a server fails, nobody takes it for one that has accepted the
// credentials, and nothing can have been applied. An answer that is a yes all
// the same is one of GoEasy's and NetEase's, whose yes is the same to all calls.
func TestPingFaults(t *testing.T) {
	trials := answerFaults()
	maps.Copy(trials, wireFaults())
	forEachVendor(t, func(t *testing.T, v vendor) {
		for name, tr := range trials {
			t.Run(name, func(t *testing.T) {
				g := newGate(t, v, nil)
				g.meet(tr.fault)
				var log logbook
				p := policy(patient)
				p.Observer = log.observer()
				c := opened(t, v, p, g.http())
				err := c.(pinger).Ping(t.Context())
				if err == nil {
					require.True(t, tr.want.yes && v.name != "easemob")
					return
				}
				var e *recall.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, "ping", e.Op)
				assert.False(t, e.MayHaveApplied)
				assert.NotEqual(t, recall.ErrUnauthorized, e.Kind, "nobody refused the credentials")
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				hides(t, g.credentials(), e, &log)
			})
		}
	})
}
