package recall_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// parser is a vendor whose callbacks are lists of message IDs, and whose signature is a header.
type parser struct {
	rules recall.CallbackRules
	err   error
}

func (p parser) CallbackRules() recall.CallbackRules { return p.rules }

func (p parser) ParseEvents(_ context.Context, header http.Header, body []byte) ([]recall.Event, error) {
	if p.err != nil {
		return nil, p.err
	}
	if header.Get("X-Signature") != "good" {
		return nil, &recall.Error{Kind: recall.ErrUnauthorized, Vendor: "mock"}
	}
	var events []recall.Event
	for _, id := range strings.Fields(string(body)) {
		events = append(events, recall.Event{Kind: recall.MessageSent, Vendor: "mock", ID: id, Request: recall.Request{MessageID: id}})
	}
	return events, nil
}

// accepting is how the mock vendor wants to be answered.
var accepting = parser{rules: recall.CallbackRules{ContentType: "application/x-ok", Answer: []byte("fine")}}

// callback is a signed POST.
func callback(t testing.TB, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/callbacks", strings.NewReader(body))
	r.Header.Set("X-Signature", "good")
	return r
}

// journal notes what a handler was given.
type journal struct {
	mu     sync.Mutex
	ids    []string
	errors []error
}

func (j *journal) handle(_ context.Context, e recall.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ids = append(j.ids, e.ID)
	return nil
}

func (j *journal) onError(_ *http.Request, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.errors = append(j.errors, err)
}

func TestEventHandlerAnswers(t *testing.T) {
	refuse := func(err error) recall.EventParser { return parser{rules: accepting.rules, err: err} }
	fails := func(err error) func(context.Context, recall.Event) error {
		return func(context.Context, recall.Event) error { return err }
	}
	vault := &recall.Error{Kind: recall.ErrUnauthorized, Vendor: "vault"}
	tests := map[string]struct {
		parser  recall.EventParser // nil: accepting
		handle  func(context.Context, recall.Event) error
		body    string
		change  func(*http.Request)
		maxBody int64
		status  int
		handled []string
	}{
		"one event":         {body: "1", status: 200, handled: []string{"1"}},
		"several, in order": {body: "1 2 3", status: 200, handled: []string{"1", "2", "3"}},
		"none of ours":      {body: "", status: 200},
		"no body at all":    {change: func(r *http.Request) { r.Body = nil }, status: 200},
		"not signed":        {body: "1", change: func(r *http.Request) { r.Header.Del("X-Signature") }, status: 401},
		"another app":       {parser: refuse(&recall.Error{Kind: recall.ErrMisconfigured}), body: "1", status: 403},
		"unreadable":        {parser: refuse(&recall.Error{Kind: recall.ErrBadResponse}), body: "1", status: 400},
		"a bare kind":       {parser: refuse(fmt.Errorf("parse: %w", recall.ErrUnauthorized)), body: "1", status: 401},
		"no secret":         {parser: refuse(&recall.Error{Kind: recall.ErrUnavailable}), body: "1", status: 503},
		"no secret, since the vault refuses": {
			parser: refuse(fmt.Errorf("parse: %w", &recall.Error{Kind: recall.ErrUnavailable, Err: vault})), body: "1", status: 503,
		},
		"parser fails otherwise":    {parser: refuse(io.ErrUnexpectedEOF), body: "1", status: 503},
		"handle fails":              {handle: fails(io.ErrClosedPipe), body: "1", status: 503},
		"handle fails to authorize": {handle: fails(vault), body: "1", status: 503},
		"handle refuses a kind":     {handle: fails(recall.ErrBadResponse), body: "1", status: 503},
		"handle fails at the second": {
			handle: func(_ context.Context, e recall.Event) error {
				if e.ID == "2" {
					return io.ErrClosedPipe
				}
				return nil
			},
			body: "1 2 3", status: 503, handled: []string{"1", "3"},
		},
		"largest by default":   {body: strings.Repeat(" ", 1<<20), status: 200},
		"too large by default": {body: strings.Repeat(" ", 1<<20+1), status: 413},
		"largest":              {body: "12345", maxBody: 5, status: 200, handled: []string{"12345"}},
		"too large":            {body: "123456", maxBody: 5, status: 413},
		"a negative limit":     {body: "1", maxBody: -1, status: 200, handled: []string{"1"}},
		"no limit is not none": {body: strings.Repeat(" ", 1<<20+1), maxBody: -1, status: 413},
		"a middleware has read the body": {
			body: "1", change: func(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }, status: 503,
		},
		"body breaks off": {
			change: func(r *http.Request) { r.Body = io.NopCloser(io.MultiReader(strings.NewReader("1"), cutOff{})) }, status: 400,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var j journal
			h := &recall.EventHandler{Parser: accepting, Handle: j.handle, OnError: j.onError, MaxBody: tt.maxBody}
			if tt.parser != nil {
				h.Parser = tt.parser
			}
			if tt.handle != nil {
				h.Handle = func(ctx context.Context, e recall.Event) error {
					if err := tt.handle(ctx, e); err != nil {
						return err
					}
					return j.handle(ctx, e)
				}
			}
			r := callback(t, tt.body)
			if tt.change != nil {
				tt.change(r)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			assert.Equal(t, tt.status, w.Code)
			assert.Equal(t, tt.handled, j.ids)
			if tt.status == 200 {
				assert.Equal(t, "fine", w.Body.String())
				assert.Equal(t, "application/x-ok", w.Header().Get("Content-Type"))
				assert.Empty(t, j.errors)
				return
			}
			assert.Empty(t, w.Body.String(), "a refusal does not say why")
			require.Len(t, j.errors, 1, "OnError is told once")
			h.OnError = nil
			assert.NotPanics(t, func() { h.ServeHTTP(httptest.NewRecorder(), callback(t, tt.body)) })
		})
	}
}

// cutOff is a body that the client does not finish.
type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestEventHandlerWantsPOST(t *testing.T) {
	var j journal
	h := &recall.EventHandler{Parser: accepting, Handle: j.handle, OnError: j.onError}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post", ""} {
		r := callback(t, "1")
		r.Method = method
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.Equal(t, 405, w.Code, method)
		assert.Equal(t, "POST", w.Header().Get("Allow"))
	}
	assert.Empty(t, j.ids)
	assert.Empty(t, j.errors, "nobody called back")
}

func TestEventHandlerNeedsItsFields(t *testing.T) {
	var j journal
	for name, h := range map[string]*recall.EventHandler{
		"Parser": {Handle: j.handle, OnError: j.onError},
		"Handle": {Parser: accepting, OnError: j.onError},
	} {
		j.errors = nil
		w := httptest.NewRecorder()
		h.ServeHTTP(w, callback(t, "1"))
		assert.Equal(t, 503, w.Code, "not 500: NetEase takes that for received, and the event would be lost")
		require.Len(t, j.errors, 1)
		assert.ErrorContains(t, j.errors[0], name+" is required")
	}
	assert.Empty(t, j.ids)
}

func TestEventHandlerWithoutContentType(t *testing.T) {
	h := &recall.EventHandler{Parser: parser{}, Handle: new(journal).handle}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, callback(t, "1"))
	assert.Equal(t, 200, w.Code)
	assert.NotContains(t, w.Header()["Content-Type"], "", "an empty header is not a missing one")
}

func TestEventHandlerErrorsReachOnErrorAsTheyAre(t *testing.T) {
	var j journal
	cause := &recall.Error{Kind: recall.ErrNotFound, Vendor: "store"}
	h := &recall.EventHandler{Parser: accepting, OnError: j.onError, Handle: func(context.Context, recall.Event) error { return cause }}
	h.ServeHTTP(httptest.NewRecorder(), callback(t, "1"))
	require.Len(t, j.errors, 1)
	assert.Same(t, cause, j.errors[0])
}

// TestEventHandlerDeadline: the vendor's deadline, less a tenth, is Handle's.
func TestEventHandlerDeadline(t *testing.T) {
	for documented, want := range map[time.Duration]time.Duration{
		0: 2700 * time.Millisecond, -1: 2700 * time.Millisecond, 5 * time.Second: 4500 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			var j journal
			h := &recall.EventHandler{
				Parser:  parser{rules: recall.CallbackRules{Deadline: documented}},
				OnError: j.onError,
				Handle: func(ctx context.Context, _ recall.Event) error {
					<-ctx.Done()
					return ctx.Err()
				},
			}
			start := time.Now()
			w := httptest.NewRecorder()
			h.ServeHTTP(w, callback(t, "1 2"))
			assert.Equal(t, want, time.Since(start))
			assert.Equal(t, 503, w.Code)
			require.Len(t, j.errors, 1)
			assert.ErrorIs(t, j.errors[0], context.DeadlineExceeded)
		})
	}
}

// TestEventHandlerStopsWhenTheVendorIsGone: nobody listens to the answer, and all events will come again.
func TestEventHandlerStopsWhenTheVendorIsGone(t *testing.T) {
	var j journal
	ctx, cancel := context.WithCancel(t.Context())
	h := &recall.EventHandler{Parser: accepting, OnError: j.onError, Handle: func(ctx context.Context, e recall.Event) error {
		cancel()
		return j.handle(ctx, e)
	}}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, callback(t, "1 2").WithContext(ctx))
	assert.Equal(t, 503, w.Code)
	assert.Equal(t, []string{"1"}, j.ids)
	require.Len(t, j.errors, 1)
	assert.ErrorIs(t, j.errors[0], context.Canceled)
}

// TestEventHandlerPanic: the vendor gets no answer, and so sends the callback again; the server lives on.
func TestEventHandlerPanic(t *testing.T) {
	var j journal
	h := &recall.EventHandler{Parser: accepting, Handle: func(ctx context.Context, e recall.Event) error {
		if e.ID == "bad" {
			panic("of the application")
		}
		return j.handle(ctx, e)
	}}
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	defer srv.Close()
	post := func(body string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("X-Signature", "good")
		return srv.Client().Do(r)
	}
	resp, err := post("bad")
	if err == nil {
		resp.Body.Close()
	}
	require.ErrorIs(t, err, io.EOF)
	resp, err = post("1")
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, []string{"1"}, j.ids)
}

func TestEventHandlerConcurrentUse(t *testing.T) {
	var j journal
	h := &recall.EventHandler{Parser: accepting, Handle: j.handle, OnError: j.onError}
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(fmt.Sprint(i)))
			if i%2 == 0 {
				r.Header.Set("X-Signature", "good")
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
		})
	}
	wg.Wait()
	assert.Len(t, j.ids, 32)
	assert.Len(t, j.errors, 32)
}
