package emulator_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/internal/emulator"
)

// admitted makes n calls and counts those that were let through.
func admitted(c *emulator.Control, key string, n int, r emulator.Rate) (count int) {
	for range n {
		if c.Admit(key, r) {
			count++
		}
	}
	return count
}

func frozen() *emulator.Control {
	c := new(emulator.Control)
	c.SetTime(time.Date(2022, 7, 11, 8, 53, 8, 0, time.UTC))
	return c
}

func TestRateIsASlidingWindow(t *testing.T) {
	c, rate := frozen(), emulator.Rate{Calls: 3, Per: time.Second}
	assert.Equal(t, 1, admitted(c, "a", 1, rate))
	c.Advance(900 * time.Millisecond)
	assert.Equal(t, 2, admitted(c, "a", 5, rate), "the window is full")
	assert.Equal(t, 3, admitted(c, "b", 5, rate), "another key has a window of its own")
	c.Advance(99 * time.Millisecond)
	assert.Zero(t, admitted(c, "a", 5, rate))
	c.Advance(time.Millisecond)
	assert.Equal(t, 1, admitted(c, "a", 5, rate), "the first call has left, the other two have not")
	c.Advance(899 * time.Millisecond)
	assert.Zero(t, admitted(c, "a", 5, rate))
	c.Advance(time.Millisecond)
	assert.Equal(t, 2, admitted(c, "a", 5, rate))
}

func TestRateThatIsNone(t *testing.T) {
	for _, calls := range []int{0, -1} {
		assert.Equal(t, 1000, admitted(frozen(), "a", 1000, emulator.Rate{Calls: calls, Per: time.Second}))
	}
}

func TestRateBlocks(t *testing.T) {
	c, rate := frozen(), emulator.Rate{Calls: 2, Per: time.Second, Block: 10 * time.Second}
	assert.Equal(t, 2, admitted(c, "a", 2, rate))
	c.Advance(time.Second)
	assert.Equal(t, 2, admitted(c, "a", 2, rate), "what is within the limit blocks nothing")
	assert.Zero(t, admitted(c, "a", 1, rate))
	for range 9 {
		c.Advance(time.Second)
		assert.Zero(t, admitted(c, "a", 5, rate), "calls during the block are refused")
		assert.Equal(t, 1, admitted(c, "b", 1, rate), "of other keys they are not")
	}
	c.Advance(time.Second - 1)
	assert.Zero(t, admitted(c, "a", 5, rate))
	c.Advance(1)
	assert.Equal(t, 2, admitted(c, "a", 2, rate), "and do not prolong it")
}

// A test that sets the clock back is not locked out for as long as it went back.
func TestRateAfterTheClockWasSetBack(t *testing.T) {
	c, rate := frozen(), emulator.Rate{Calls: 1, Per: time.Second, Block: 10 * time.Second}
	assert.Equal(t, 1, admitted(c, "a", 2, rate))
	c.Advance(-time.Hour)
	assert.Equal(t, 1, admitted(c, "a", 1, rate))
}

func TestRateForConcurrentCalls(t *testing.T) {
	c, rate := frozen(), emulator.Rate{Calls: 100, Per: time.Second}
	var count atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { count.Add(int64(admitted(c, "a", 50, rate))) })
	}
	wg.Wait()
	assert.EqualValues(t, 100, count.Load())
}
