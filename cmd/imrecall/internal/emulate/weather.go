package emulate

import (
	"math/rand/v2"
	"net/http"
)

// weather refuses a share of the requests on their way to an emulator.
func weather(next http.Handler, failRate float64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rand.Float64() < failRate { // #nosec G404 -- weather need not be unpredictable
			http.Error(w, "the emulator was asked to fail now and then", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}
