package emulator_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/emulator"
)

// echo is a vendor that answers with the body it was sent.
func echo(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }

func start(t *testing.T, c *emulator.Control) string {
	t.Helper()
	srv := httptest.NewServer(c.Wrap(http.HandlerFunc(echo)))
	t.Cleanup(srv.Close)
	return srv.URL
}

func post(ctx context.Context, url, body string) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return resp, string(got), err
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) }
}

func TestClock(t *testing.T) {
	var c emulator.Control
	assert.WithinDuration(t, time.Now(), c.Now(), time.Minute)

	c.Advance(time.Hour)
	assert.WithinDuration(t, time.Now().Add(time.Hour), c.Now(), time.Minute)
	first := c.Now()
	assert.Eventually(t, func() bool { return c.Now().After(first) }, time.Minute, time.Millisecond,
		"a clock that was only advanced runs on")

	at := time.Date(2022, 7, 11, 8, 53, 8, 473e6, time.UTC)
	c.SetTime(at)
	assert.Equal(t, at, c.Now())
	c.Advance(-time.Second)
	assert.Equal(t, at.Add(-time.Second), c.Now())
}

func TestDateHeaderShowsTheClock(t *testing.T) {
	var c emulator.Control
	url := start(t, &c)
	c.SetTime(time.Date(2022, 7, 11, 16, 53, 8, 0, time.FixedZone("CST", 8*60*60)))
	resp, _, err := post(t.Context(), url, "")
	require.NoError(t, err)
	assert.Equal(t, []string{"Mon, 11 Jul 2022 08:53:08 GMT"}, resp.Header["Date"])
}

func TestRequestsCanBeReadAgain(t *testing.T) {
	var c emulator.Control
	url := start(t, &c)
	for _, body := range []string{"one", "two"} {
		_, got, err := post(t.Context(), url+"/path?q=1", body)
		require.NoError(t, err)
		require.Equal(t, body, got, "the vendor must still see the body")
	}
	for range 2 {
		log := c.Requests()
		require.Len(t, log, 2)
		for i, want := range []string{"one", "two"} {
			body, err := io.ReadAll(log[i].Body)
			require.NoError(t, err)
			assert.Equal(t, want, string(body))
			assert.Equal(t, "/path?q=1", log[i].URL.String())
			assert.Equal(t, http.MethodPost, log[i].Method)
			assert.NoError(t, log[i].Context().Err(), "a logged request outlives its call")
			log[i].Header.Set("User-Agent", "changed by this reader")
		}
	}
	assert.NotEqual(t, "changed by this reader", c.Requests()[0].UserAgent())
}

func TestKeep(t *testing.T) {
	var c emulator.Control
	url := start(t, &c)
	send := func(bodies ...string) {
		for _, body := range bodies {
			_, _, err := post(t.Context(), url, body)
			require.NoError(t, err)
		}
	}
	kept := func() (bodies []string) {
		for _, r := range c.Requests() {
			body, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			bodies = append(bodies, string(body))
		}
		return bodies
	}
	send("1", "2", "3")
	assert.Equal(t, []string{"1", "2", "3"}, kept())
	c.Keep(2)
	assert.Equal(t, []string{"2", "3"}, kept())
	for i := range 10 {
		send(fmt.Sprint(i))
	}
	assert.Equal(t, []string{"8", "9"}, kept())
	c.Keep(0)
	send("last")
	assert.Empty(t, kept())
}

func TestHooksRunFirstInFirstOut(t *testing.T) {
	var c emulator.Control
	url := start(t, &c)
	c.Intercept(text("first"), nil)
	c.Intercept(text("third"))
	for i, want := range []string{"first", "vendor", "third", "vendor"} {
		_, got, err := post(t.Context(), url, "vendor")
		require.NoError(t, err)
		assert.Equal(t, want, got, "request %d", i)
	}
	assert.Len(t, c.Requests(), 4, "intercepted requests are logged too")
}

func TestHookSeesTheBody(t *testing.T) {
	var c emulator.Control
	url := start(t, &c)
	c.Intercept(echo)
	_, got, err := post(t.Context(), url, "for the hook")
	require.NoError(t, err)
	assert.Equal(t, "for the hook", got)
}

func TestHookCutsTheConnection(t *testing.T) {
	var c emulator.Control
	url := start(t, &c)
	c.Intercept(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	})
	resp, _, err := post(t.Context(), url, "x")
	if err == nil {
		_ = resp.Body.Close()
	}
	require.ErrorIs(t, err, io.EOF)
}

func TestHookDelaysUntilTheClientGivesUp(t *testing.T) {
	var c emulator.Control
	url := start(t, &c)
	ctx, cancel := context.WithCancel(t.Context())
	c.Intercept(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, _, err := post(ctx, url, "x")
	require.ErrorIs(t, err, context.Canceled)
}

func TestBodyIsBounded(t *testing.T) {
	var c emulator.Control
	vendor := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the vendor was asked") })
	handler := c.Wrap(vendor)
	serve := func(body io.Reader) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", body))
		return w
	}
	assert.Equal(t, http.StatusRequestEntityTooLarge, serve(strings.NewReader(strings.Repeat("x", 8<<20+1))).Code)
	assert.Equal(t, http.StatusBadRequest, serve(io.MultiReader(strings.NewReader("cut"), broken{})).Code)

	log := c.Requests()
	require.Len(t, log, 2)
	body, err := io.ReadAll(log[0].Body)
	require.NoError(t, err)
	assert.Len(t, body, 8<<20)
	body, err = io.ReadAll(log[1].Body)
	require.NoError(t, err)
	assert.Equal(t, "cut", string(body))
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestConcurrentUse(t *testing.T) {
	var c emulator.Control
	url := start(t, &c)
	const n = 32
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			c.Intercept(text("hook"))
			c.Advance(time.Second)
			_, _, err := post(t.Context(), url, fmt.Sprint(i))
			assert.NoError(t, err)
			c.SetTime(c.Now())
			for _, r := range c.Requests() {
				_, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	assert.Len(t, c.Requests(), n)
	_, got, err := post(t.Context(), url, "vendor")
	require.NoError(t, err)
	assert.Equal(t, "vendor", got, "each hook took exactly one request")
}
