package emulator_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
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

// controls are what every vendor's emulator offers a test, under the same names.
type controls interface {
	Close()
	Start()
	Client() *http.Client

	BaseURL() string
	Requests() []*http.Request
	KeepRequests(n int)
	Intercept(hooks ...http.HandlerFunc)
	SetLatency(d time.Duration)
	Answer(w http.ResponseWriter, r *http.Request)

	Delay(d time.Duration) http.HandlerFunc
	DelayAnswer(d time.Duration) http.HandlerFunc
	Trickle(d time.Duration) http.HandlerFunc
	CutBefore() http.HandlerFunc
	CutAfter() http.HandlerFunc
	Respond(status int, body string) http.HandlerFunc

	Now() time.Time
	SetTime(t time.Time)
	Advance(d time.Duration)
	Recalled(id string) bool
	WaitCallbacks(ctx context.Context) error
}

// emulated is an emulator that does not answer yet. It holds the message "1" from user1 to user2.
type emulated struct {
	controls

	http    *httptest.Server
	path    string // of BaseURL
	message recall.Request
	connect func(recall.Policy) (recall.Provider, error)
}

func emulators() map[string]func() emulated {
	message := recall.Request{MessageID: "1", Chat: recall.ChatDirect, From: "user1", To: "user2"}
	return map[string]func() emulated{
		"easemob": func() emulated {
			s := easemobtest.NewUnstartedServer()
			message.SentAt = s.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: easemobtest.ChatSingle}).SentAt
			return emulated{s, s.Server, "", message, func(p recall.Policy) (recall.Provider, error) {
				return easemob.New(easemob.Config{
					Host: s.BaseURL(), Org: s.Org, App: s.App, ClientID: s.ClientID, ClientSecret: s.ClientSecret, Policy: p,
				})
			}}
		},
		"netease": func() emulated {
			s := neteasetest.NewUnstartedServer()
			message.SentAt = s.Add(neteasetest.Message{ID: "1", From: "user1", To: "user2", Type: neteasetest.TypeP2P}).SentAt
			return emulated{s, s.Server, "/nimserver", message, func(p recall.Policy) (recall.Provider, error) {
				return netease.New(netease.Config{Host: s.BaseURL(), AppKey: s.AppKey, AppSecret: s.AppSecret, Policy: p})
			}}
		},
		"goeasy": func() emulated {
			s := goeasytest.NewUnstartedServer()
			message.SentAt = s.Add(goeasytest.Message{ID: "1", From: "user1", To: "user2"}).SentAt
			return emulated{s, s.Server, "", message, func(p recall.Policy) (recall.Provider, error) {
				return goeasy.New(goeasy.Config{Host: s.BaseURL(), AppKey: s.AppKey, Policy: p})
			}}
		},
	}
}

// What each hook of an emulator does to the call that it meets: whether that is answered, and whether it took effect.
func TestHooksOfEmulators(t *testing.T) {
	const short = time.Millisecond
	hooks := map[string]struct {
		hook     func(controls) http.HandlerFunc
		fails    string // with this text; empty: the call succeeds
		recalled bool
	}{
		"Delay":       {func(c controls) http.HandlerFunc { return c.Delay(short) }, "", true},
		"DelayAnswer": {func(c controls) http.HandlerFunc { return c.DelayAnswer(short) }, "", true},
		"Trickle":     {func(c controls) http.HandlerFunc { return c.Trickle(time.Microsecond) }, "", true},
		"Answer":      {func(c controls) http.HandlerFunc { return c.Answer }, "", true},
		"CutBefore":   {func(c controls) http.HandlerFunc { return c.CutBefore() }, "EOF", false},
		"CutAfter":    {func(c controls) http.HandlerFunc { return c.CutAfter() }, "EOF", true},
		"Respond":     {func(c controls) http.HandlerFunc { return c.Respond(502, "<html>Bad Gateway") }, "<html>Bad Gateway", false},
	}
	for vendor, start := range emulators() {
		for name, tt := range hooks {
			t.Run(vendor+" "+name, func(t *testing.T) {
				e := start()
				e.Start()
				t.Cleanup(e.Close)
				transport := recall.NewTransport()
				t.Cleanup(transport.CloseIdleConnections)
				provider, err := e.connect(recall.Policy{Transport: transport, Rate: -1, Retry: recall.Retry{Attempts: 1}})
				require.NoError(t, err)
				if pinger, ok := provider.(interface{ Ping(context.Context) error }); assert.True(t, ok) {
					require.NoError(t, pinger.Ping(t.Context()), "the client has what it needs, such as a token")
				}
				transport.CloseIdleConnections() // or the transport would send again what a server cut

				e.SetLatency(time.Microsecond)
				e.Intercept(tt.hook(e))
				_, err = provider.RecallMessage(t.Context(), e.message)
				if tt.fails == "" {
					assert.NoError(t, err)
				} else {
					assert.ErrorContains(t, err, tt.fails)
				}
				assert.Equal(t, tt.recalled, e.Recalled("1"))
			})
		}
	}
}

// An emulator that was not started may be given another listener, and a handler before its own.
func TestUnstartedEmulators(t *testing.T) {
	for vendor, start := range emulators() {
		t.Run(vendor, func(t *testing.T) {
			e := start()
			t.Cleanup(e.Close)
			listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			require.NoError(t, err)
			require.NoError(t, e.http.Listener.Close())
			e.http.Listener = listener
			own := e.http.Config.Handler
			e.http.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Wrapped", "yes")
				own.ServeHTTP(w, r)
			})
			e.KeepRequests(1)
			e.Start()

			assert.Equal(t, "http://"+listener.Addr().String()+e.path, e.BaseURL())
			for _, path := range []string{"/first", "/second"} {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.http.URL+path, http.NoBody)
				require.NoError(t, err)
				resp, err := e.Client().Do(req)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				assert.Equal(t, "yes", resp.Header.Get("X-Wrapped"))
				assert.GreaterOrEqual(t, resp.StatusCode, 400, "the emulator answered")
			}
			if log := e.Requests(); assert.Len(t, log, 1) {
				assert.Equal(t, "/second", log[0].URL.Path)
			}
		})
	}
}
