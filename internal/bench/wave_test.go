package bench

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// gate lets 100 requests through in any second, and counts those that it
// rejects. Requests for a token don't count.
type gate struct {
	vendor http.HandlerFunc

	mu       sync.Mutex
	arrivals []time.Time
	let      int
	rejected int
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/demo-org/demo-app/token" && !g.arrive(time.Now()) {
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"code":429,"content":"slow down","error":"reach_limit","error_description":"slow down"}`)
		return
	}
	g.vendor(w, r)
}

func (g *gate) arrive(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.arrivals) > 0 && now.Sub(g.arrivals[0]) >= time.Second {
		g.arrivals = g.arrivals[1:]
	}
	if len(g.arrivals) >= 100 {
		g.rejected++
		return false
	}
	g.arrivals = append(g.arrivals, now)
	g.let++
	return true
}

// RoundTrip makes the gate a network, 20 ms there and back, whose time may be
// virtual.
func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	trace := httptrace.ContextClientTrace(r.Context())
	trace.GetConn("")
	trace.GotConn(httptrace.GotConnInfo{})
	trace.WroteRequest(httptrace.WroteRequestInfo{})
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	<-time.After(10 * time.Millisecond)
	answer := httptest.NewRecorder()
	g.ServeHTTP(answer, r)
	<-time.After(10 * time.Millisecond)
	trace.GotFirstResponseByte()
	return answer.Result(), nil
}

// batches are the vendors that recall several messages by one call, and how
// many.
var batches = map[string]int{"easemob": easemob.MaxBatch, "goeasy": goeasy.MaxMessages}

// maker makes a client of an emulator at host.
type maker func(host string, p recall.Policy) recall.Provider

// spam is so many messages of one sender, in groups of a thousand.
func spam(messages int) iter.Seq[recall.Request] {
	return func(yield func(recall.Request) bool) {
		for n := range messages {
			if !yield(recall.Request{
				MessageID: fmt.Sprint(n), Chat: recall.ChatGroup, From: "spammer", To: fmt.Sprint("group", n/1000),
				SentAt: spammed.Add(time.Duration(n) * time.Millisecond),
			}) {
				return
			}
		}
	}
}

var spammed = time.UnixMilli(1581111111111)

// emulated returns an emulator of the vendor behind a gate, with the messages.
func emulated(tb testing.TB, vendor string, messages iter.Seq[recall.Request]) (*gate, maker) {
	tb.Helper()
	if vendor == "goeasy" { // which says yes to what it does not know
		s := goeasytest.NewServer()
		tb.Cleanup(s.Close)
		return &gate{vendor: s.Answer}, func(host string, policy recall.Policy) recall.Provider {
			c, err := goeasy.New(goeasy.Config{Host: host, AppKey: s.AppKey, Policy: policy})
			require.NoError(tb, err)
			tb.Cleanup(c.Close)
			return c
		}
	}
	s := easemobtest.NewServer()
	tb.Cleanup(s.Close)
	s.SetTime(spammed)
	for req := range messages {
		s.Add(easemobtest.Message{ID: req.MessageID, From: req.From, To: req.To, Chat: "groupchat"})
	}
	return &gate{vendor: s.Answer}, func(host string, policy recall.Policy) recall.Provider {
		c, err := easemob.New(easemob.Config{
			Host: host, Org: s.Org, App: s.App, ClientID: s.ClientID, ClientSecret: s.ClientSecret, Policy: policy,
		})
		require.NoError(tb, err)
		tb.Cleanup(c.Close)
		return c
	}
}

// recallAll recalls everything, and returns how many messages a second.
func recallAll(tb testing.TB, p recall.Provider, reqs iter.Seq[recall.Request]) float64 {
	tb.Helper()
	start, got := time.Now(), 0
	for r := range recall.Each(tb.Context(), p, reqs, recall.EachOptions{}) {
		if r.Err != nil {
			tb.Fatal(r.Err)
		}
		got++
	}
	return float64(got) / time.Since(start).Seconds()
}

// A wave uses the vendor's quota with full batches, and is not rejected once.
func TestEachWave(t *testing.T) {
	const calls = 500
	for vendor, batch := range batches {
		t.Run(vendor, func(t *testing.T) {
			messages := spam(calls * batch)
			gate, client := emulated(t, vendor, messages)
			synctest.Test(t, func(t *testing.T) {
				rate := recallAll(t, client("https://im.example", recall.Policy{Transport: gate}), messages)
				t.Logf("%.0f messages/s, %.1f %% of the quota", rate, rate/float64(batch))
				assert.Greater(t, rate, 94*float64(batch))
			})
			assert.Zero(t, gate.rejected)
			assert.InDelta(t, calls, gate.let, 2, "batches are full")
		})
	}
}

// oneByOne returns a client of NetEase, which has no batch call, behind a gate,
// and so many messages.
func oneByOne(t *testing.T, messages int) (*gate, maker, iter.Seq[recall.Request]) {
	t.Helper()
	s := neteasetest.NewServer()
	t.Cleanup(s.Close)
	g := &gate{vendor: s.Answer}
	return g, func(host string, policy recall.Policy) recall.Provider {
			c, err := netease.New(netease.Config{Host: host, AppKey: s.AppKey, AppSecret: s.AppSecret, Policy: policy})
			require.NoError(t, err)
			t.Cleanup(c.Close)
			return c
		}, func(yield func(recall.Request) bool) {
			for req := range spam(messages) {
				req.MessageID, req.Chat, req.To = "1"+req.MessageID, recall.ChatDirect, "user"+req.MessageID
				if !yield(req) {
					return
				}
			}
		}
}

// So does a wave of single calls, also through a wrapper that hides what the
// client tells of itself; and a share of the quota, or a larger one, is used as
// well.
func TestEachWaveOneByOne(t *testing.T) {
	for _, rate := range []float64{0, 100.0 / 6, 50} {
		for _, hidden := range []bool{false, true} {
			gate, client, messages := oneByOne(t, 500)
			synctest.Test(t, func(t *testing.T) {
				p := client("https://im.example/nimserver", recall.Policy{Transport: gate, Rate: rate})
				if hidden {
					p = struct{ recall.Provider }{p}
				}
				reached := recallAll(t, p, messages)
				t.Logf("rate %.1f, hidden %v: %.1f messages/s", rate, hidden, reached)
				assert.Greater(t, reached, 0.94*cmp.Or(rate, 100))
			})
			assert.Zero(t, gate.rejected)
			assert.Equal(t, 500, gate.let)
		}
	}
}

// queue is a Limiter of somebody's own: first come, first served, a place every
// 60 ms.
type queue struct {
	mu            sync.Mutex
	next          time.Time
	waiting, most int
}

func (q *queue) Wait(ctx context.Context, _ recall.Quota) error {
	q.mu.Lock()
	wait := time.Until(q.next)
	q.next = q.next.Add(max(0, -wait) + 60*time.Millisecond)
	q.waiting++
	q.most = max(q.most, q.waiting)
	q.mu.Unlock()
	defer func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.waiting--
	}()
	select {
	case <-time.After(max(wait, 1)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (*queue) Pause(context.Context, recall.Quota, time.Duration) error { return nil }

// A wave makes no queue at a Limiter that other processes share.
func TestEachWaveAtALimiterOfOnesOwn(t *testing.T) {
	gate, client, messages := oneByOne(t, 500)
	synctest.Test(t, func(t *testing.T) {
		q := &queue{next: time.Now()}
		reached := recallAll(t, client("https://im.example/nimserver", recall.Policy{Transport: gate, Limiter: q}), messages)
		t.Logf("%.1f messages/s of %.1f, %d calls waited at most", reached, 1/0.06, q.most)
		assert.Greater(t, reached, 0.94/0.06)
		assert.LessOrEqual(t, q.most, 16)
	})
}

// BenchmarkEachWave is a wave of some seconds, over sockets and in real time:
// go test ./internal/bench -run '^$' -bench EachWave -benchtime 1x.
func BenchmarkEachWave(b *testing.B) {
	const calls = 700
	for vendor, batch := range batches {
		b.Run("vendor="+vendor, func(b *testing.B) {
			messages := spam(calls * batch)
			gate, client := emulated(b, vendor, messages)
			server := httptest.NewServer(gate)
			defer server.Close()
			for b.Loop() {
				b.ReportMetric(recallAll(b, client(server.URL, recall.Policy{}), messages), "messages/s")
			}
			b.ReportMetric(float64(gate.rejected), "rejected")
		})
	}
}

// A single recall finds a place at any moment of a wave on the same quota.
func TestSingleRecallOvertakesAWave(t *testing.T) {
	for _, every := range []time.Duration{1370 * time.Millisecond, 137 * time.Millisecond} {
		gate, client := emulated(t, "goeasy", nil)
		synctest.Test(t, func(t *testing.T) {
			p := client("https://im.example", recall.Policy{Transport: gate})
			const wave = 30 * time.Second
			var longest time.Duration
			done := make(chan struct{})
			start := time.Now()
			go func() {
				defer close(done)
				for time.Since(start) < wave-every {
					<-time.After(every)
					start := time.Now()
					_, err := p.RecallMessage(t.Context(), recall.Request{Chat: recall.ChatGroup, To: "group1", SentAt: spammed})
					assert.NoError(t, err)
					longest = max(longest, time.Since(start))
				}
			}()
			rate := recallAll(t, p, spam(60_000))
			took := time.Since(start)
			<-done
			t.Logf("one every %v in a wave of %v, %.0f messages/s: a single recall took %v at most", every, took, rate, longest)
			assert.Greater(t, took, wave, "the single recalls were made during the wave")
			assert.LessOrEqual(t, longest, 40*time.Millisecond, "its own 20 ms, and two places of the quota")
			assert.Greater(t, rate/goeasy.MaxMessages+1/every.Seconds(), 94.0, "calls a second")
		})
		assert.Zero(t, gate.rejected)
	}
}
