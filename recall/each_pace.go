package recall

import (
	"math"
	"time"
)

const (
	atOnce      = 8  // calls in flight that need no reason
	spareQueued = 2  // calls that wait for a quota, so that none of it is lost
	firstLevel  = 16 // calls in flight to begin with, where no quota is known
)

// pace finds how many calls at once are worth having. Where the provider tells
// its quota that is Little's law: the calls a second of the quota, times how
// long one takes. Where it tells none, more calls are tried for as long as
// they bring more.
type pace struct {
	most    int           // calls in flight: the caller's cap
	quota   float64       // calls a second, 0 where the provider tells none
	latency time.Duration // of a call, on average of late, without waiting for quotas
	climb   climb
	grown   time.Time // when the last worker was added
}

func newPace(p Provider, concurrency int) pace {
	out := pace{most: concurrency}
	if capable, ok := p.(Capable); ok {
		out.quota = capable.Capabilities().CallsPerSecond
	}
	out.climb = climb{level: min(firstLevel, concurrency), most: concurrency}
	return out
}

// level is how many workers there should be at most. While no call has ended,
// only gap bounds their number.
func (p *pace) level() int {
	switch {
	case p.quota <= 0:
		return p.climb.level
	case p.latency == 0:
		return p.most
	}
	needed := 1.5*p.quota*p.latency.Seconds() + spareQueued
	return min(max(int(min(needed, math.MaxInt32)), atOnce), p.most)
}

// gap is the time between adding one worker and the next, after the first few:
// that of the quota between calls, so that there are enough of them when the
// first answer comes, however long it takes.
func (p *pace) gap() time.Duration {
	if p.quota <= 0 {
		return time.Millisecond
	}
	return time.Duration(min(float64(time.Second)/p.quota, float64(time.Second)))
}

// took takes in how long a call took.
func (p *pace) took(d time.Duration) {
	if p.latency == 0 {
		p.latency = max(d, 1)
		return
	}
	p.latency = max(p.latency+(d-p.latency)/8, 1)
}

// climb doubles the number of workers for as long as that brings a fifth more
// calls a second, goes back where it does not, and tries again later.
type climb struct {
	level, most int
	pending     int       // calls to end before measuring begins, or ends
	since       time.Time // when measuring began; zero before
	counted     int
	tried       bool    // the level is a try
	from        int     // the level before it
	before      float64 // and the calls a second there
	hold        int     // measurements until the next try
}

const (
	shortestMeasure = 5 * time.Millisecond
	fewestMeasured  = 64
	holdFor         = 32
	worthwhile      = 1.2
)

// ended counts a call that ended while there was more to do than workers.
func (c *climb) ended() {
	if c.pending > 0 {
		c.pending--
		c.counted++
		return
	}
	now := time.Now()
	elapsed := now.Sub(c.since)
	switch {
	case c.since.IsZero(): // the calls that ended up to now began at another level
		c.since, c.counted, c.pending = now, 0, c.level
	case elapsed < shortestMeasure:
		c.pending = fewestMeasured
	default:
		c.judge(float64(c.counted) / elapsed.Seconds())
		c.since, c.pending = time.Time{}, c.level
	}
}

// judge decides what follows from calls a second at the present level.
func (c *climb) judge(rate float64) {
	switch {
	case c.tried && rate < worthwhile*c.before:
		c.tried, c.level, c.hold = false, c.from, holdFor
	case c.hold > 0:
		c.hold--
	case c.level < c.most:
		c.tried, c.from, c.before = true, c.level, rate
		c.level = min(2*c.level, c.most)
	default:
		c.tried = false
	}
}

// meter spreads messages evenly. The zero value lets all through.
type meter struct {
	rate float64   // messages a second, 0 for no limit
	next time.Time // when the next call may begin
}

// lateness is how late a call may begin without the ones after it being moved.
const lateness = 20 * time.Millisecond

// take accounts for a call that begins now. One that is a little late, as
// timers are, does not slow down those after it.
func (m *meter) take(now time.Time, messages int) {
	if earliest := now.Add(-lateness); m.next.IsZero() {
		m.next = now
	} else if m.next.Before(earliest) {
		m.next = earliest
	}
	m.next = m.next.Add(seconds(float64(messages) / m.rate))
}

// fit returns how many messages may share a call of at most limit: what a
// second allows.
func (m *meter) fit(limit int) int {
	if m.rate == 0 || m.rate >= float64(limit) {
		return limit
	}
	return max(int(m.rate), 1)
}

func seconds(s float64) time.Duration {
	return time.Duration(min(s*float64(time.Second), float64(math.MaxInt64/2)))
}
