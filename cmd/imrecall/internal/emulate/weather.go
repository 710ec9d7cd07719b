package emulate

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// weather delays, refuses and limits requests on their way to an emulator.
func weather(next http.Handler, opts Options, tooFast answerer) http.Handler {
	var limit window
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if opts.RateLimit > 0 && !limit.take(api(r), opts.RateLimit, time.Now()) {
			tooFast(w)
			return
		}
		if opts.Latency > 0 {
			select {
			case <-time.After(opts.Latency):
			case <-r.Context().Done():
				return
			}
		}
		if rand.Float64() < opts.FailRate { // #nosec G404 -- weather need not be unpredictable
			http.Error(w, "the emulator was asked to fail now and then", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// api is what a limit counts together: a path without what names a message.
func api(r *http.Request) string {
	if before, _, ok := strings.Cut(r.URL.Path, "/im/v2/conversations/"); ok {
		return before + "/im/v2/conversations/"
	}
	return r.URL.Path
}

// window counts the requests of the last second, for each API.
type window struct {
	mu   sync.Mutex
	seen map[string][]time.Time
}

// take tells whether one more is within the limit.
func (w *window) take(name string, limit int, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[string][]time.Time{}
	}
	recent := w.seen[name]
	for len(recent) > 0 && now.Sub(recent[0]) >= time.Second {
		recent = recent[1:]
	}
	fits := len(recent) < limit
	if fits {
		recent = append(recent, now)
	}
	w.seen[name] = recent
	return fits
}
