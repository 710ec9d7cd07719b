package recall

import "time"

// lend counts a permit that goes away or comes back.
func (b *bucket) lend(now time.Time, single bool, n int) {
	if single {
		b.lent += n
		b.busiest.add(now, b.lent)
		b.asked = now
	}
}

// spare tells whether a bulk call that goes now leaves enough permits for
// single calls, where there are any: so that they can have as many away at once as
// of late, but no more than a quarter of all, and one more of a quota that can
// afford it. A wave that took each permit as it comes back would leave none, for
// as long as those that it took together are away together. A tenth is for bulk
// calls whatever the others do.
func (b *bucket) spare(now time.Time) bool {
	away := b.running + len(b.returns)
	kept := min(max(b.busiest.value(now)-b.lent, 0), b.calls/4)
	if b.calls >= affordable && now.Sub(b.asked) < time.Minute {
		kept++
	}
	return b.calls-away > kept || away-b.lent < max(b.calls/(longestRun+1), 1)
}

// affordable is the smallest quota of which bulk calls leave one permit more.
const affordable = 64

// highest knows the highest number of the last while: of the current span of
// time and of the one before.
type highest struct {
	since             time.Time
	current, previous int
}

// trustNumbers is how long such a span lasts.
const trustNumbers = 5 * time.Second

// add takes in one more.
func (h *highest) add(now time.Time, n int) {
	if now.Sub(h.since) >= trustNumbers {
		h.previous = h.current
		if now.Sub(h.since) >= 2*trustNumbers {
			h.previous = 0
		}
		h.since, h.current = now, n
	}
	h.current = max(h.current, n)
}

func (h *highest) value(now time.Time) int {
	h.add(now, 0)
	return max(h.current, h.previous)
}
