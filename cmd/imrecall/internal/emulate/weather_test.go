package emulate

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestFailuresAreAsLateAsAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := weather(http.NotFoundHandler(), 1, time.Minute)
		answer, start := httptest.NewRecorder(), time.Now()
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody))
		assert.Equal(t, http.StatusServiceUnavailable, answer.Code)
		assert.Equal(t, time.Minute, time.Since(start))

		gone, cancel := context.WithCancel(t.Context())
		cancel()
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(gone, http.MethodPost, "/", http.NoBody))
		assert.Equal(t, time.Minute, time.Since(start), "nobody waits for a client that is gone")
	})
}

func TestWeatherLetsTheOthersThrough(t *testing.T) {
	answer := httptest.NewRecorder()
	weather(http.NotFoundHandler(), 0, time.Hour).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody))
	assert.Equal(t, http.StatusNotFound, answer.Code)
}
