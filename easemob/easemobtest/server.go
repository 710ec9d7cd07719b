package easemobtest

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/imrecall/imrecall/internal/emulator"
)

// applicationID stands for the UUID that Easemob gives to each application.
const applicationID = "8be024f0-e978-41e8-b697-5d598d5f8402"

// Server is the emulator. Close shuts it down. Its fields come filled with demo values; change them before the first
// request, not later. Its methods are safe for concurrent use.
type Server struct {
	*httptest.Server

	// Org and App name the one application that the server knows. The App Key is Org + "#" + App.
	Org, App string
	// Dialect is Easemob, Agora or Shengwang.
	Dialect string
	// AppID names the application in place of Org and App where Dialect is Shengwang. With AppCertificate it
	// is what the tokens of Agora and Shengwang are made from.
	AppID, AppCertificate string
	// ClientID and ClientSecret are what the token endpoint accepts.
	ClientID, ClientSecret string
	// TokenTTL is the life of a token whose request does not ask for another; 0 means forever.
	// NewServer sets 60 days.
	TokenTTL time.Duration
	// Window is how long after SentAt a message can be recalled without force. NewServer sets
	// Easemob's default of 2 minutes.
	Window time.Duration
	// RecallUnopened makes every recall fail, as for an App Key for which the recall service was not
	// switched on.
	RecallUnopened bool
	// RateLimit is how many calls to each API are answered in any second of the emulator's clock, before a 429
	// (reach_limit). Easemob's own limit is 100. The token endpoint takes three times as many, as at Easemob. NewServer
	// sets no limit: 0.
	RateLimit int
	// ConversationLimit is how many conversations each user can lose in any minute (user_channel), before a 429 likewise.
	// Easemob's own limit is 5. NewServer sets no limit: 0.
	ConversationLimit int
	// CallbackSecret is what callbacks are signed with; see SendCallbacks.
	CallbackSecret string
	// RoamingUnopened makes every deletion of roaming messages fail, as for an App Key for which that service
	// was not bought.
	RoamingUnopened bool

	control *emulator.Control
	poster  *emulator.Poster
	mux     *http.ServeMux

	mu       sync.Mutex
	messages map[string]*message
	tokens   map[string]*token
	signed   map[string]*token // made by a client, and seen here
	closed   map[conversation]bool
	events   int64 // how many recalls there were
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
		Org:            "demo-org",
		App:            "demo-app",
		AppID:          "0123456789abcdef0123456789abcdef",
		AppCertificate: "fedcba9876543210fedcba9876543210",
		ClientID:       "demo-client-id",
		ClientSecret:   "demo-client-secret",
		TokenTTL:       60 * 24 * time.Hour,
		Window:         2 * time.Minute,
		CallbackSecret: "demo-callback-secret",
		control:        new(emulator.Control),
		poster:         newPoster(),
		mux:            http.NewServeMux(),
		messages:       make(map[string]*message),
		tokens:         make(map[string]*token),
		signed:         make(map[string]*token),
		closed:         make(map[conversation]bool),
	}
	s.routes()
	return s
}

// BaseURL is what a client takes for the host: Host in easemob.Config.
func (s *Server) BaseURL() string { return s.URL }

// Answer gives the emulator's own answer to r. It neither logs r nor runs a hook: it is what a hook calls
// that wants the request to take effect and then, say, cuts the connection.
func (s *Server) Answer(w http.ResponseWriter, r *http.Request) { s.route(w, r) }

// Requests returns every request so far, token requests included, in the order of arrival. Each call
// returns copies of its own, with bodies that can be read.
func (s *Server) Requests() []*http.Request { return s.control.Requests() }

// KeepRequests limits Requests to the newest n, so that an emulator that runs for long does not grow with every
// request. 0 keeps none. Without it all are kept.
func (s *Server) KeepRequests(n int) { s.control.Keep(n) }

// Intercept queues hooks, each of which takes over one of the next requests: what CutAfter and its like return, or any
// other handler, which may answer something else, delay, or hijack the connection. They run in the order given; a nil
// hook leaves one request to the emulator. Token requests count too.
func (s *Server) Intercept(hooks ...http.HandlerFunc) { s.control.Intercept(hooks...) }

// Now is the emulator's time.
func (s *Server) Now() time.Time { return s.control.Now() }

// SetTime stops the emulator's clock at t. From then on only SetTime and Advance move it.
func (s *Server) SetTime(t time.Time) { s.control.SetTime(t) }

// Advance moves the emulator's clock by d.
func (s *Server) Advance(d time.Duration) { s.control.Advance(d) }
