package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutput(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-demo"}, noEnv, &out, io.Discard))
	want, err := os.ReadFile("output.txt")
	require.NoError(t, err)
	assert.Equal(t, string(want), out.String())
}

func noEnv(string) string { return "" }

// The README's requests and answers are those of the demonstration.
func TestReadme(t *testing.T) {
	output, err := os.ReadFile("output.txt")
	require.NoError(t, err)
	answers := regexp.MustCompile(`(?ms)^\d{3} [^\n]*\n(\{.*?^\}\n)`).FindAllStringSubmatch(string(output), -1)
	require.Len(t, answers, len(steps()))
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		var shown []string
		for _, block := range regexp.MustCompile("(?s)```(?:sh|json)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			shown = append(shown, block[1])
		}
		want := []string{"cd examples/service\ngo run .\n"}
		for i, step := range steps() {
			want = append(want, step.curl()+"\n", answers[i][1])
		}
		assert.Equal(t, want, shown, name)
	}
}

// What "go run ." serves answers the README's requests.
func TestServe(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	serving := make(chan string, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-recall-within", "5m"}, noEnv, io.Discard, urlFinder(serving))
	}()
	url := <-serving
	for _, step := range steps()[:6] {
		status, answer, err := step.request(t.Context(), url)
		require.NoError(t, err)
		assert.Contains(t, []string{"200 OK", "202 Accepted", "409 Conflict"}, status, "%s: %s", step.curl(), answer)
	}
	stop()
	require.NoError(t, <-ended)
}

// TestDefaults: the minute and the 800 ms of the README are what the program has unless it is told otherwise.
func TestDefaults(t *testing.T) {
	var usage strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, noEnv, io.Discard, &usage), flag.ErrHelp)
	assert.Regexp(t, `-confirm-within duration\n.*\(default 1m0s\)`, usage.String())
	assert.Regexp(t, `-recall-within duration\n.*\(default 800ms\)`, usage.String())
}

// urlFinder finds the address in the log.
type urlFinder chan<- string

func (f urlFinder) Write(p []byte) (int, error) {
	if m := regexp.MustCompile(`msg=serving url=(\S+)`).FindSubmatch(p); m != nil {
		f <- string(m[1])
	}
	return len(p), nil
}

func TestBadStart(t *testing.T) {
	tests := map[string]struct {
		args []string
		env  map[string]string
		text string
	}{
		"flag":     {args: []string{"-db"}, text: "flag needs an argument"},
		"settings": {env: map[string]string{"NETEASE_HOST": "https://x"}, text: "with NETEASE_HOST, set also NETEASE_APP_KEY, NETEASE_APP_SECRET"},
		"config": {
			env:  map[string]string{"GOEASY_HOST": "ftp://x", "GOEASY_APP_KEY": "BC-1", "GOEASY_SECRET_KEY": "s"},
			text: "Host",
		},
		"database": {args: []string{"-addr", "127.0.0.1:0", "-db", "/no/such/folder/service.db"}, text: "/no/such/folder/service.db"},
		"address":  {args: []string{"-addr", "127.0.0.1:65536"}, text: "65536"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), tt.args, func(key string) string { return tt.env[key] }, io.Discard, io.Discard)
			assert.ErrorContains(t, err, tt.text)
		})
	}
}

func TestRoutes(t *testing.T) {
	s := quiet(t, t.TempDir()+"/service.db")
	defer s.store.close()
	require.HTTPStatusCode(t, s.handler().ServeHTTP, http.MethodGet, "/callbacks/vendor", nil, http.StatusMethodNotAllowed)
	require.HTTPStatusCode(t, s.handler().ServeHTTP, http.MethodGet, "/", nil, http.StatusNotFound)
	require.HTTPStatusCode(t, s.handler().ServeHTTP, http.MethodDelete, "/messages/vendor/1", nil, http.StatusMethodNotAllowed)
}
