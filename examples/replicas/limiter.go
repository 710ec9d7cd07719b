package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/imrecall/imrecall/recall"
	"github.com/redis/go-redis/v9"
)

// Limiter keeps the calls of all processes that use the same Redis within the
// vendor's quotas. Give it to each client as Policy.Limiter.
//
// A quota of 100 calls a second is 100 permits. A call takes one, and it comes
// back a second after the call was answered: whatever the network does, the
// vendor sees no more than 100 calls in any second. The permit of a call
// without an answer comes back after two seconds, that of a process that died
// when its lease and a second are over. Only the clock of the server counts.
//
// While there are others, bulk calls (recall.IsBulk) leave a tenth of the
// permits to them, so that they find one at once. Calls of one process are
// served in the order in which they came; between processes it is chance, the
// same for each. Where Redis can't be asked nothing is sent: ErrUnavailable.
type Limiter struct {
	redis           redis.Scripter
	lease           time.Duration
	take, put, shut *redis.Script

	ends  sync.WaitGroup // of calls, that Redis does not know yet
	mu    sync.Mutex
	lines map[string]*line // of the quotas that calls want now
}

// NewLimiter returns a Limiter on a Redis of version 5 or newer, or a cluster.
// Its client needs ContextTimeoutEnabled, or a call waits for Redis longer than
// its ctx allows. lease has to be longer than an attempt may take from its
// permit to its answer: Policy.Timeout, and the time to get credentials.
func NewLimiter(client redis.Scripter, lease time.Duration) *Limiter {
	return &Limiter{
		redis: client, lease: lease, lines: map[string]*line{},
		take: redis.NewScript(luaTime + luaTake), put: redis.NewScript(luaTime + luaPut), shut: redis.NewScript(luaShut),
	}
}

// A quota has two sorted sets: the permits of calls under way, by the end of
// their leases, and those on their way back, by the time when they are there.
// Two more keys live as long as the vendor wants silence, and as calls that are
// not bulk are about.
const (
	luaTime = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function keep(key, permit, time)
  redis.call('ZADD', key, now + time, permit)
  redis.call('PEXPIREAT', key, redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2])
end
`
	luaTake = ` -- permit, calls, per, how many calls of this process come before, lease, bulk
local permits, per, ahead = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if ARGV[6] == '0' then
  redis.call('SET', KEYS[4], '', 'PX', 10 * per)
elseif redis.call('EXISTS', KEYS[4]) == 1 then
  permits = permits - math.floor(permits / 10)
end
local missing = ahead + 1 - permits
for i = 1, 2 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
  missing = missing + redis.call('ZCARD', KEYS[i])
end
local wait = math.max(0, redis.call('PTTL', KEYS[3]))
if missing > 0 then
  local turn = (missing - 1) % permits
  local back = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '+inf', 'WITHSCORES', 'LIMIT', turn, 1)[2]
  return math.max(wait, math.floor((missing - 1) / permits) * per + (back and back - now or 0))
elseif wait == 0 and ahead == 0 then
  keep(KEYS[1], ARGV[1], ARGV[5] + per)
  return -1 -- taken
end
return wait -- at least`

	luaPut = ` -- permit, how long it stays away
redis.call('ZREM', KEYS[1], ARGV[1])
if tonumber(ARGV[2]) > 0 then
  keep(KEYS[2], ARGV[1], ARGV[2] + 1)
end
return 0`

	luaShut = ` -- for how long
if math.max(0, redis.call('PTTL', KEYS[3])) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[3], '', 'PX', ARGV[1])
end
return 0`
)

// run runs a script on the keys of a quota, which are in one slot of a cluster.
func (l *Limiter) run(ctx context.Context, script *redis.Script, q recall.Quota, args ...any) (time.Duration, error) {
	for i, arg := range args {
		if d, ok := arg.(time.Duration); ok {
			args[i] = (d + time.Millisecond - 1).Milliseconds()
		}
	}
	key := "imrecall:{" + q.Key + "}:"
	ms, err := script.Run(ctx, l.redis, []string{key + "sent", key + "back", key + "shut", key + "single"}, args...).Int64()
	switch {
	case err == nil:
		return time.Duration(ms) * time.Millisecond, nil
	case ctx.Err() != nil:
		return 0, &recall.Error{Kind: recall.ErrCanceled, Err: ctx.Err()}
	}
	// Only the text: a timeout of Redis is not the caller's deadline.
	return 0, &recall.Error{Kind: recall.ErrUnavailable, Err: errors.New("the shared quota: " + err.Error())}
}

// Acquire implements recall.Acquirer.
func (l *Limiter) Acquire(ctx context.Context, q recall.Quota) (func(recall.CallEnd), error) {
	if q.Calls <= 0 || q.Per <= 0 {
		return nil, recall.Invalid("Quota", "has to allow at least one call")
	}
	defer recall.Waiting(ctx)()
	permit, bulk := rand.Text(), recall.IsBulk(ctx)
	front, ahead, leave := l.join(fmt.Sprint(q.Key, bulk))
	defer leave()
	if _, ok := ctx.Deadline(); ok && ahead > 0 {
		if _, err := l.ask(ctx, q, permit, ahead, bulk); err != nil {
			return nil, err
		}
	}
	select {
	case front <- struct{}{}:
		defer func() { <-front }()
	case <-ctx.Done(): // ask tells
	}
	for {
		wait, err := l.ask(ctx, q, permit, 0, bulk)
		if err != nil {
			return nil, err
		}
		if wait < 0 {
			return func(end recall.CallEnd) { // nobody waits for Redis once the vendor has answered
				l.ends.Go(func() { l.giveBack(context.WithoutCancel(ctx), q, permit, end) })
			}, nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done(): // ask tells
		}
	}
}

// ask takes the permit, which a negative time says, or tells when to ask again.
// It fails where that is too late. A permit that nobody hears of has its lease.
func (l *Limiter) ask(ctx context.Context, q recall.Quota, permit string, ahead int, bulk bool) (time.Duration, error) {
	wait, err := l.run(ctx, l.take, q, permit, q.Calls, q.Per, ahead, l.lease, bulk)
	if err != nil {
		return 0, err
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return 0, &recall.Error{
			Kind: recall.ErrRateLimited, RetryAfter: wait,
			Err: fmt.Errorf("the shared quota %s of %d calls in %v has no place before the deadline: %w",
				q.Key, q.Calls, q.Per, context.DeadlineExceeded),
		}
	}
	if wait == 0 {
		return 20 * time.Millisecond, nil // all permits belong to calls under way
	}
	return min(wait, time.Second), nil // a permit that was not used comes back sooner
}

// giveBack ends a call.
func (l *Limiter) giveBack(ctx context.Context, q recall.Quota, permit string, end recall.CallEnd) {
	away := time.Duration(0)
	switch {
	case end.Answered:
		away = q.Per
	case end.Sent: // it may still be on its way
		away = 2 * q.Per
	}
	_, _ = l.run(ctx, l.put, q, permit, away) // where it fails, the lease ends
}

// Wait implements recall.Limiter, for callers that don't tell when the call has
// been answered.
func (l *Limiter) Wait(ctx context.Context, q recall.Quota) error {
	release, err := l.Acquire(ctx, q)
	if err == nil {
		release(recall.CallEnd{Sent: true})
	}
	return err
}

// Pause implements recall.Limiter. It closes the quota for all processes.
func (l *Limiter) Pause(ctx context.Context, q recall.Quota, d time.Duration) error {
	_, err := l.run(ctx, l.shut, q, d)
	return err
}

// Close waits until Redis knows of all calls that have ended. Close its client
// after that.
func (l *Limiter) Close() { l.ends.Wait() }

// line is where the calls of this process stand that want the same quota: only
// the one in front asks Redis again and again.
type line struct {
	front chan struct{} // holds one
	calls int
}

func (l *Limiter) join(name string) (front chan struct{}, ahead int, leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	here := l.lines[name]
	if here == nil {
		here = &line{front: make(chan struct{}, 1)}
		l.lines[name] = here
	}
	here.calls++
	return here.front, here.calls - 1, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if here.calls--; here.calls == 0 {
			delete(l.lines, name)
		}
	}
}
