package recall

import (
	"context"
	"time"
)

// queuer is told when a call begins and ends to wait for a quota. Each learns
// from it that more calls at once would only make the queue longer.
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

// queued implements queuer. A provider may call from goroutines of its own.
func (k *worker) queued() {
	k.queuedAt.Store(time.Now().UnixNano())
	k.wave.queued.Add(1)
}

// served implements queuer. The next call may take the place in the queue.
func (k *worker) served() {
	k.waited.Add(time.Now().UnixNano() - k.queuedAt.Load())
	k.wave.queued.Add(-1)
	k.wave.mu.Lock()
	defer k.wave.mu.Unlock()
	k.wave.kick()
}
