package emulator_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/imrecall/imrecall/internal/emulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inbox is an application that answers callbacks with the statuses that it was given, then with 200.
type inbox struct {
	*httptest.Server
	mu       sync.Mutex
	bodies   []string
	statuses []int
}

func newInbox(t *testing.T, statuses ...int) *inbox {
	t.Helper()
	in := &inbox{statuses: statuses}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		in.mu.Lock()
		defer in.mu.Unlock()
		in.bodies = append(in.bodies, r.Method+" "+r.Header.Get("X-Kind")+" "+string(body))
		status := http.StatusOK
		if len(in.statuses) > 0 {
			status, in.statuses = in.statuses[0], in.statuses[1:]
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	t.Cleanup(in.Close)
	return in
}

func (in *inbox) got() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]string(nil), in.bodies...)
}

func ok(status int, _ []byte) bool { return status == http.StatusOK }

func newPoster(t *testing.T, rules emulator.PostRules) *emulator.Poster {
	t.Helper()
	rules.Received = ok
	p := emulator.NewPoster(rules)
	t.Cleanup(p.Close)
	return p
}

func event(name string) emulator.Callback {
	return emulator.Callback{Secret: "s", Render: func(secret string) (http.Header, []byte) {
		return http.Header{"X-Kind": {"event"}}, []byte(name + " " + secret)
	}}
}

// posts are the bodies of events in order, separated by commas.
func posts(names string) []string {
	var out []string
	for name := range strings.SplitSeq(names, ",") {
		out = append(out, "POST event "+name+" s")
	}
	return out
}

func TestPosterOrder(t *testing.T) {
	tests := map[string]struct {
		how    emulator.Callbacks
		events string // upper case: a recall
		want   string
	}{
		"in order":               {events: "a,b,A,c", want: "a,b,A,c"},
		"twice":                  {how: emulator.Callbacks{Times: 2}, events: "a,A", want: "a,a,A,A"},
		"shuffled":               {how: emulator.Callbacks{Shuffle: true}, events: "a,A,b,B,c", want: "A,a,B,b,c"},
		"shuffled, single":       {how: emulator.Callbacks{Shuffle: true}, events: "a", want: "a"},
		"shuffled and twice":     {how: emulator.Callbacks{Shuffle: true, Times: 2}, events: "a,A,b", want: "A,a,A,a,b,b"},
		"without recalls":        {how: emulator.Callbacks{NoRecalls: true, Early: true}, events: "a,A,b", want: "a,b"},
		"early":                  {how: emulator.Callbacks{Early: true}, events: "a,A,b", want: "a,A,b"},
		"early and shuffled":     {how: emulator.Callbacks{Early: true, Shuffle: true}, events: "A,a,B,b", want: "A,B,a,b"},
		"early, twice, shuffled": {how: emulator.Callbacks{Early: true, Shuffle: true, Times: 2}, events: "a,A", want: "A,a,A,a"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := newInbox(t)
			p := newPoster(t, emulator.PostRules{})
			tt.how.URL = in.URL
			p.Start(tt.how)
			for e := range strings.SplitSeq(tt.events, ",") {
				if e == strings.ToUpper(e) {
					p.Recalled(t.Context(), event(e))
					if tt.how.Early && !tt.how.NoRecalls {
						assert.Contains(t, in.got(), "POST event "+e+" s", "posted before the recall returns")
					}
				} else {
					p.Sent(event(e))
				}
			}
			require.NoError(t, p.Wait(t.Context()))
			assert.Equal(t, posts(tt.want), in.got())
		})
	}
}

func TestPosterRetries(t *testing.T) {
	tests := map[string]struct {
		rules    emulator.PostRules
		statuses []int
		want     string
	}{
		"once":              {statuses: []int{503}, want: "a,b"},
		"received at last":  {rules: emulator.PostRules{Tries: 3}, statuses: []int{503, 401}, want: "a,a,a,b"},
		"given up":          {rules: emulator.PostRules{Tries: 2}, statuses: []int{500, 500}, want: "a,a,b"},
		"no redirects":      {rules: emulator.PostRules{Tries: 2}, statuses: []int{307}, want: "a,a,b"},
		"webhook stops":     {rules: emulator.PostRules{Tries: 2, GivesUp: true}, statuses: []int{500, 500}, want: "a,a"},
		"webhook continues": {rules: emulator.PostRules{Tries: 2, GivesUp: true}, statuses: []int{500}, want: "a,a,b"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := newInbox(t, tt.statuses...)
			p := newPoster(t, tt.rules)
			p.Start(emulator.Callbacks{URL: in.URL})
			p.Sent(event("a"))
			p.Sent(event("b"))
			require.NoError(t, p.Wait(t.Context()))
			assert.Equal(t, posts(tt.want), in.got())
		})
	}
}

func TestPosterStartsAgain(t *testing.T) {
	in := newInbox(t, 500)
	p := newPoster(t, emulator.PostRules{GivesUp: true})
	p.Sent(event("before"))
	p.Recalled(t.Context(), event("before"))
	p.Start(emulator.Callbacks{URL: in.URL})
	p.Sent(event("a"))
	require.NoError(t, p.Wait(t.Context()))
	p.Sent(event("stopped"))
	require.NoError(t, p.Wait(t.Context()))
	p.Start(emulator.Callbacks{URL: in.URL, BadSignature: true, Shuffle: true})
	p.Sent(event("b"))
	p.Start(emulator.Callbacks{})
	p.Sent(event("off"))
	require.NoError(t, p.Wait(t.Context()))
	assert.Equal(t, []string{"POST event a s", "POST event b s-of-another"}, in.got())
}

// TestPosterStartEndsAPair: what was held back is no half of a pair with what comes later.
func TestPosterStartEndsAPair(t *testing.T) {
	in := newInbox(t)
	p := newPoster(t, emulator.PostRules{})
	for _, events := range []string{"a", "b,c"} {
		p.Start(emulator.Callbacks{URL: in.URL, Shuffle: true})
		for e := range strings.SplitSeq(events, ",") {
			p.Sent(event(e))
		}
	}
	require.NoError(t, p.Wait(t.Context()))
	assert.Equal(t, posts("a,c,b"), in.got())
}

func TestPosterWaitsNoLongerThanItsCaller(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{}, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}))
	defer srv.Close()
	defer close(release)
	p := newPoster(t, emulator.PostRules{Tries: 2})
	p.Start(emulator.Callbacks{URL: srv.URL, Early: true})
	ctx, cancel := context.WithCancel(t.Context())
	recalled := make(chan struct{})
	go func() {
		defer close(recalled)
		p.Recalled(ctx, event("a"))
	}()
	<-arrived
	waited := make(chan error)
	go func() { waited <- p.Wait(ctx) }()
	cancel()
	<-recalled
	require.ErrorIs(t, <-waited, context.Canceled)

	p.Sent(event("b"))
	p.Close() // while a is on the wire and b is pending
	p.Close()
	p.Sent(event("c"))
	p.Recalled(t.Context(), event("C"))
	require.NoError(t, p.Wait(t.Context()))
	assert.Empty(t, arrived, "nothing is posted after Close")
}

func TestPosterGivesUpOnSilence(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body) // or the server does not notice that the client is gone
		<-r.Context().Done()
	}))
	defer srv.Close()
	p := newPoster(t, emulator.PostRules{Tries: 2, Timeout: 20 * time.Millisecond})
	p.Start(emulator.Callbacks{URL: srv.URL})
	var tries atomic.Int32 // counted here: on a busy machine the server may not see a try that is this short
	p.Sent(emulator.Callback{Render: func(string) (http.Header, []byte) {
		tries.Add(1)
		return http.Header{}, nil
	}})
	require.NoError(t, p.Wait(t.Context()))
	assert.EqualValues(t, 2, tries.Load())

	p.Start(emulator.Callbacks{URL: "http://127.0.0.1:0/ not a URL"})
	p.Sent(event("a"))
	require.NoError(t, p.Wait(t.Context()))
}

func TestPosterConcurrentUse(t *testing.T) {
	in := newInbox(t)
	p := newPoster(t, emulator.PostRules{})
	p.Start(emulator.Callbacks{URL: in.URL, Early: true})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			p.Sent(event("a"))
			p.Recalled(t.Context(), event("A"))
			assert.NoError(t, p.Wait(t.Context()))
		})
	}
	wg.Wait()
	assert.Len(t, in.got(), 16)
}
