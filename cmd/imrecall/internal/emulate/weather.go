package emulate

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// weather refuses a share of the requests on their way to an emulator, as late as the emulator would answer.
func weather(next http.Handler, failRate float64, latency time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rand.Float64() < failRate { // #nosec G404 -- weather need not be unpredictable
			select {
			case <-time.After(latency):
			case <-r.Context().Done():
			}
			http.Error(w, "the emulator was asked to fail now and then", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}
