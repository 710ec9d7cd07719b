package recall_test

import (
	"context"
	"flag"
	"math/rand/v2"
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

var waves = flag.Int("waves", 150, "how many random waves TestEachAtRandom tries")

// chaos is a provider that does everything that one may do, at random, and
// keeps a log.
type chaos struct {
	limit   int
	limiter recall.Acquirer // nil: none
	pace    float64         // that it tells

	mu       sync.Mutex
	random   *rand.Rand
	handed   map[string][]int // the sizes of the calls with this message
	split    map[string]int   // calls with it that failed in a way that is split
	told     map[string]recall.Result
	inFlight int
	most     int
}

func (c *chaos) BatchKey(req recall.Request) (string, int) {
	if req.To == "alone" {
		return "", c.limit
	}
	return req.To, c.limit
}

func (c *chaos) Capabilities() recall.Capabilities {
	return recall.Capabilities{CallsPerSecond: c.pace}
}

func (c *chaos) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	defer c.enter(req)()
	release, err := c.acquire(ctx)
	if err != nil {
		c.tell(recall.Result{Request: req, Err: err})
		return recall.Receipt{}, err
	}
	defer release()
	r := c.fate(ctx, req)
	c.tell(r)
	return r.Receipt, r.Err
}

func (c *chaos) RecallMessages(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
	defer c.enter(reqs...)()
	release, err := c.acquire(ctx)
	if err != nil {
		for _, req := range reqs {
			c.tell(recall.Result{Request: req, Err: err})
		}
		return nil, err
	}
	defer release()
	if kind := c.wholeFailure(); kind != "" {
		c.tell(c.fate(ctx, reqs[0])) // takes its time
		c.mu.Lock()
		defer c.mu.Unlock()
		whole := &recall.Error{Kind: kind, MayHaveApplied: c.random.IntN(2) == 0}
		for _, req := range reqs {
			delete(c.told, req.MessageID)
			if kind == recall.ErrForbidden || kind == recall.ErrBadResponse || kind == recall.ErrNotFound {
				c.split[req.MessageID]++
			}
		}
		return nil, whole
	}
	var results []recall.Result
	for _, req := range reqs {
		r := c.fate(ctx, req)
		c.tell(r)
		results = append(results, r)
	}
	return results, nil
}

// acquire waits for the quota.
func (c *chaos) acquire(ctx context.Context) (release func(), err error) {
	if c.limiter == nil {
		return func() {}, nil
	}
	end, err := c.limiter.Acquire(ctx, perSecond(50))
	return func() { end(answered) }, err
}

// wholeFailure is how a whole call fails, "" if it does not.
func (c *chaos) wholeFailure() recall.Kind {
	c.mu.Lock()
	defer c.mu.Unlock()
	kinds := []recall.Kind{recall.ErrForbidden, recall.ErrBadResponse, recall.ErrNotFound, recall.ErrUnavailable, recall.ErrUnauthorized}
	if c.random.IntN(3) > 0 {
		return ""
	}
	return kinds[c.random.IntN(len(kinds))]
}

// enter logs a call, and returns what logs its end.
func (c *chaos) enter(reqs ...recall.Request) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, req := range reqs {
		c.handed[req.MessageID] = append(c.handed[req.MessageID], len(reqs))
	}
	c.inFlight++
	c.most = max(c.most, c.inFlight)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.inFlight--
	}
}

// fate takes its time, and decides what became of a message.
func (c *chaos) fate(ctx context.Context, req recall.Request) recall.Result {
	c.mu.Lock()
	wait := time.Duration(c.random.ExpFloat64() * float64(10*time.Millisecond))
	failing := c.random.IntN(5) == 0
	c.mu.Unlock()
	r := recall.Result{Request: req}
	switch err := pass(ctx, wait); {
	case err != nil:
		r.Err = &recall.Error{Kind: recall.ErrCanceled, Err: ctx.Err()}
	case failing:
		r.Err = &recall.Error{Kind: recall.ErrWindowExpired}
	default:
		r.Receipt, _ = succeed(req)
	}
	return r
}

func (c *chaos) tell(r recall.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told[r.Request.MessageID] = r
}

// check compares the results with the log.
func (c *chaos) check(t *testing.T, read []string, results []recall.Result) {
	t.Helper()
	ids := make([]string, 0, len(results))
	for _, r := range results {
		id := r.Request.MessageID
		ids = append(ids, id)
		sizes := c.handed[id]
		told, was := c.told[id]
		switch {
		case len(sizes) == 0:
			assert.Equal(t, recall.ErrCanceled, failure(t, r).Kind, "%s was not sent", id)
			assert.False(t, failure(t, r).MayHaveApplied)
		case was && told.Err == nil:
			assert.Equal(t, told.Receipt, r.Receipt)
			assert.NoError(t, r.Err)
		case was:
			assert.Equal(t, failure(t, told).Kind, failure(t, r).Kind)
		default: // its last call failed as a whole
			assert.Error(t, r.Err)
		}
		for i := 1; i < len(sizes); i++ {
			assert.Less(t, sizes[i], sizes[i-1], "calls with %s: only parts of what failed are repeated", id)
		}
		assert.LessOrEqual(t, len(sizes), 1+c.split[id])
	}
	slices.Sort(ids)
	slices.Sort(read)
	require.Equal(t, read, ids, "one result for each request read")
}

// Whatever happens, each request that was read has one result, and the result
// is what the provider said.
func TestEachAtRandom(t *testing.T) {
	for seed := range uint64(*waves) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			c := &chaos{
				limit: 1 + random.IntN(8), random: rand.New(rand.NewPCG(seed, 2)),
				handed: map[string][]int{}, split: map[string]int{}, told: map[string]recall.Result{},
			}
			opts := recall.EachOptions{Concurrency: 1 + random.IntN(12), Linger: time.Duration(random.IntN(60)-10) * time.Millisecond}
			if random.IntN(3) == 0 {
				opts.Rate = 1 + 500*random.Float64()
			}
			if random.IntN(3) == 0 {
				opts.LookAhead = 1 + random.IntN(50)
			}
			if random.IntN(2) == 0 {
				c.limiter = acquirer(t)
			}
			if random.IntN(2) == 0 {
				c.pace = 50
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if random.IntN(2) == 0 {
				time.AfterFunc(time.Duration(random.IntN(int(time.Second)))+1, cancel)
			}
			breakAt := random.IntN(800)
			read := []string{}
			source := func(yield func(recall.Request) bool) {
				random := rand.New(rand.NewPCG(seed, 3))
				for i := range random.IntN(600) {
					req := recall.Request{MessageID: strconv.Itoa(i), To: []string{"a", "b", "c", "alone"}[random.IntN(4)]}
					if random.IntN(10) == 0 && pass(ctx, time.Duration(random.IntN(int(30*time.Millisecond)))) != nil || !yield(req) {
						return
					}
					read = append(read, req.MessageID)
				}
			}
			var got []recall.Result
			opts.Late = func(r recall.Result) { got = append(got, r) }
			for r := range recall.Each(ctx, c, source, opts) {
				got = append(got, r)
				if len(got) == breakAt {
					break
				}
			}
			assert.Zero(t, c.inFlight)
			assert.LessOrEqual(t, c.most, opts.Concurrency)
			c.check(t, read, got)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		})
	}
}
