// Package emulator is the plumbing that the vendor emulators share: a clock that tests can set, a log of requests, hooks
// that take over single requests, faults to use as hooks, rate limits, and the posting of callbacks. It knows nothing
// about any vendor.
package emulator

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"
)

// maxBody is far above what any emulated call needs; it only keeps a runaway client from filling the
// memory of the test that it runs in.
const maxBody = 8 << 20

var errBodyTooLarge = errors.New("request body is larger than 8 MiB")

// Control is what a test steers an emulator with. The zero value is ready: its clock shows the real
// time, its log is empty and there are no hooks. It is safe for concurrent use.
type Control struct {
	mu     sync.Mutex
	frozen bool
	at     time.Time     // what a frozen clock shows
	offset time.Duration // how far a running clock is from the real one
	log    []entry
	capped bool
	newest int // how many entries the log keeps, if it is capped
	hooks  []http.HandlerFunc

	latency time.Duration
	windows map[string]*window
}

type entry struct {
	request *http.Request
	body    []byte
}

// Now is the emulator's time.
func (c *Control) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		return c.at
	}
	return time.Now().Add(c.offset)
}

// SetTime stops the clock at t. From then on only SetTime and Advance move it.
func (c *Control) SetTime(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen, c.at = true, t
}

// Advance moves the clock by d, which may be negative. A clock that was never set goes on running.
func (c *Control) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	c.offset += d
}

// Requests returns every request so far, in the order of arrival. Each call returns copies of its own,
// with bodies that nobody else has read.
func (c *Control) Requests() []*http.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	log := c.log
	if c.capped {
		log = log[max(0, len(log)-c.newest):]
	}
	out := make([]*http.Request, len(log))
	for i, e := range log {
		out[i] = detach(e.request, e.body)
	}
	return out
}

// Keep limits the log to the newest n requests.
func (c *Control) Keep(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.capped, c.newest = true, max(n, 0)
	c.trim()
}

// trim drops the oldest requests above the limit, many at a time so that a long log is not moved with each request.
// The caller holds the lock.
func (c *Control) trim() {
	if surplus := len(c.log) - c.newest; c.capped && (surplus > c.newest || c.newest == 0) {
		c.log = slices.Delete(c.log, 0, surplus)
	}
}

// Intercept queues hooks. Each takes over one of the requests that arrive from now on, first come, first
// served; a nil hook leaves one request to the vendor.
func (c *Control) Intercept(hooks ...http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hooks = append(c.hooks, hooks...)
}

// SetLatency delays every request from now on by d, in real time, before it takes effect or meets a hook. 0 ends it.
func (c *Control) SetLatency(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latency = d
}

// Wrap returns the handler to serve: it logs each request, dates the answer by the emulator's clock, and
// gives the request to the next hook or, where there is none, to vendor. The ResponseWriter is passed on
// as it came, so that a hook can hijack the connection. A request whose client gives up while the latency lasts meets
// neither.
func (c *Control) Wrap(vendor http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := readBody(r)
		r.Body = io.NopCloser(bytes.NewReader(body))
		hook, latency := c.record(r, body)
		if latency > 0 && !pause(r, latency) {
			return
		}
		w.Header().Set("Date", c.Now().UTC().Format(http.TimeFormat))
		switch {
		case hook != nil:
			hook(w, r)
		case errors.Is(err, errBodyTooLarge):
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
		default:
			vendor.ServeHTTP(w, r)
		}
	})
}

// Clean says whether r's path can be given to http.ServeMux, which redirects an unclean one ("//"); no vendor's
// server is known to do that.
func Clean(r *http.Request) bool {
	p := r.URL.EscapedPath()
	return path.Clean(p) == p
}

// record logs r and takes its hook in one step, so that with concurrent clients the first hook still
// belongs to the first request of the log.
func (c *Control) record(r *http.Request, body []byte) (hook http.HandlerFunc, latency time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, entry{request: detach(r, nil), body: body})
	c.trim()
	if len(c.hooks) > 0 {
		hook, c.hooks = c.hooks[0], c.hooks[1:]
	}
	return hook, c.latency
}

// detach copies r without its context, which the server ends together with the request.
func detach(r *http.Request, body []byte) *http.Request {
	out := r.Clone(context.WithoutCancel(r.Context()))
	out.Body = io.NopCloser(bytes.NewReader(body))
	return out
}

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if len(body) > maxBody {
		return body[:maxBody], errBodyTooLarge
	}
	return body, err
}
