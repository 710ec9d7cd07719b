// Package emulate runs the emulators of all vendors on ports of the caller's choice, for tests in any language.
package emulate

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http/httptest"
	"slices"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// Options are how the emulators behave.
type Options struct {
	Listen                   string        // the address to listen on, without a port
	Easemob, NetEase, GoEasy int           // ports; 0 for a free one
	Window                   time.Duration // for which a message can be recalled; GoEasy has none
	Latency                  time.Duration
	FailRate                 float64 // the share of requests that are answered 503 and have no effect
	RateLimit                int     // calls a second and API; 0 for no limit
}

// Vendor is an emulator that runs.
type Vendor struct {
	Vendor string            `json:"vendor"`
	URL    string            `json:"url"`
	Config map[string]string `json:"config"` // its settings in a configuration file; the secrets are the emulator's
	Seeds  int               `json:"seeds"`  // messages that were put into it

	server *httptest.Server
	close  func()
	hosts  map[string]func() string // what Config names once the server listens
	chats  []recall.ChatType
	add    func(recall.Request)
}

// Emulators are all that run.
type Emulators struct{ Vendors []*Vendor }

// keptRequests is how many requests an emulator remembers: nobody asks for them here.
const keptRequests = 0

// Start starts the emulators.
func Start(ctx context.Context, opts Options) (*Emulators, error) {
	out := &Emulators{}
	for _, start := range []struct {
		vendor *Vendor
		port   int
	}{
		{newEasemob(opts), opts.Easemob},
		{newNetEase(opts), opts.NetEase},
		{newGoEasy(opts), opts.GoEasy},
	} {
		// Appended first: what is in the list is closed.
		out.Vendors = append(out.Vendors, start.vendor)
		server := start.vendor.server
		if err := listen(ctx, server, opts.Listen, start.port); err != nil {
			out.Close()
			return nil, fmt.Errorf("%s: %w", start.vendor.Vendor, err)
		}
		server.Config.Handler = weather(server.Config.Handler, opts.FailRate, opts.Latency)
		server.Start()
		if address, ok := server.Listener.Addr().(*net.TCPAddr); ok && address.IP.IsUnspecified() {
			server.URL = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(address.Port)) // nobody can call all addresses
		}
		start.vendor.URL = server.URL
		for setting, base := range start.vendor.hosts {
			start.vendor.Config[setting] = base()
		}
	}
	return out, nil
}

// Close ends the emulators when the requests that are under way are answered.
func (e *Emulators) Close() {
	for _, v := range e.Vendors {
		v.close()
	}
}

// listen replaces the listener of a server that is not started.
func listen(ctx context.Context, server *httptest.Server, address string, port int) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	_ = server.Listener.Close()
	server.Listener = listener
	return nil
}

func newEasemob(opts Options) *Vendor {
	s := easemobtest.NewUnstartedServer()
	s.Window = opts.Window
	s.KeepRequests(keptRequests)
	s.RateLimit = opts.RateLimit
	s.SetLatency(opts.Latency)
	chats := map[recall.ChatType]string{
		recall.ChatDirect: easemobtest.ChatSingle, recall.ChatGroup: easemobtest.ChatGroup, recall.ChatRoom: easemobtest.ChatRoom,
	}
	return &Vendor{
		chats:  slices.Sorted(maps.Keys(chats)),
		Vendor: "easemob", server: s.Server, close: s.Close, hosts: map[string]func() string{"host": s.BaseURL},
		Config: map[string]string{
			"vendor": "easemob", "app_key": s.Org + "#" + s.App, "client_id": s.ClientID, "client_secret": s.ClientSecret,
		},
		add: func(r recall.Request) {
			s.Add(easemobtest.Message{ID: r.MessageID, From: r.From, To: r.To, Chat: chats[r.Chat], SentAt: r.SentAt})
		},
	}
}

func newNetEase(opts Options) *Vendor {
	s := neteasetest.NewUnstartedServer()
	s.Window = opts.Window
	s.KeepRequests(keptRequests)
	s.RateLimit = opts.RateLimit
	s.SetLatency(opts.Latency)
	types := map[recall.ChatType]int{
		recall.ChatDirect: neteasetest.TypeP2P, recall.ChatGroup: neteasetest.TypeTeam,
		recall.ChatSuperGroup: neteasetest.TypeSuperTeam, recall.ChatRoom: neteasetest.TypeChatroom,
	}
	return &Vendor{
		chats:  slices.Sorted(maps.Keys(types)),
		Vendor: "netease", server: s.Server, close: s.Close, hosts: map[string]func() string{"host": s.BaseURL, "host_v2": s.BaseURLV2},
		Config: map[string]string{"vendor": "netease", "app_key": s.AppKey, "app_secret": s.AppSecret},
		add: func(r recall.Request) {
			s.Add(neteasetest.Message{ID: r.MessageID, From: r.From, To: r.To, Type: types[r.Chat], SentAt: r.SentAt})
		},
	}
}

func newGoEasy(opts Options) *Vendor {
	s := goeasytest.NewUnstartedServer()
	s.KeepRequests(keptRequests)
	s.RateLimit = opts.RateLimit
	s.SetLatency(opts.Latency)
	return &Vendor{
		chats:  []recall.ChatType{recall.ChatDirect, recall.ChatGroup},
		Vendor: "goeasy", server: s.Server, close: s.Close, hosts: map[string]func() string{"host": s.BaseURL},
		Config: map[string]string{"vendor": "goeasy", "rest_key": s.RestKey},
		add: func(r recall.Request) {
			m := goeasytest.Message{ID: r.MessageID, From: r.From, SentAt: r.SentAt}
			if r.Chat == recall.ChatGroup {
				m.GroupID = r.To
			} else {
				m.To = r.To
			}
			s.Add(m)
		},
	}
}
