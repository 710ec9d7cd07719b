package rest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-resty/resty/v2"
)

// gearPool keeps the gears that are not in use. They spare each exchange what
// resty would do for it, and is not needed here: a request of its own making has
// six maps and lists, which stay empty, its address is parsed twice, and its
// header is copied twice on the way to the transport. internal/bench watches
// what is left.
type gearPool struct {
	blank     resty.Request // what each request starts as
	given     bool          // the transport is the caller's
	blind     bool          // as in Client
	userAgent []string      // tells our requests from others'
	idle      sync.Pool     // of *gear, as new
}

// The values of headers that all requests have. Many headers share them, and
// nobody changes them.
type constants struct{ userAgent, accept, gzip []string }

func newConstants() constants {
	return constants{
		userAgent: []string{"imrecall"},
		accept:    []string{"application/json"},
		gzip:      []string{"gzip"},
	}
}

func newGearPool(r *resty.Client, values constants, given, blind bool) *gearPool {
	none := http.Header{}
	r.SetPreRequestHook(func(_ *resty.Client, out *http.Request) error {
		if w, ok := out.Context().(*wire); ok {
			w.fill(out)
		}
		out.Header = none // withHeader sets it; http.Client would copy it before
		return nil
	})
	p := &gearPool{blank: *r.R().SetDoNotParseResponse(true), given: given, blind: blind, userAgent: values.userAgent}
	// Resty fills in what is missing of this.
	p.blank.Header = http.Header{"User-Agent": values.userAgent}
	p.idle.New = func() any { return newGear(p) }
	return p
}

// gear is what one exchange needs and another can use after it: a request, a
// buffer for the answer, and counts of what the transport does.
type gear struct {
	pool    *gearPool
	request resty.Request
	body    []byte // of the answer

	sent  []byte                        // the body of the request
	again func() (io.ReadCloser, error) // reads it, for a repetition on another connection

	// trace counts what the transport does. The transport calls it from
	// goroutines of its own, after a failure perhaps when the exchange is long
	// over.
	trace   httptrace.ClientTrace // never changed once it is made
	asked   atomic.Int32          // for connections; counted if given
	conns   atomic.Int32          // connections got
	begun   atomic.Int32          // to write a request of ours; counted if blind
	tries   atomic.Int32          // to write the request
	writes  atomic.Int32          // of the whole of it
	answers atomic.Int32          // whose first byte came
	wrote   atomic.Int64          // when the last request was written, in ns
	came    atomic.Int64          // when the first byte of the answer came
}

func newGear(p *gearPool) *gear {
	g := &gear{pool: p, request: p.blank, body: make([]byte, 0, 512)}
	g.again = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(g.sent)), nil }
	g.trace.GotConn = func(httptrace.GotConnInfo) { g.conns.Add(1) }
	g.trace.GotFirstResponseByte = func() {
		g.came.Store(time.Now().UnixNano())
		g.answers.Add(1)
	}
	g.trace.WroteRequest = func(info httptrace.WroteRequestInfo) {
		if info.Err == nil {
			g.wrote.Store(time.Now().UnixNano())
			g.writes.Add(1)
		}
		g.tries.Add(1)
	}
	if p.given {
		g.trace.GetConn = func(string) { g.asked.Add(1) }
	}
	if p.blind {
		g.trace.WroteHeaderField = func(key string, values []string) {
			if strings.EqualFold(key, "User-Agent") && slices.Equal(values, p.userAgent) {
				g.begun.Add(1)
			}
		}
	}
	return g
}

func (p *gearPool) take() *gear { return p.idle.Get().(*gear) }

// longestBody bounds the buffers that are kept.
const longestBody = 16 << 10

// free lets others use the gear of an exchange that is over, if the transport
// is done with it: it reported one connection, one request and one answer, and
// has nothing left to report. That holds for our own transport, and for one that
// is reliable. With another, a dialer may report what it does for a connection
// that this exchange did not wait for. The answer's body is not to be used any
// more.
func (g *gear) free() {
	if g.pool.blind || g.conns.Load() != 1 || g.tries.Load() != 1 || g.answers.Load() != 1 || cap(g.body) > longestBody {
		return
	}
	g.request, g.sent = g.pool.blank, nil
	clear(g.body) // it may hold a token
	g.body = g.body[:0]
	g.asked.Store(0)
	g.conns.Store(0)
	g.tries.Store(0)
	g.writes.Store(0)
	g.answers.Store(0)
	g.wrote.Store(0)
	g.came.Store(0)
	g.pool.idle.Put(g)
}

func (g *gear) connected() bool { return g.conns.Load() > 0 }

// unheard tells whether the transport has reported nothing, and perhaps never
// will. Even an http.Transport may not: it hands requests to whatever was
// registered with it.
func (g *gear) unheard() bool { return g.pool.given && g.asked.Load() == 0 }
