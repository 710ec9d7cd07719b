package neteasetest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/netease/neteasetest"
)

// What each hook does to the call that it meets: whether that is answered, and how, and whether it took effect.
func TestFaults(t *testing.T) {
	const short = time.Millisecond
	tests := map[string]struct {
		hook     func(*neteasetest.Server) http.HandlerFunc
		answer   string // of the emulator itself: "own"; none: ""
		recalled bool
	}{
		"Delay":       {func(s *neteasetest.Server) http.HandlerFunc { return s.Delay(short) }, "own", true},
		"DelayAnswer": {func(s *neteasetest.Server) http.HandlerFunc { return s.DelayAnswer(short) }, "own", true},
		"Trickle":     {func(s *neteasetest.Server) http.HandlerFunc { return s.Trickle(time.Microsecond) }, "own", true},
		"CutBefore":   {func(s *neteasetest.Server) http.HandlerFunc { return s.CutBefore() }, "", false},
		"CutAfter":    {func(s *neteasetest.Server) http.HandlerFunc { return s.CutAfter() }, "", true},
		"Respond": {
			func(s *neteasetest.Server) http.HandlerFunc { return s.Respond(502, "<html>Bad Gateway</html>") },
			"<html>Bad Gateway</html>", false,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			srv.Add(message(p2p))
			srv.SetLatency(time.Microsecond)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+recallPath, strings.NewReader(p2p))
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
			for name, value := range signed(srv) {
				req.Header.Set(name, value)
			}
			srv.Intercept(tt.hook(srv))
			resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
			if tt.answer == "" {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				if tt.answer == "own" {
					tt.answer = ok
				}
				assert.Equal(t, tt.answer, string(body))
			}
			assert.Equal(t, tt.recalled, srv.Recalled("10386192"))
		})
	}
}

func TestBaseURL(t *testing.T) {
	srv := frozen(t)
	assert.Equal(t, srv.URL+"/nimserver", srv.BaseURL())
	assert.Equal(t, srv.URL, srv.BaseURLV2())
}
