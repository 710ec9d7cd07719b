package recall

import (
	"math"
	"time"
)

const (
	atOnce      = 8   // calls in flight that need no reason
	spareQueued = 2   // calls that wait for a quota, so that none of it is lost
	firstLevel  = 16  // calls in flight that need no other reason than that none ends
	usualQuota  = 100 // calls a second, until the first answer comes; what vendors allow
)

// How late a call, or a message, may begin without moving those after it: a busy
// machine should lose nothing of the quota, which the provider keeps by itself.
// Nobody but Each keeps EachOptions.Rate, so there the bound is tighter.
const (
	quotaLateness = 150 * time.Millisecond
	rateLateness  = 20 * time.Millisecond
)

// What is late begins catchUp times as fast as usual: not all of it in one
// moment, before the first of it can tell that there is a queue. timerLateness is
// how late a timer is as a rule: where things begin faster than timers fire,
// each lets several through.
const (
	catchUp       = 8
	timerLateness = 2 * time.Millisecond
)

// pace finds how many calls at once are worth having. Where the provider tells
// its quota, calls begin as evenly as it allows, and their number follows
// from how long each takes. That leaves a place for a single recall at any
// moment, whereas a wave that begins a second's calls at once makes it wait for
// the next second. Where the provider tells none, more calls at once are tried
// for as long as they bring more.
type pace struct {
	most    int           // calls in flight: the caller's cap
	quota   meter         // of calls; its rate is 0 where the provider tells none
	latency time.Duration // of a call, on average of late, without waiting for quotas

	// Where no quota is known:
	climb climb
	grown time.Time // when the last worker was added
	moved bool      // a call has ended since seen
	seen  time.Time // when that was last looked at
}

func newPace(p Provider, concurrency int) pace {
	out := pace{most: concurrency, quota: meter{free: atOnce - 1, late: quotaLateness}}
	if capable, ok := p.(Capable); ok {
		out.quota.rate = finite(capable.Capabilities().CallsPerSecond)
	}
	return out
}

// level is how many workers there should be at most: by Little's law what the
// quota needs, and half as many again. While no call has ended, only time
// bounds it.
func (p *pace) level() int {
	switch {
	case p.quota.rate > 0 && p.latency > 0:
		needed := 1.5*p.quota.rate*p.latency.Seconds() + spareQueued
		return min(max(int(min(needed, math.MaxInt32)), atOnce), p.most)
	case p.climb.level > 0:
		return p.climb.level
	}
	return p.most
}

// another returns when there may be one more worker than these, all of which
// are busy. False means that there is no such time yet.
func (p *pace) another(now time.Time, workers int) (at time.Time, ok bool) {
	switch {
	case workers >= p.most:
		return at, false
	case p.quota.rate > 0: // when a call may begin is the meter's to say
		return at, workers < p.level()
	case p.climb.level == 0:
		return p.grown.Add(gap(workers)), true
	case workers < p.climb.level:
		return p.grown.Add(time.Millisecond), true
	case workers < firstLevel: // calls that get stuck should not hold up the others
		if p.moved {
			p.moved, p.seen = false, now
		}
		return p.seen.Add(time.Millisecond), true
	}
	return at, false
}

// gap is the time between adding one worker and the next before the first
// answer: a call that takes no time needs no second worker, and one that takes
// long should find enough others when it ends.
func gap(workers int) time.Duration {
	switch {
	case workers == 0:
		return 0
	case workers < atOnce:
		return 50 * time.Microsecond
	case workers < firstLevel:
		return time.Millisecond
	}
	return time.Second / usualQuota
}

// added takes in that there is another worker.
func (p *pace) added(now time.Time, workers int) {
	p.grown, p.seen = now, now
	if p.climb.level > 0 {
		p.climb.level = max(p.climb.level, workers)
	}
}

// ended takes in that a call has ended. backlog tells whether there was more to
// do than there were workers.
func (p *pace) ended(took time.Duration, workers int, backlog bool) {
	p.moved = true
	switch {
	case p.quota.rate > 0:
		p.took(took)
	case p.climb.level == 0:
		p.climb = climb{level: workers, most: p.most}
	case backlog:
		p.climb.ended()
	}
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

// meter spreads things evenly over time. The zero value lets all through.
type meter struct {
	rate float64       // in a second, 0 for no limit
	free int           // how many may go besides, to begin with
	late time.Duration // how late one may go without the ones after it being moved
	next time.Time     // when the next has its turn
	soon time.Time     // before which it may not go however late it is
}

// open tells whether one may go now.
func (m *meter) open() bool { return m.rate <= 0 || !time.Now().Before(m.opens()) }

// opens returns when the next may go.
func (m *meter) opens() time.Time { return latest(m.next, m.soon) }

// take accounts for n that go now. One that is a little late, as timers are,
// does not slow down those after it.
func (m *meter) take(n int) {
	switch {
	case m.rate <= 0:
		return
	case m.free > 0:
		m.free--
		return
	}
	now := time.Now()
	if m.next.IsZero() {
		m.next = now
	}
	gap := seconds(float64(n) / m.rate)
	m.next = latest(m.next, now.Add(-m.late)).Add(gap)
	m.soon = latest(m.soon, now.Add(-timerLateness)).Add(gap / catchUp)
}

// giveBack takes back that one went.
func (m *meter) giveBack() {
	if m.rate > 0 && !m.next.IsZero() {
		gap := seconds(1 / m.rate)
		m.next, m.soon = m.next.Add(-gap), m.soon.Add(-gap/catchUp)
	}
}

// fit returns how many of at most limit may go at once: what a second allows.
func (m *meter) fit(limit int) int {
	if m.rate <= 0 || m.rate >= float64(limit) {
		return limit
	}
	return max(int(m.rate), 1)
}

// finite returns a rate that makes sense, else 0.
func finite(rate float64) float64 {
	if rate > 0 && !math.IsInf(rate, 1) {
		return rate
	}
	return 0
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func seconds(s float64) time.Duration {
	return time.Duration(min(s*float64(time.Second), float64(math.MaxInt64/2)))
}
