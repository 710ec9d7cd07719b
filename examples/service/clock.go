package main

import (
	"sync"
	"time"
)

// clock is the time as this service sees it, for confirmations and records.
type clock interface {
	Now() time.Time
	// After returns a channel that is told when d has passed.
	After(d time.Duration) <-chan time.Time
}

type realClock struct{}

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// setClock stands still until somebody advances it: for tests, and for the
// demonstration, which has no minute to wait.
type setClock struct {
	mu     sync.Mutex
	now    time.Time
	timers []timer
}

type timer struct {
	at   time.Time
	told chan time.Time
}

func newSetClock(now time.Time) *setClock { return &setClock{now: now} }

func (c *setClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *setClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	told := make(chan time.Time, 1)
	c.timers = append(c.timers, timer{c.now.Add(d), told})
	c.tell()
	return told
}

// Advance moves the clock on.
func (c *setClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.tell()
}

func (c *setClock) tell() {
	waiting := c.timers[:0]
	for _, t := range c.timers {
		if t.at.After(c.now) {
			waiting = append(waiting, t)
			continue
		}
		t.told <- c.now
	}
	c.timers = waiting
}
