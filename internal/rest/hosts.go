package rest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// hosts are the addresses of one vendor, in the order of preference. One that
// can't be reached, or is silent, is left for the next; the first is tried
// again later.
type hosts struct {
	bases []string  // scheme, host and path, without a slash at the end
	urls  []url.URL // the same, parsed; RawPath is the path in any case

	mu      sync.Mutex
	current int
	until   time.Time // when the first is tried again, if it is not current
}

func newHosts(bases []string) (*hosts, error) {
	h := &hosts{bases: bases}
	for _, base := range bases {
		u, err := url.Parse(base)
		if err != nil {
			return nil, err
		}
		u.RawPath = u.EscapedPath()
		h.urls = append(h.urls, *u)
	}
	return h, nil
}

// address is a host's URL with a request's path behind it. The path reaches
// the wire as it is.
func (h *hosts) address(host int, path string) (url.URL, error) {
	u := h.urls[host]
	path, query, _ := strings.Cut(path, "?")
	u.RawPath, u.RawQuery = u.RawPath+path, query
	var err error
	u.Path, err = url.PathUnescape(u.RawPath)
	return u, err
}

// comeBack is how long another host than the first is used.
const comeBack = time.Minute

// pick returns the host to use now, and its number. When it is time to try
// the first one again, one call does.
func (h *hosts) pick(now time.Time) (base string, host int) {
	if len(h.bases) == 1 {
		return h.bases[0], 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current != 0 && !now.Before(h.until) {
		h.until = now.Add(comeBack)
		return h.bases[0], 0
	}
	return h.bases[h.current], h.current
}

// failed moves on from a host, unless another call has done so already.
func (h *hosts) failed(host int, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current == host {
		h.current = (host + 1) % len(h.bases)
		h.until = now.Add(comeBack)
	}
}

// worked comes back to the first host when it works.
func (h *hosts) worked(host int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if host == 0 {
		h.current = 0
	}
}

// moveOn tells the list of hosts how this one fared. It returns true where
// nothing was sent and another host is left to try. A caller's deadline counts
// against the host where it passes before a connection is there, and
// Policy.Timeout wherever it runs out. A caller who cancels, or whose deadline
// passes while the answer is awaited, has learned nothing about the host.
func (r *run) moveOn(host, status int, w *wire, err *recall.Error) bool {
	hosts := r.client.hosts
	switch {
	case len(hosts.bases) == 1:
		return false
	case status == http.StatusBadGateway:
		hosts.failed(host, time.Now())
		return false
	case status != 0:
		hosts.worked(host)
		return false
	case w.mayHaveArrived():
		if w.late && err.Kind == recall.ErrUnavailable {
			hosts.failed(host, time.Now())
		}
		return false
	case err.Kind == recall.ErrCanceled && !errors.Is(err, context.DeadlineExceeded):
		return false
	}
	hosts.failed(host, time.Now())
	return err.Kind != recall.ErrCanceled && r.free < len(hosts.bases)-1
}
