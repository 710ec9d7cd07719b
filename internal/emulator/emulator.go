// Package emulator is the plumbing that the vendor emulators share: a clock that tests can set, a log
// of requests, hooks that take over single requests, and the posting of callbacks. It knows nothing about any vendor.
package emulator

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path"
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
	hooks  []http.HandlerFunc
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
	out := make([]*http.Request, len(c.log))
	for i, e := range c.log {
		out[i] = detach(e.request, e.body)
	}
	return out
}

// Intercept queues hooks. Each takes over one of the requests that arrive from now on, first come, first
// served; a nil hook leaves one request to the vendor.
func (c *Control) Intercept(hooks ...http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hooks = append(c.hooks, hooks...)
}

// Wrap returns the handler to serve: it logs each request, dates the answer by the emulator's clock, and
// gives the request to the next hook or, where there is none, to vendor. The ResponseWriter is passed on
// as it came, so that a hook can hijack the connection.
func (c *Control) Wrap(vendor http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := readBody(r)
		r.Body = io.NopCloser(bytes.NewReader(body))
		hook := c.record(r, body)
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
func (c *Control) record(r *http.Request, body []byte) http.HandlerFunc {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, entry{request: detach(r, nil), body: body})
	if len(c.hooks) == 0 {
		return nil
	}
	hook := c.hooks[0]
	c.hooks = c.hooks[1:]
	return hook
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
