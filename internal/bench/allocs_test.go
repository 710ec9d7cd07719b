//go:build !race

// The race detector makes sync.Pool forget at random, so that allocations
// can't be counted under it.

package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A recall allocates no more than the twin does, also with a transport of
// recall.NewTransport's that the caller gave.
func TestAllocations(t *testing.T) {
	for _, vendor := range vendors {
		t.Run(vendor, func(t *testing.T) {
			ours, theirs, twins := allocations(t, vendor, "imrecall"), allocations(t, vendor, given), allocations(t, vendor, "twin")
			t.Logf("%.0f allocations a call, %.0f with a transport of the caller's, and the twin's %.0f", ours, theirs, twins)
			assert.LessOrEqual(t, ours, twins)
			assert.LessOrEqual(t, theirs, twins)
		})
	}
}

// allocations counts what one call allocates, its connection not included.
func allocations(t *testing.T, vendor, impl string) float64 {
	t.Helper()
	call, _ := newRecaller(t, vendor, "http", impl)
	require.NoError(t, load(t.Context(), call, 10, 1))
	return testing.AllocsPerRun(500, func() {
		if err := call(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
