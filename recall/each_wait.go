package recall

import (
	"context"
	"sync"
	"time"
)

// queuer is told when a call begins to wait for a quota, and when that wait is
// over. Each learns from it that more calls at once would only make the queue
// longer.
type queuer interface {
	queued()
	served()
}

type queuerKey struct{}

// withQueuer has the calls under the returned context tell q.
func withQueuer(ctx context.Context, q queuer) context.Context {
	return context.WithValue(ctx, queuerKey{}, q)
}

// queuing tells the queuer of ctx, if it has one, that a call waits. The
// function that it returns ends that.
func queuing(ctx context.Context) (served func()) {
	q, ok := ctx.Value(queuerKey{}).(queuer)
	if !ok {
		return func() {}
	}
	q.queued()
	return q.served
}

// Waiting says that the call made under ctx now waits for a quota, until done is
// called. [Each] lets no queue of its calls build up there: while two of them
// have been waiting for more than 20 ms, it begins no other. So a loop that is
// left has few calls to wait for, and few are ahead of a single recall where a
// Limiter makes no difference between bulk calls and others.
//
// It is for implementers of an [Acquirer], and of a provider that keeps
// limits of its own. The clients of this module call it around Limiter.Wait.
func Waiting(ctx context.Context) (done func()) {
	q, ok := ctx.Value(queuerKey{}).(queuer)
	if !ok {
		return func() {}
	}
	timer := time.AfterFunc(moment, q.queued)
	return sync.OnceFunc(func() {
		if !timer.Stop() {
			q.served()
		}
	})
}

// moment is how long it may take to get a permit though there is room in the
// quota, as from a server that processes share.
const moment = 20 * time.Millisecond

// queued implements queuer. A provider may call from goroutines of its own,
// and a Limiter may pass the call on to another that tells of it, too.
func (k *worker) queued() {
	if k.queues.Add(1) == 1 {
		k.queuedAt.Store(time.Now().UnixNano())
		k.wave.queued.Add(1)
	}
}

// served implements queuer. The next call may take the place in the queue.
func (k *worker) served() {
	if k.queues.Add(-1) != 0 {
		return
	}
	k.waited.Add(time.Now().UnixNano() - k.queuedAt.Load())
	k.wave.queued.Add(-1)
	k.wave.mu.Lock()
	defer k.wave.mu.Unlock()
	k.wave.kick()
}
