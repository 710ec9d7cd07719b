package rest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

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
	_, _, err, _ := virtual(t, recall.Policy{Observer: d, Retry: recall.Retry{BaseDelay: 1}}, 0, call, answerWith(503, `{"code":500}`), coded("200"))
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

func TestObserverCannotTakeTheDeadline(t *testing.T) {
	type key struct{}
	o := misbehaving(func(recall.Span) (context.Context, func(recall.SpanEnd)) {
		return context.WithValue(context.WithoutCancel(t.Context()), key{}, "value"), nil
	})
	c := newClient(t, "im.example", recall.Policy{Observer: o})
	ctx, cancel := context.WithCancel(recall.WithBulk(t.Context()))
	defer cancel()
	inner, _ := c.observe(ctx, recall.Span{})
	assert.Equal(t, "value", inner.Value(key{}))
	assert.True(t, recall.IsBulk(inner))
	cancel()
	assert.Error(t, inner.Err())
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

func TestSecrets(t *testing.T) {
	fixed := FixedSecret("a").Use()
	value, err := fixed.Value(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "a", value)
	assert.False(t, fixed.Changed(t.Context()))

	current := "a"
	changing := ChangingSecret(func(context.Context) (string, error) { return current, nil }, nil).Use()
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
