package goeasytest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/goeasy/goeasytest"
)

// What each hook does to the call that it meets: whether that is answered, and how, and whether it took effect.
func TestFaults(t *testing.T) {
	const short = time.Millisecond
	tests := map[string]struct {
		hook     func(*goeasytest.Server) http.HandlerFunc
		answer   string // of the emulator itself: "own"; none: ""
		recalled bool
	}{
		"Delay":       {func(s *goeasytest.Server) http.HandlerFunc { return s.Delay(short) }, "own", true},
		"DelayAnswer": {func(s *goeasytest.Server) http.HandlerFunc { return s.DelayAnswer(short) }, "own", true},
		"Trickle":     {func(s *goeasytest.Server) http.HandlerFunc { return s.Trickle(time.Microsecond) }, "own", true},
		"CutBefore":   {func(s *goeasytest.Server) http.HandlerFunc { return s.CutBefore() }, "", false},
		"CutAfter":    {func(s *goeasytest.Server) http.HandlerFunc { return s.CutAfter() }, "", true},
		"Respond": {
			func(s *goeasytest.Server) http.HandlerFunc { return s.Respond(502, "<html>Bad Gateway</html>") },
			"<html>Bad Gateway</html>", false,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := start(t)
			srv.Add(goeasytest.Message{ID: "1", From: "user001", GroupID: "group001", SentAt: at(1581111111111)})
			srv.SetLatency(time.Microsecond)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+recallPath, strings.NewReader(group))
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/json")
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
			assert.Equal(t, tt.recalled, srv.Recalled("1"))
		})
	}
}

func TestBaseURL(t *testing.T) {
	srv := start(t)
	assert.Equal(t, srv.URL, srv.BaseURL())
}
