package easemobtest_test

import (
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob/easemobtest"
)

func TestUnstartedServer(t *testing.T) {
	srv := easemobtest.NewUnstartedServer()
	t.Cleanup(srv.Close)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, srv.Listener.Close())
	srv.Listener = listener
	emulator := srv.Config.Handler
	srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Wrapped", "yes")
		emulator.ServeHTTP(w, r)
	})
	srv.KeepRequests(1)
	srv.Start()

	assert.Equal(t, "http://"+listener.Addr().String(), srv.URL)
	for _, path := range []string{"/first", "/second"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+path, http.NoBody)
		require.NoError(t, err)
		resp, err := srv.Client().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, "yes", resp.Header.Get("X-Wrapped"))
		assert.GreaterOrEqual(t, resp.StatusCode, 400, "the emulator answered")
	}
	if log := srv.Requests(); assert.Len(t, log, 1) {
		assert.Equal(t, "/second", log[0].URL.Path)
	}
}
