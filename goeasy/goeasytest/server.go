package goeasytest

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/imrecall/imrecall/internal/emulator"
)

// Server is the emulator. Close shuts it down. Its fields come filled with demo values; change them before the first
// request, not later. Its methods are safe for concurrent use.
type Server struct {
	*httptest.Server

	// AppKey is the application's common key; RestKey is the key that only servers use. The server
	// takes either.
	AppKey, RestKey string

	// RateLimit is how many calls to each API are answered in any second of the emulator's clock, before an answer that
	// is made up: GoEasy documents no limit, and so no answer to one. Here it is code and HTTP status 429. NewServer sets
	// no limit: 0.
	RateLimit int

	// SecretKey signs callbacks, and is never sent.
	SecretKey string

	control *emulator.Control
	mux     *http.ServeMux
	poster  *emulator.Poster

	mu       sync.Mutex
	messages map[address][]Message
	recalled map[string]bool // by ID
}

// NewServer starts an emulator that speaks plain http.
func NewServer() *Server {
	s := NewUnstartedServer()
	s.Start()
	return s
}

// NewTLSServer starts an emulator that speaks https with httptest's certificate, which the client that
// Client returns trusts.
func NewTLSServer() *Server {
	s := NewUnstartedServer()
	s.StartTLS()
	return s
}

// NewUnstartedServer returns an emulator that listens and does not answer yet. Before Start or StartTLS the caller may
// give it another Listener, for a port of its own choice, or wrap Config.Handler, to delay or refuse requests.
func NewUnstartedServer() *Server {
	s := newServer()
	s.Server = httptest.NewUnstartedServer(s.control.Wrap(http.HandlerFunc(s.Answer)))
	return s
}

func newServer() *Server {
	s := &Server{
		AppKey:    "BC-00000000000000000000000000000000",
		RestKey:   "PR-00000000000000000000000000000000",
		SecretKey: "0123456789abcdef",
		control:   new(emulator.Control),
		mux:       http.NewServeMux(),
		poster:    newPoster(),
		messages:  make(map[address][]Message),
		recalled:  make(map[string]bool),
	}
	// Other paths and methods get the plain 404 and 405 of net/http: GoEasy does not document its own.
	s.handle("POST /v2/im/history/recall", s.recall)
	s.handle("GET /v2/im/history", s.history)
	return s
}

func (s *Server) handle(pattern string, e http.HandlerFunc) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if !s.control.Admit(pattern, emulator.Rate{Calls: s.RateLimit, Per: time.Second}) {
			tooManyRequests(w)
			return
		}
		e(w, r)
	})
}

// authorized says whether key may call the REST API.
func (s *Server) authorized(key string) bool {
	return key != "" && (key == s.AppKey || key == s.RestKey)
}

// BaseURL is what a client takes for the host: Host in goeasy.Config.
func (s *Server) BaseURL() string { return s.URL }

// Answer gives the emulator's own answer to r. It neither logs r nor runs a hook: it is what a hook calls
// that wants the request to take effect and then, say, cuts the connection.
func (s *Server) Answer(w http.ResponseWriter, r *http.Request) {
	if !emulator.Clean(r) {
		http.NotFound(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Requests returns every request so far in the order of arrival. Each call returns copies of its own, with
// bodies that can be read.
func (s *Server) Requests() []*http.Request { return s.control.Requests() }

// KeepRequests limits Requests to the newest n, so that an emulator that runs for long does not grow with every
// request. 0 keeps none. Without it all are kept.
func (s *Server) KeepRequests(n int) { s.control.Keep(n) }

// Intercept queues hooks, each of which takes over one of the next requests: what CutAfter and its like return, or any
// other handler, which may answer something else, delay, or hijack the connection. They run in the order given; a nil
// hook leaves one request to the emulator.
func (s *Server) Intercept(hooks ...http.HandlerFunc) { s.control.Intercept(hooks...) }

// Now is the emulator's time.
func (s *Server) Now() time.Time { return s.control.Now() }

// SetTime stops the emulator's clock at t. From then on only SetTime and Advance move it.
func (s *Server) SetTime(t time.Time) { s.control.SetTime(t) }

// Advance moves the emulator's clock by d.
func (s *Server) Advance(d time.Duration) { s.control.Advance(d) }
