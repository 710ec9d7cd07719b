package wave

import (
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/records"
)

// TestStopThatComesTooLate stops while the last call is under way: nothing is left.
func TestStopThatComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, stop := newFake(), make(chan struct{})
		f.before = func(string) {
			close(stop)
			<-time.After(time.Minute)
		}
		w := Wave{Provider: f, Reporter: newListener(), Input: input(t, header+"1,bob,\n"), Stop: stop}
		summary := w.Run(t.Context())
		assert.Equal(t, Counts{Recalled: 1}, summary.Counts)
		assert.False(t, summary.Stopped)
	})
}

// TestStopFinishesWhatIsInFlight stops while a call is under way that takes a minute: its message is settled, the rest is
// left, and nothing waits for the pace.
func TestStopFinishesWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, stop := newFake(), make(chan struct{})
		f.before = func(id string) {
			if id == "1" {
				close(stop)
				<-time.After(time.Minute)
			}
		}
		var text strings.Builder
		text.WriteString(header)
		for i := range 5000 {
			text.WriteString(strconv.Itoa(i) + ",bob,\n")
		}
		w := Wave{Provider: f, Reporter: newListener(), Input: input(t, text.String()), Rate: 1, Stop: stop}
		start := time.Now()
		summary := w.Run(t.Context())
		assert.True(t, summary.Stopped)
		assert.NoError(t, summary.Halt)
		assert.Equal(t, Counts{Recalled: 2}, summary.Counts)
		assert.Equal(t, 1, f.asked["1"])
		assert.Less(t, time.Since(start), 2*time.Minute)
	})
}

// TestInputThatBreaksOff sends what was read before, and says that there is more.
func TestInputThatBreaksOff(t *testing.T) {
	f, l := newFake(), newListener()
	reader, err := records.NewReader(io.MultiReader(strings.NewReader(header+"a,bob,\n"), iotest.ErrReader(io.ErrUnexpectedEOF)), "", records.CSV)
	require.NoError(t, err)
	w := Wave{Provider: f, Reporter: l, Input: reader}
	summary := w.Run(t.Context())
	assert.Equal(t, Counts{Recalled: 1}, summary.Counts)
	assert.ErrorIs(t, summary.Halt, io.ErrUnexpectedEOF)
	assert.ErrorContains(t, summary.Halt, "the input can't be read on")
}
