package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// slowConn tells late that it has written, where held is set: until then.
type slowConn struct {
	net.Conn
	held *atomic.Pointer[chan struct{}]
}

func (c slowConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if wait := c.held.Load(); wait != nil {
		<-*wait
	}
	return n, err
}

// HTTP/2 returns to a caller who gives up without waiting for the word of the
// goroutine that writes: the vendor may have the request by then.
func TestArrivedBeforeItIsReported(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			cancel()
			<-r.Context().Done()
			return
		}
		io.WriteString(w, `{"code":200}`)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)

	var held atomic.Pointer[chan struct{}]
	release := make(chan struct{})
	transport := server.Client().Transport.(*http.Transport)
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return slowConn{conn, &held}, err
	}
	c := newClient(t, server.URL, recall.Policy{Transport: transport})
	_, err := c.Do(t.Context(), aCall())
	require.NoError(t, err)

	held.Store(&release)
	defer close(release)
	call := aCall()
	build := call.Build
	call.Build = func(ctx context.Context) (*Request, error) {
		req, err := build(ctx)
		req.Method, req.Body = http.MethodDelete, nil
		return req, err
	}
	e := failure(ctx, t, c, call)
	assert.Equal(t, recall.ErrCanceled, e.Kind)
	assert.True(t, e.MayHaveApplied, "the server has it")
}

// A transport of net/http's hands requests to whatever was registered with it,
// which may report nothing.
func TestRegisteredProtocolThatReportsNothing(t *testing.T) {
	transport := recall.NewTransport()
	transport.RegisterProtocol("https", roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("cut")
	}))
	e := failure(t.Context(), t, newClient(t, "im.example", recall.Policy{Transport: transport}), aCall())
	assert.Equal(t, recall.ErrUnavailable, e.Kind)
	assert.True(t, e.MayHaveApplied)
}

// What a dialer of the caller's reports late, of a connection that was dialed
// for one call and not used for it, is not taken for another call's.
func TestLateReportsOfADialer(t *testing.T) {
	var gate sync.Mutex // held while the server must not answer
	arrived := make(chan string)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- r.Method
		gate.Lock()
		defer gate.Unlock()
		io.WriteString(w, `{"code":404}`)
	})
	var dials atomic.Int32
	report, reported := make(chan struct{}), make(chan struct{})
	dialing := make(chan struct{})
	transport := recall.NewTransport()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) == 2 { // as one that writes a CONNECT request with this ctx
			close(dialing)
			<-report
			httptrace.ContextClientTrace(ctx).WroteRequest(httptrace.WroteRequestInfo{})
			close(reported)
		}
		return dial(ctx, network, address)
	}
	defer transport.CloseIdleConnections()
	c := newClient(t, url, recall.Policy{Transport: transport})
	results := make(chan error)
	start := func() {
		go func() {
			_, err := c.Do(t.Context(), aCall())
			results <- err
		}()
	}

	gate.Lock()
	start()
	<-arrived // on the first connection
	start()
	<-dialing // the second, for a call that gets the first
	gate.Unlock()
	require.ErrorIs(t, <-results, recall.ErrNotFound)
	<-arrived
	require.ErrorIs(t, <-results, recall.ErrNotFound)

	gate.Lock()
	for range 2 {
		start()
		<-arrived
	}
	close(report)
	<-reported
	gate.Unlock()
	for range 2 {
		assert.ErrorIs(t, <-results, recall.ErrNotFound, "nothing was repeated")
	}
}

// A transport or a dialer that makes requests of its own with the ctx of ours,
// such as for a token or to a proxy, did not repeat ours.
func TestRequestsOfTheTransportsOwn(t *testing.T) {
	gateway := serve(t, answerWith(http.StatusOK, "a token"))
	url := serve(t, answerWith(http.StatusOK, `{"code":404}`))
	inner := recall.NewTransport()
	defer inner.CloseIdleConnections()
	ask := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, gateway, http.NoBody)
		if err != nil {
			return err
		}
		res, err := inner.RoundTrip(req)
		if err != nil {
			return err
		}
		return res.Body.Close()
	}
	dialing := recall.NewTransport()
	defer dialing.CloseIdleConnections()
	dial := dialing.DialContext
	dialing.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if err := ask(ctx); err != nil {
			return nil, err
		}
		return dial(ctx, network, address)
	}
	for name, transport := range map[string]http.RoundTripper{
		"dialer": dialing,
		"transport": roundTripper(func(req *http.Request) (*http.Response, error) {
			if err := ask(req.Context()); err != nil {
				return nil, err
			}
			return inner.RoundTrip(req)
		}),
	} {
		e := failure(t.Context(), t, newClient(t, url, recall.Policy{Transport: transport}), aCall())
		assert.Equal(t, recall.ErrNotFound, e.Kind, name)
		assert.False(t, e.MayHaveApplied, name)
	}
}

// A transport or an observer that panics takes nothing with it: the next call
// finds the client as it was.
func TestPanicsOfTheCallersCode(t *testing.T) {
	url := serve(t, answerWith(http.StatusOK, `{"code":200}`))
	inner := recall.NewTransport()
	defer inner.CloseIdleConnections()
	var broken atomic.Int32
	transport := roundTripper(func(req *http.Request) (*http.Response, error) {
		if broken.Add(1) == 1 {
			panic("transport")
		}
		return inner.RoundTrip(req)
	})
	c := newClient(t, url, recall.Policy{Transport: transport})
	call := withQuota(aCall(), 1)
	assert.Panics(t, func() { c.Do(t.Context(), call) })
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err := c.Do(ctx, call)
	require.NoError(t, err)
}

// A transport that changes a header in place, which it must not, changes that
// of one request.
func TestHeadersAreNotShared(t *testing.T) {
	const name = "User-Agent"
	var seen []string
	transport := roundTripper(func(req *http.Request) (*http.Response, error) {
		seen = append(seen, req.Header.Get(name))
		req.Header[name][0] += " (" + req.Header.Get("X-Trace") + ")"
		return nil, errors.New("cut")
	})
	c := newClient(t, "im.example", recall.Policy{Transport: transport})
	for range 2 {
		failure(t.Context(), t, c, aCall())
	}
	assert.Equal(t, []string{"imrecall", "imrecall"}, seen)
}

// A dialer or a transport that logs its ctx does not log the request.
func TestCtxHidesTheRequest(t *testing.T) {
	var logged string
	transport := roundTripper(func(req *http.Request) (*http.Response, error) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			logged += fmt.Sprintf(verb+"\n", req.Context())
		}
		return nil, errors.New("cut")
	})
	failure(t.Context(), t, newClient(t, "im.example", recall.Policy{Transport: transport}), aCall())
	body := []byte(`{"id":42}`)
	for _, form := range []string{string(body), fmt.Sprintf("%d", body)[1:10], fmt.Sprintf("%x", body), fmt.Sprintf("%#v", body)[7:20], secret} {
		require.NotContains(t, logged, form)
	}
}

// A resolver that the application set, such as one by HTTPS, makes requests of
// its own with the ctx of a lookup.
func TestRequestsOfTheResolver(t *testing.T) {
	before := net.DefaultResolver
	defer func() { net.DefaultResolver = before }()
	var asked, callers atomic.Int32
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		asked.Add(1)
		if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.WroteRequest != nil {
			trace.WroteRequest(httptrace.WroteRequestInfo{})
		}
		return nil, errors.New("no resolver")
	}}
	traced := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { callers.Add(1) },
	})
	c, err := New(Config{
		Vendor: "acme", Host: "http://im.example", AllowHTTP: true, Policy: recall.Policy{Retry: recall.Retry{Attempts: 1}},
	})
	require.NoError(t, err)
	for _, ctx := range []context.Context{t.Context(), traced} {
		e := failure(ctx, t, c, aCall())
		assert.Equal(t, recall.ErrUnavailable, e.Kind)
		assert.False(t, e.MayHaveApplied)
	}
	assert.Positive(t, asked.Load())
	assert.Positive(t, callers.Load(), "the caller's own trace is told")
}

// Where another host is left to try, a transport that does not tell whether it
// has a connection has all of an attempt's time.
func TestSilentTransportIsNotCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := roundTripper(func(req *http.Request) (*http.Response, error) {
			select {
			case <-time.After(3 * time.Second):
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"code":200}`))}, nil
			case <-req.Context().Done():
				return nil, req.Context().Err()
			}
		})
		c, err := New(Config{
			Vendor: "acme", Host: "im.example", Fallbacks: []string{"im2.example"},
			Policy: recall.Policy{Transport: slow, Retry: recall.Retry{Attempts: 1}},
		})
		require.NoError(t, err)
		_, err = c.Do(t.Context(), aCall())
		require.NoError(t, err)
	})
}
