package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A page that waits is answered when there is nothing to wait for any longer,
// when its time is up, when the program stops, or when nobody listens.
func TestWait(t *testing.T) {
	db := filepath.Join(t.TempDir(), "service.db")
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, db)
		s.tell(t, recall.MessageSent, "1")
		_, err := s.recallOne(t.Context(), s.apps["vendor"], "1", asking{operator: "mod-7"})
		require.NoError(t, err)
		ctx, hangUp := context.WithCancel(t.Context())
		handler := s.handler()
		// takes tells how long the page takes, if something happens after a second.
		takes := func(ctx context.Context, page string, happens func()) time.Duration {
			done := make(chan struct{})
			start := time.Now()
			go func() {
				defer close(done)
				r := httptest.NewRequestWithContext(ctx, http.MethodGet, page, nil)
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}()
			<-time.After(time.Second)
			happens()
			<-done
			return time.Since(start)
		}
		const page = "/messages/vendor/1?wait=30s"
		nothing := func() {}
		assert.Equal(t, 30*time.Second, takes(t.Context(), page, nothing))
		assert.Equal(t, time.Second, takes(t.Context(), "/messages/vendor/1", nothing), "it does not wait")
		assert.Equal(t, 30*time.Second, takes(t.Context(), page, func() { s.tell(t, recall.MessageSent, "2") }))
		assert.Equal(t, time.Second, takes(ctx, page, hangUp))
		assert.Equal(t, time.Second, takes(t.Context(), page, func() { close(s.draining) }))
		s.draining = make(chan struct{})
		assert.Equal(t, time.Second+lookAgain, takes(t.Context(), page, func() { s.tell(t, recall.MessageRecalled, "1") }))
		assert.Equal(t, time.Second, takes(t.Context(), page, nothing), "it is confirmed")
		require.NoError(t, s.store.close())
	})
}
