package rest

import (
	"sync"
	"time"
)

// hosts are the addresses of one vendor, in the order of preference. One that
// can't be reached is left for the next; the first is tried again later.
type hosts struct {
	bases []string // scheme, host and path, without a slash at the end

	mu      sync.Mutex
	current int
	until   time.Time // when the first is tried again, if it is not current
}

// comeBack is how long another host than the first is used.
const comeBack = time.Minute

// pick returns the host to use now, and its number.
func (h *hosts) pick(now time.Time) (base string, host int) {
	if len(h.bases) == 1 {
		return h.bases[0], 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current != 0 && !now.Before(h.until) {
		h.current = 0
	}
	return h.bases[h.current], h.current
}

// failed moves on from a host, unless another call has done so already.
func (h *hosts) failed(host int, now time.Time) {
	if len(h.bases) == 1 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current == host {
		h.current = (host + 1) % len(h.bases)
		h.until = now.Add(comeBack)
	}
}
