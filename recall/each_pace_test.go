package recall_test

import (
	"context"
	"math"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// vendor is a provider with a quota of 100 calls a second and a network.
type vendor struct {
	limiter recall.Acquirer // nil: none
	latency time.Duration
	between time.Duration // two calls that are answered, by a queue that nobody is told of

	mu sync.Mutex

	inFlight, most int
	calls, settled int // settled is the most in flight in the middle of the wave
	turn           time.Time
	started        []time.Time
}

func (v *vendor) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	v.count(1)
	defer v.count(-1)
	release := func(recall.CallEnd) {}
	if v.limiter != nil {
		var err error
		if release, err = v.limiter.Acquire(ctx, perSecond(100)); err != nil {
			return recall.Receipt{}, err
		}
	}
	v.mu.Lock()
	now := time.Now()
	v.started = append(v.started, now)
	wait := v.latency
	if v.between > 0 {
		v.turn = latest(v.turn, now).Add(v.between)
		wait += v.turn.Sub(now)
	}
	v.mu.Unlock()
	err := pass(ctx, wait)
	release(recall.CallEnd{Sent: true, Answered: err == nil, RoundTrip: wait})
	if err != nil {
		return recall.Receipt{}, err
	}
	return succeed(req)
}

func (v *vendor) count(n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.inFlight += n
	v.most = max(v.most, v.inFlight)
	if v.calls++; v.calls/2 > 800 && v.calls/2 < 1200 { // once at its beginning and once at its end
		v.settled = max(v.settled, v.inFlight)
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// knownVendor tells its quota.
type knownVendor struct{ *vendor }

func (knownVendor) Capabilities() recall.Capabilities {
	return recall.Capabilities{CallsPerSecond: 100}
}

// wave sends so many requests through the vendor, and returns how many a
// second.
func (v *vendor) wave(t *testing.T, known bool, calls int) (rate float64) {
	t.Helper()
	var p recall.Provider = v
	if known {
		p = knownVendor{v}
	}
	start := time.Now()
	assert.Len(t, collect(recall.Each(t.Context(), p, slices.Values(requests(calls)), recall.EachOptions{})), calls)
	return float64(calls) / time.Since(start).Seconds()
}

// A wave uses the quota whatever a call takes, with no more calls at once than
// that needs.
func TestEachFindsTheConcurrency(t *testing.T) {
	for _, c := range []struct {
		latency time.Duration
		known   bool
		most    int // calls at once
	}{
		{5 * time.Millisecond, true, 8},
		{5 * time.Millisecond, false, 64},
		{50 * time.Millisecond, true, 16},
		{50 * time.Millisecond, false, 64},
		{500 * time.Millisecond, true, 64},
		{500 * time.Millisecond, false, 80},
		{time.Second, true, 105},
		{time.Second, false, 128},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := &vendor{limiter: acquirer(t), latency: c.latency}
			rate := v.wave(t, c.known, 2000)
			limit := 100 / (1 + c.latency.Seconds() - min(c.latency/2, 50*time.Millisecond).Seconds()) // the limiter's
			t.Logf("calls take %v, quota known %v: %d at once, %.1f a second, the limiter allows %.1f", c.latency, c.known, v.most, rate, limit)
			assert.LessOrEqual(t, v.most, c.most)
			assert.Greater(t, rate, 0.96*limit)
			assert.LessOrEqual(t, overlap(v.started, time.Second), 100)
		})
	}
}

// Where no quota is told, more calls are made at once for as long as that
// brings more.
func TestEachClimbs(t *testing.T) {
	for _, c := range []struct {
		latency, between time.Duration
		most, settled    int     // calls at once: at all, and in the middle
		rate             float64 // calls a second, at least
	}{
		{50 * time.Millisecond, 0, 128, 128, 1500},
		{time.Second, 0, 128, 128, 80},
		{50 * time.Millisecond, 10 * time.Millisecond, 48, 21, 95},
		{100 * time.Millisecond, 2 * time.Millisecond, 128, 64, 400},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := &vendor{latency: c.latency, between: c.between}
			rate := v.wave(t, false, 2000)
			t.Logf("calls take %v, one every %v: %d at once, %d in the middle, %.1f a second", c.latency, c.between, v.most, v.settled, rate)
			assert.LessOrEqual(t, v.most, c.most)
			assert.LessOrEqual(t, v.settled, c.settled)
			assert.Greater(t, rate, c.rate)
		})
	}
}

// Calls that get stuck do not hold up the others, though the ones before took no
// time.
func TestEachGoesAroundStuckCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last := make(chan struct{})
		p := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) {
			switch n, _ := strconv.Atoi(req.MessageID); {
			case n == 5010:
				close(last)
			case n >= 5000:
				<-last
			}
			return succeed(req)
		})
		start := time.Now()
		assert.Len(t, recall.Batch(t.Context(), p, requests(6000)), 6000)
		assert.Less(t, time.Since(start), 20*time.Millisecond)
	})
}

// What a provider refuses without sending it takes none of the quota's time.
func TestEachDoesNotWaitForWhatIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := strictVendor{knownVendor{&vendor{latency: 50 * time.Millisecond}}}
		start := time.Now()
		for _, r := range recall.Batch(t.Context(), p, requests(10_000)) {
			assert.ErrorIs(t, r.Err, recall.ErrInvalidRequest)
		}
		assert.Less(t, time.Since(start), time.Second)
	})
}

// strictVendor refuses everything.
type strictVendor struct{ knownVendor }

func (strictVendor) RecallMessage(context.Context, recall.Request) (recall.Receipt, error) {
	return recall.Receipt{}, recall.Invalid("To", "is required")
}

// What a provider tells of its quota may make no sense.
func TestEachWithAnOddQuota(t *testing.T) {
	for _, rate := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 1e-300, 1e300, 0.5} {
		p := oddVendor{yes{}, rate}
		assert.Len(t, recall.Batch(t.Context(), p, requests(8)), 8)
	}
}

// oddVendor tells any quota.
type oddVendor struct {
	recall.Provider
	rate float64
}

func (v oddVendor) Capabilities() recall.Capabilities {
	return recall.Capabilities{CallsPerSecond: v.rate}
}

// Concurrency is the cap.
func TestEachKeepsTheCap(t *testing.T) {
	for _, concurrency := range []int{1, 3, 20, 200} {
		for _, known := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				v := &vendor{latency: 2 * time.Second}
				var p recall.Provider = v
				if known {
					p = knownVendor{v}
				}
				checkEach(t, requests(1000), collect(recall.Each(t.Context(), p, slices.Values(requests(1000)), recall.EachOptions{Concurrency: concurrency})))
				assert.Equal(t, concurrency, v.most)
			})
		}
	}
}

// Few calls of a wave wait for the quota: what is not handed over yet can still
// be packed, or ended.
func TestEachDoesNotCrowdTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := acquirer(t)
		require.NoError(t, limiter.Pause(t.Context(), perSecond(100), time.Minute))
		v := &vendor{limiter: limiter, latency: time.Millisecond}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		time.AfterFunc(30*time.Second, func() {
			v.mu.Lock()
			defer v.mu.Unlock()
			assert.LessOrEqual(t, v.most, 8)
		})
		start := time.Now()
		for range recall.Each(ctx, v, slices.Values(requests(1000)), recall.EachOptions{}) {
			continue
		}
		assert.Less(t, time.Since(start), 71*time.Second)
	})
}

// Rate spreads messages evenly, to the nanosecond, whether they go alone or
// not.
func TestEachKeepsTheRate(t *testing.T) {
	for _, c := range []struct {
		rate   float64
		limit  int
		size   int // of the calls
		moment time.Duration
	}{
		{100, 1, 1, 10 * time.Millisecond},
		{100, 20, 20, 200 * time.Millisecond},
		{1000, 30, 30, 30 * time.Millisecond},
		{7, 20, 7, time.Second}, // no call has more than a second allows
		{0.5, 20, 1, 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			var mu sync.Mutex
			var at []time.Duration
			note := func() {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Since(start))
			}
			b := &batcher{limit: c.limit, one: func(_ context.Context, req recall.Request) (recall.Receipt, error) {
				note()
				return succeed(req)
			}, many: func(_ context.Context, reqs []recall.Request) ([]recall.Result, error) {
				note()
				return yesToAll(reqs), nil
			}}
			reqs := requests(10 * c.size)
			checkEach(t, reqs, collect(recall.Each(t.Context(), b, slices.Values(reqs), recall.EachOptions{Rate: c.rate, Concurrency: 3})))
			require.Len(t, at, 10)
			for i, d := range at {
				assert.InDelta(t, time.Duration(i)*c.moment, d, 2000, "%v: call %d", c, i)
				assert.Equal(t, c.size, b.sizes[i])
			}
		})
	}
}

// What begins late, as on a busy machine, is made up for, whether the quota or
// Rate sets the pace: here one call in a few keeps those after it waiting.
func TestEachMakesUpForLateCalls(t *testing.T) {
	for _, c := range []struct {
		quota, rate float64
		long        time.Duration
		every       int
	}{
		{quota: 100, long: 80 * time.Millisecond, every: 10},
		{rate: 100, long: 25 * time.Millisecond, every: 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			var began []time.Time // one call at a time
			p := recall.ProviderFunc(func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				began = append(began, time.Now())
				if len(began)%c.every == 0 {
					if err := pass(ctx, c.long); err != nil {
						return recall.Receipt{}, err
					}
				}
				return succeed(req)
			})
			start := time.Now()
			opts := recall.EachOptions{Concurrency: 1, Rate: c.rate}
			assert.Len(t, collect(recall.Each(t.Context(), oddVendor{p, c.quota}, slices.Values(requests(1000)), opts)), 1000)
			assert.Greater(t, 1000/time.Since(start).Seconds(), 99.0, "%+v", c)
			assert.LessOrEqual(t, overlap(began[20:], time.Millisecond), 3, "not all at once, but at the beginning")
		})
	}
}

// A wave that was idle does not catch up on what it might have sent.
func TestEachDoesNotCatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, start := make(chan recall.Request), time.Now()
		go func() {
			defer close(in)
			for range 50 {
				in <- recall.Request{}
			}
			<-time.After(time.Hour)
			for range 50 {
				in <- recall.Request{}
			}
		}()
		v := &vendor{}
		for range recall.Each(t.Context(), v, feed(t.Context(), in), recall.EachOptions{Rate: 100}) {
			continue
		}
		assert.LessOrEqual(t, overlap(v.started, 100*time.Millisecond), 10+3)
		assert.InDelta(t, (time.Hour + 970*time.Millisecond).Seconds(), time.Since(start).Seconds(), 0.51)
	})
}
