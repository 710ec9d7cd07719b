package emulate

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// weather delays and refuses requests on their way to an emulator.
func weather(next http.Handler, opts Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
