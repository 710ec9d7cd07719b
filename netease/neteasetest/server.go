package neteasetest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/imrecall/imrecall/internal/emulator"
)

// Server is the emulator. Close shuts it down. Its AppSecret signs callbacks too. Its fields come filled with demo
// values; change them before the first request, not later. Its methods are safe for concurrent use.
type Server struct {
	*httptest.Server

	// AppKey and AppSecret are the one application that the server knows.
	AppKey, AppSecret string
	// Window is how long after SentAt a message can be recalled without ignoreTime. NewServer sets
	// NetEase's default of 2 minutes.
	Window time.Duration
	// RateLimit is how many calls to each API are answered in any second of the emulator's clock. One more is answered
	// with code 416, and so is every call to that API in the 10 seconds after it. NetEase's own limit is 100. NewServer
	// sets no limit: 0.
	RateLimit int
	// DeleteLimit is how many calls to msg/delMsg.action are answered in any minute, before a code 416 and 10 seconds
	// likewise. The API's own page says 10, NetEase's list of limits 100 a second. NewServer sets no limit: 0.
	DeleteLimit int

	control *emulator.Control
	mux     *http.ServeMux
	poster  *emulator.Poster

	mu         sync.Mutex
	messages   map[string]*message
	teams      map[string]bool
	removed    map[membership]bool
	cleared    map[session]bool
	broadcasts map[string]bool
	requestIDs *recent
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
		AppKey:     "demo0app0key0demo0app0key0demo00",
		AppSecret:  "0123456789ab",
		Window:     2 * time.Minute,
		control:    new(emulator.Control),
		mux:        http.NewServeMux(),
		poster:     newPoster(),
		messages:   make(map[string]*message),
		teams:      make(map[string]bool),
		removed:    make(map[membership]bool),
		cleared:    make(map[session]bool),
		broadcasts: make(map[string]bool),
		requestIDs: newRecent(maxRequestIDs),
	}
	s.handle("POST /nimserver/msg/recall.action", dialectV1(), s.recall)
	s.handle("POST /nimserver/msg/delMsgOneWay.action", dialectV1(), s.oneWay)
	s.handle("POST /nimserver/msg/delMsg.action", dialectV1(), s.deleteMessage)
	s.handle("POST /nimserver/msg/delRoamSession.action", dialectV1(), s.delRoamSession)
	s.handle("POST /nimserver/superteam/recallMsg.action", dialectV1(), s.recallSuperTeam)
	s.handle("POST /nimserver/chatroom/recall.action", dialectV1(), s.recallChatroom)
	s.handle("POST /nimserver/history/delBroadcastMsgById.action", dialectV1(), s.delBroadcast)
	s.handle("POST /nimserver/user/getUinfos.action", dialectV1(), s.getUinfos)
	// The vendor's pages and its SDKs differ on the base URL of version 2.
	s.handle("DELETE /"+pathV2, dialectV2(), s.withdraw)
	s.handle("DELETE /nimserver/"+pathV2, dialectV2(), s.withdraw)
	s.handle("GET /im/v2/accounts", dialectV2(), s.accountsV2)
	s.handle("GET /nimserver/im/v2/accounts", dialectV2(), s.accountsV2)
	return s
}

// endpoint returns the body to answer an authenticated request with.
type endpoint func(r *http.Request) string

// handle serves a path. Other paths and methods get the plain 404 and 405 of net/http: NetEase does not document its
// own answers to them.
func (s *Server) handle(pattern string, d dialect, e endpoint) {
	api := strings.Replace(pattern, "/nimserver/", "/", 1) // one API, wherever its base URL is
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body := s.authenticate(r.Header, d)
		switch {
		case body != "":
		case !s.admit(api):
			body = d.tooFast
		default:
			body = e(r)
		}
		emulator.Write(w, http.StatusOK, body)
	})
}

// BaseURL is the base URL of version 1, which a client takes for the host: Host in netease.Config.
func (s *Server) BaseURL() string { return s.URL + "/nimserver" }

// BaseURLV2 is the base URL of version 2: HostV2 in netease.Config. BaseURL does as well.
func (s *Server) BaseURLV2() string { return s.URL }

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
