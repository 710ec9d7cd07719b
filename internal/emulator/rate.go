package emulator

import (
	"slices"
	"time"
)

// Rate is a vendor's limit.
type Rate struct {
	Calls int           // how many are let through in any Per; 0 or less: all
	Per   time.Duration // a sliding window: a call leaves it Per after it came
	Block time.Duration // how long every call is refused after one that was too many; 0: until there is room again
}

// window is what is known of the calls that one limit counts together.
type window struct {
	admitted []time.Time // of the last Per
	refused  time.Time   // the call that began the last block; no test's clock shows the zero time
}

// Admit says whether one more call fits into a limit by the emulator's clock, and counts it if so. Calls with the
// same key are counted together. A refused call takes no room, and does not prolong a block. A clock that is set back
// to before a call forgets it where it is more than the window away.
func (c *Control) Admit(key string, r Rate) bool {
	if r.Calls <= 0 {
		return true
	}
	now := c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.windows == nil {
		c.windows = make(map[string]*window)
	}
	w, known := c.windows[key]
	if !known {
		w = new(window)
		c.windows[key] = w
	}
	return w.admit(now, r)
}

func (w *window) admit(now time.Time, r Rate) bool {
	if now.Sub(w.refused).Abs() < r.Block {
		return false
	}
	w.admitted = slices.DeleteFunc(w.admitted, func(t time.Time) bool { return now.Sub(t).Abs() >= r.Per })
	if len(w.admitted) < r.Calls {
		w.admitted = append(w.admitted, now)
		return true
	}
	w.refused = now
	return false
}
