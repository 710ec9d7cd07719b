package rest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// diary writes down what it observes, nested by the contexts it hands out.
type diary struct {
	mu    sync.Mutex
	lines []string
}

type depthKey struct{}

func (d *diary) Start(ctx context.Context, s recall.Span) (context.Context, func(recall.SpanEnd)) {
	depth, _ := ctx.Value(depthKey{}).(int)
	d.note(depth, fmt.Sprintf("%s %s %s/%s quota=%s attempt=%d messages=%d trace=%d",
		s.Kind, s.Op, s.Vendor, s.App, s.Quota, s.Attempt, s.Messages, len(s.TraceID)))
	return context.WithValue(ctx, depthKey{}, depth+1), func(e recall.SpanEnd) {
		d.note(depth, fmt.Sprintf("end %s outcome=%s code=%s status=%d attempts=%d err=%v",
			s.Kind, e.Outcome, e.Code, e.Status, e.Attempts, e.Err != nil))
	}
}

func (d *diary) note(depth int, line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, strings.Repeat("  ", depth)+line)
}

func TestObserverSeesEverything(t *testing.T) {
	d := &diary{}
	call := withQuota(aCall(), 100)
	call.Messages = 1
	_, _, err, _ := virtual(t, recall.Policy{Observer: d, Retry: recall.Retry{Base: 1}}, 0, call, answerWith(503, `{"code":500}`), coded("200"))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"call recall acme/app quota= attempt=0 messages=1 trace=32",
		"  wait recall acme/app quota=acme/app/recall attempt=0 messages=1 trace=32",
		"  end wait outcome= code= status=0 attempts=0 err=false",
		"  attempt recall acme/app quota= attempt=1 messages=1 trace=32",
		"  end attempt outcome= code= status=503 attempts=0 err=true",
		"  wait recall acme/app quota=acme/app/recall attempt=0 messages=1 trace=32",
		"  end wait outcome= code= status=0 attempts=0 err=false",
		"  attempt recall acme/app quota= attempt=2 messages=1 trace=32",
		"  end attempt outcome=recalled code=200 status=200 attempts=0 err=false",
		"end call outcome=recalled code=200 status=200 attempts=2 err=false",
	}, d.lines)
}

func TestObserverSeesTokens(t *testing.T) {
	d := &diary{}
	call := aCall()
	call.Op, call.FetchesToken = "token", true
	_, _, err, _ := virtual(t, recall.Policy{Observer: d}, 0, call, coded("401"))
	require.Error(t, err)
	require.Len(t, d.lines, 4)
	assert.True(t, strings.HasPrefix(d.lines[0], "token token"))
	assert.Equal(t, "end token outcome= code= status=200 attempts=1 err=true", d.lines[3])
}

type misbehaving func(recall.Span) (context.Context, func(recall.SpanEnd))

func (f misbehaving) Start(_ context.Context, s recall.Span) (context.Context, func(recall.SpanEnd)) {
	return f(s)
}

func TestObserverCannotBreakACall(t *testing.T) {
	for name, o := range map[string]misbehaving{
		"panics at the start": func(recall.Span) (context.Context, func(recall.SpanEnd)) { panic("start") },
		"panics at the end": func(recall.Span) (context.Context, func(recall.SpanEnd)) {
			return context.WithoutCancel(t.Context()), func(recall.SpanEnd) { panic("end") }
		},
		"returns nothing": func(recall.Span) (context.Context, func(recall.SpanEnd)) { return nil, nil },
	} {
		c := newClient(t, serve(t, coded("200")), recall.Policy{Observer: o})
		_, err := c.Do(t.Context(), withQuota(aCall(), 100))
		require.NoError(t, err, name)
		c = newClient(t, serve(t, coded("403")), recall.Policy{Observer: o})
		assert.Equal(t, recall.ErrWindowExpired, failure(t.Context(), t, c, aCall()).Kind, name)
	}
}

func TestLogObserver(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey:
			return slog.Attr{}
		case "trace_id", "duration":
			return slog.Int(a.Key, len(a.Value.String()))
		}
		return a
	}}))
	policy := recall.Policy{Observer: recall.LogObserver(logger), Retry: recall.Retry{Attempts: 1}}
	call := withQuota(aCall(), 100)
	call.Messages = 1
	_, _, _, _ = virtual(t, policy, 0, call, coded("200"))
	_, _, _, _ = virtual(t, policy, 0, call, answerWith(200, `{"code":"500","text":"busy"}`))
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 2, "one line for each call")
	assert.Equal(t, `level=INFO msg=imrecall vendor=acme app=app op=recall outcome=recalled code=200 messages=1 attempts=1 duration=2 trace_id=32`, lines[0])
	assert.Contains(t, lines[1], `level=WARN msg=imrecall vendor=acme app=app op=recall kind=unavailable code=500 may_have_applied=true error=`)
	assert.Contains(t, lines[1], `messages=1 attempts=1 duration=2 trace_id=32`)
}

func TestHostsInTurn(t *testing.T) {
	var h hosts
	h.bases = []string{"a", "b", "c"}
	now := time.Now()
	use := func(want string, at time.Time) int {
		base, host := h.pick(at)
		assert.Equal(t, want, base)
		return host
	}
	a := use("a", now)
	h.failed(a, now)
	h.failed(a, now) // another call that saw the same
	b := use("b", now)
	assert.Equal(t, 1, b)
	use("b", now.Add(comeBack-1))
	use("a", now.Add(comeBack))
	h.failed(0, now)
	h.failed(1, now)
	h.failed(2, now)
	use("a", now)

	single := hosts{bases: []string{"a"}}
	single.failed(0, now)
	base, _ := single.pick(now)
	assert.Equal(t, "a", base)
}

func TestFallbackHosts(t *testing.T) {
	good := serve(t, coded("200"))
	dead := "http://127.0.0.1:1"
	for name, tt := range map[string]struct {
		first    string
		attempts int
		policy   recall.Policy
	}{
		"unreachable":                {dead, 3, recall.Policy{Retry: recall.Retry{Attempts: 1}}},
		"a gateway without a server": {serve(t, answerWith(http.StatusBadGateway, "<html>")), 3, recall.Policy{Retry: recall.Retry{Base: 1}}},
	} {
		fallbacks := []string{dead, good}
		c, err := New(Config{Vendor: "acme", Host: tt.first, Fallbacks: fallbacks, Policy: tt.policy})
		require.NoError(t, err)
		receipt, err := c.Do(t.Context(), aCall())
		require.NoError(t, err, name)
		assert.Equal(t, tt.attempts, receipt.Attempts, name)
		receipt, err = c.Do(t.Context(), aCall())
		require.NoError(t, err, name)
		assert.Equal(t, 1, receipt.Attempts, "the one that works is remembered")
		c.Close()
	}

	c, err := New(Config{Vendor: "acme", Host: dead, Fallbacks: []string{dead}, Policy: recall.Policy{Retry: recall.Retry{Attempts: 1}}})
	require.NoError(t, err)
	e := failure(t.Context(), t, c, aCall())
	assert.Equal(t, 2, e.Attempts, "each once")
	assert.False(t, e.MayHaveApplied)

	_, err = New(Config{Vendor: "acme", Host: "h", Fallbacks: []string{"h", "ftp://h"}})
	require.ErrorContains(t, err, "Fallbacks[1]")
}

func TestSecrets(t *testing.T) {
	fixed := FixedSecret("a").Use()
	value, err := fixed.Value(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "a", value)
	assert.False(t, fixed.Changed(t.Context()))

	current := "a"
	changing := ChangingSecret(func(context.Context) (string, error) { return current, nil }).Use()
	_, err = changing.Value(t.Context())
	require.NoError(t, err)
	assert.False(t, changing.Changed(t.Context()))
	current = "b"
	assert.True(t, changing.Changed(t.Context()))
	current = ""
	assert.False(t, changing.Changed(t.Context()))
	_, err = changing.Value(t.Context())
	require.ErrorIs(t, err, recall.ErrUnauthorized)
	assert.NotContains(t, fmt.Sprintf("%+v %#v", FixedSecret(secret), FixedSecret(secret)), secret)
}
