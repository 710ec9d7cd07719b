package rest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// wire is the ctx of one exchange. It carries the request past resty, and knows
// what the transport did with it.
type wire struct {
	context.Context
	gear    *gear
	request *Request
	url     url.URL
	body    bytes.Reader // of the request's
	late    bool         // the attempt's own time ran out
	callers *httptrace.ClientTrace
}

func newWire(ctx context.Context, req *Request, g *gear) *wire {
	trace, callers := &g.trace, httptrace.ContextClientTrace(ctx)
	if callers != nil {
		shared := g.trace // the caller's functions are added to these
		trace = &shared
	}
	return &wire{Context: httptrace.WithClientTrace(ctx, trace), gear: g, request: req, callers: callers}
}

type wireKey struct{}

// Value also knows the wire itself.
func (w *wire) Value(key any) any {
	if _, ok := key.(wireKey); ok {
		return w
	}
	return w.Context.Value(key)
}

// dialing is the ctx of a dialer. It has the caller's trace only: what a
// resolver of the application's does with it, perhaps for a connection that the
// exchange does not wait for, is no news of our request.
type dialing struct{ context.Context }

func (d dialing) Value(key any) any {
	value := d.Context.Value(key)
	if _, ok := value.(*httptrace.ClientTrace); ok {
		if w, ok := d.Context.Value(wireKey{}).(*wire); ok {
			return w.callers
		}
	}
	return value
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func untraced(dial dialer) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return dial(dialing{ctx}, network, address)
	}
}

// Format keeps the request, and so the secrets in it, out of the logs of a
// caller's transport or dialer, which prints its ctx.
func (w *wire) Format(f fmt.State, _ rune) { fmt.Fprint(f, w.Context, ".imrecall") }

// send executes the request. Whoever gets the response closes its body.
func (w *wire) send() (*http.Response, error) {
	res, err := w.gear.request.SetContext(w).Execute(http.MethodGet, nowhere)
	if err != nil {
		return nil, err
	}
	return res.RawResponse, nil
}

// nowhere is the shortest address there is: resty parses the one that it
// gets, writes it out and parses it again. The hook puts in the real one.
const nowhere = "x:"

// fill turns the empty request that resty prepared into the one to send, except
// for its header. Its Host stays empty, which stands for the URL's: http.Client
// copies the URL of a request that has both.
func (w *wire) fill(out *http.Request) {
	out.Method, out.URL = w.request.Method, &w.url
	if len(w.request.Body) == 0 {
		return
	}
	w.body.Reset(w.request.Body)
	out.Body = io.NopCloser(&w.body)
	out.ContentLength = w.body.Size()
	w.gear.sent, out.GetBody = w.request.Body, w.gear.again
}

// mayHaveArrived tells whether the vendor may have got the request. A
// RoundTripper that reports nothing, such as a mock, may have sent it, and
// HTTP/2 does not wait for what it is writing where the ctx ends.
func (w *wire) mayHaveArrived() bool {
	g := w.gear
	return g.writes.Load() > 0 || g.unheard() || g.pool.blind && g.conns.Load() > g.tries.Load()
}

// phase tells what the exchange was at when it ended, for errors.
func (w *wire) phase() string {
	switch {
	case w.gear.unheard():
		return "waiting for"
	case !w.gear.connected():
		return "connecting to"
	case !w.answered():
		return "waiting for an answer from"
	}
	return "reading the answer from"
}

// use is what the exchange means for a quota.
func (w *wire) use(answered bool) recall.CallEnd {
	end := recall.CallEnd{Sent: answered || w.mayHaveArrived(), Answered: answered}
	if wrote, came := w.gear.wrote.Load(), w.gear.came.Load(); answered && wrote != 0 && came > wrote {
		end.RoundTrip = time.Duration(came - wrote)
	}
	return end
}

// replayed tells whether the transport sent the request again by itself after
// a connection broke, so that the answer is to the second copy. A caller's
// transport may have sent others with the same ctx, such as one for a token.
func (w *wire) replayed() bool {
	if begun := w.gear.begun.Load(); begun > 0 {
		return begun > 1
	}
	return w.gear.writes.Load() > 1
}

// answered tells whether the first byte of an answer came.
func (w *wire) answered() bool { return w.gear.answers.Load() > 0 }

// withHeader gives a request its header as the last step before the
// transport.
type withHeader struct{ http.RoundTripper }

func (t withHeader) RoundTrip(req *http.Request) (*http.Response, error) {
	if w, ok := req.Context().(*wire); ok {
		req.Header = w.request.Header // the request is resty's, made for this exchange alone
		if w.gear.pool.blind {
			req.Header = req.Header.Clone() // some change values, which requests share
		}
	}
	return t.RoundTripper.RoundTrip(req)
}
