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

	"github.com/imrecall/imrecall/internal/emulator"
)

// vendor counts what took effect, and answers with a body that is told apart from any other.
type vendor struct{ effects atomic.Int64 }

const vendorBody = `{"code":200}`

func (v *vendor) answer(w http.ResponseWriter, _ *http.Request) {
	v.effects.Add(1)
	w.Header().Set("X-Vendor", "yes")
	emulator.Write(w, http.StatusAccepted, vendorBody)
}

// startVendor starts an emulator whose first request meets hook.
func startVendor(t *testing.T, hook func(http.HandlerFunc) http.HandlerFunc) (*vendor, *emulator.Control, string) {
	t.Helper()
	v, c := new(vendor), new(emulator.Control)
	c.Intercept(hook(v.answer))
	srv := httptest.NewServer(c.Wrap(http.HandlerFunc(v.answer)))
	t.Cleanup(srv.Close)
	return v, c, srv.URL
}

// delays are the hooks that take time, and what has taken effect before that is over.
func delays() map[string]struct {
	make    func(time.Duration) func(http.HandlerFunc) http.HandlerFunc
	effects int64
} {
	type maker = func(http.HandlerFunc, time.Duration) http.HandlerFunc
	of := func(m maker) func(time.Duration) func(http.HandlerFunc) http.HandlerFunc {
		return func(d time.Duration) func(http.HandlerFunc) http.HandlerFunc {
			return func(vendor http.HandlerFunc) http.HandlerFunc { return m(vendor, d) }
		}
	}
	return map[string]struct {
		make    func(time.Duration) func(http.HandlerFunc) http.HandlerFunc
		effects int64
	}{
		"Delay":       {of(emulator.Delay), 0},
		"DelayAnswer": {of(emulator.DelayAnswer), 1},
		"Trickle":     {of(emulator.Trickle), 1},
	}
}

func TestDelaysAnswerInTheEnd(t *testing.T) {
	const d = 3 * time.Millisecond
	for name, delay := range delays() {
		t.Run(name, func(t *testing.T) {
			v, _, url := startVendor(t, delay.make(d))
			began := time.Now()
			resp, body, err := post(t.Context(), url, "")
			require.NoError(t, err)
			assert.GreaterOrEqual(t, time.Since(began), d)
			assert.Equal(t, http.StatusAccepted, resp.StatusCode)
			assert.Equal(t, "yes", resp.Header.Get("X-Vendor"))
			assert.Equal(t, "application/json; charset=utf-8", resp.Header.Get("Content-Type"))
			assert.EqualValues(t, len(vendorBody), resp.ContentLength)
			assert.Equal(t, vendorBody, body)
			assert.EqualValues(t, 1, v.effects.Load())
		})
	}
}

// The client gives up as soon as the emulator has its request.
func TestDelaysEndWithTheClient(t *testing.T) {
	for name, delay := range delays() {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			served := make(chan struct{})
			v, _, url := startVendor(t, func(vendor http.HandlerFunc) http.HandlerFunc {
				hook := delay.make(time.Hour)(vendor)
				return func(w http.ResponseWriter, r *http.Request) {
					defer close(served)
					cancel()
					hook(w, r)
				}
			})
			_, _, err := post(ctx, url, "")
			require.ErrorIs(t, err, context.Canceled)
			<-served
			assert.Equal(t, delay.effects, v.effects.Load())
		})
	}
}

func TestTrickleSendsByteByByte(t *testing.T) {
	goOn := make(chan struct{})
	release := sync.OnceFunc(func() { close(goOn) })
	_, _, url := startVendor(t, func(vendor http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			emulator.Trickle(vendor, time.Microsecond)(&stopping{ResponseWriter: w, after: 2, goOn: goOn}, r)
		}
	})
	t.Cleanup(release)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	begin := make([]byte, 2)
	_, err = io.ReadFull(resp.Body, begin)
	require.NoError(t, err)
	assert.Equal(t, vendorBody[:2], string(begin), "they came before the rest was written")
	release()
	rest, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, vendorBody[2:], string(rest))
}

// stopping waits for goOn before the write that follows so many others.
type stopping struct {
	http.ResponseWriter
	after int
	goOn  <-chan struct{}
}

func (s *stopping) Write(b []byte) (int, error) {
	if s.after == 0 {
		<-s.goOn
	}
	s.after--
	return s.ResponseWriter.Write(b)
}

func (s *stopping) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func TestCut(t *testing.T) {
	tests := map[string]struct {
		hook    func(http.HandlerFunc) http.HandlerFunc
		effects int64
	}{
		"before": {func(http.HandlerFunc) http.HandlerFunc { return emulator.CutBefore() }, 0},
		"after":  {emulator.CutAfter, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v, _, url := startVendor(t, tt.hook)
			_, _, err := post(t.Context(), url, "x")
			require.ErrorIs(t, err, io.EOF)
			assert.Equal(t, tt.effects, v.effects.Load())
			_, body, err := post(t.Context(), url, "x")
			require.NoError(t, err)
			assert.Equal(t, vendorBody, body, "the next request is answered")
		})
	}
}

// Where a connection can't be cut the client hears so, and not the empty 200 of net/http.
func TestCutThatCannotBe(t *testing.T) {
	w := httptest.NewRecorder()
	emulator.CutBefore()(w, httptest.NewRequest(http.MethodPost, "/", http.NoBody))
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.Contains(t, w.Body.String(), "can't cut")
}

func TestRespond(t *testing.T) {
	const page = "<html><body>502 Bad Gateway</body></html>"
	for body, contentType := range map[string]string{
		page:                   "text/html; charset=utf-8",
		`{"code":429}`:         "application/json; charset=utf-8",
		"upstream unreachable": "text/plain; charset=utf-8",
	} {
		v, _, url := startVendor(t, func(http.HandlerFunc) http.HandlerFunc { return emulator.Respond(502, body) })
		resp, got, err := post(t.Context(), url, "")
		require.NoError(t, err)
		assert.Equal(t, 502, resp.StatusCode)
		assert.Equal(t, contentType, resp.Header.Get("Content-Type"))
		assert.Equal(t, body, got)
		assert.Zero(t, v.effects.Load())
	}
}

func TestLatency(t *testing.T) {
	const d = 3 * time.Millisecond
	v, c, url := startVendor(t, func(http.HandlerFunc) http.HandlerFunc { return text("hook") })
	c.SetLatency(d)
	for _, want := range []string{"hook", vendorBody} {
		began := time.Now()
		_, body, err := post(t.Context(), url, "")
		require.NoError(t, err)
		assert.Equal(t, want, body)
		assert.GreaterOrEqual(t, time.Since(began), d)
	}

	c.SetLatency(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for len(c.Requests()) < 3 { // a request is logged before it is delayed
			select {
			case <-time.After(time.Millisecond):
			case <-t.Context().Done():
			}
		}
		cancel()
	}()
	_, _, err := post(ctx, url, strings.Repeat("x", 100))
	require.ErrorIs(t, err, context.Canceled)
	assert.EqualValues(t, 1, v.effects.Load(), "what the client gave up had no effect")

	c.SetLatency(0)
	_, body, err := post(t.Context(), url, "")
	require.NoError(t, err)
	assert.Equal(t, vendorBody, body)
}
