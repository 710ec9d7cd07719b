package rest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// MaxBody is the longest answer that is read, after decompression.
const MaxBody = 1 << 20

var (
	errTooLong  = errors.New("the answer is longer than 1 MiB")
	errSwitched = errors.New("the server wants to speak another protocol")
)

// exchange sends one request and reads the whole answer. An error means that
// no whole answer came.
func (c *Client) exchange(ctx context.Context, host int, req *Request) (Answer, *wire, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	w := newWire(ctx, req, c.blind)
	if len(c.hosts.bases) > 1 {
		defer w.leaveTime(cancel).Stop()
	}
	var err error
	if w.url, err = c.hosts.address(host, req.Path); err != nil {
		return Answer{}, w, err
	}

	req.Header["User-Agent"] = c.values.userAgent
	req.Header["Accept"] = c.values.accept
	// The transport would ask for gzip too, with a second header of its own.
	req.Header["Accept-Encoding"] = c.values.gzip
	// This empty entry sends nothing. It lets the transport repeat a request
	// on a new connection when the server closed an idle one just then, as it
	// does for GET by itself: to recall twice is harmless.
	req.Header["Idempotency-Key"] = nil

	res, err := c.lean.send(w)
	if err != nil {
		w.late.Store(errors.Is(ctx.Err(), context.DeadlineExceeded))
		return Answer{}, w, err
	}
	body, err := c.readAll(ctx, res)
	if err != nil {
		w.late.Store(errors.Is(ctx.Err(), context.DeadlineExceeded))
		return Answer{}, w, err
	}
	return Answer{
		Status: res.StatusCode, Header: res.Header, Body: body, At: time.Now(),
	}, w, nil
}

// leaveTime ends an exchange that does not get a connection soon, for there
// is another host to try.
func (w *wire) leaveTime(end context.CancelFunc) *time.Timer {
	return time.AfterFunc(patience(w), func() {
		if !w.connected.Load() {
			end()
		}
	})
}

// patience is how long to try to connect to a host where there are others:
// at most half of the time that is left.
func patience(ctx context.Context) time.Duration {
	const longest = time.Second
	if deadline, ok := ctx.Deadline(); ok {
		return min(longest, time.Until(deadline)/2)
	}
	return longest
}

func (c *Client) readAll(ctx context.Context, res *http.Response) ([]byte, error) {
	defer res.Body.Close()
	if res.StatusCode == http.StatusSwitchingProtocols {
		return nil, errSwitched // its body is the bare connection, which no ctx ends
	}
	if c.blind {
		// A transport that is not net/http's may give a body that does not know ctx.
		stop := context.AfterFunc(ctx, func() { res.Body.Close() })
		defer stop()
	}
	body, err := readDecompressed(res)
	if over := ctx.Err(); err != nil && over != nil {
		return nil, over // and not how the body took it
	}
	return body, err
}

func readDecompressed(res *http.Response) ([]byte, error) {
	if res.ContentLength == 0 || !strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") {
		return readBounded(res.Body, res.ContentLength)
	}
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		return nil, err
	}
	return readBounded(z, 2*res.ContentLength)
}

// wire is the ctx of one exchange. It carries the request past resty, and
// counts what the transport did. The transport calls from goroutines of its
// own, and may do so after the exchange returned.
type wire struct {
	context.Context
	request *Request
	url     url.URL
	body    bytes.Reader // of the request's
	trace   httptrace.ClientTrace

	blind    bool         // the transport may not report at all
	conns    atomic.Int32 // connections asked for, counted if blind
	writes   atomic.Int32 // requests written whole
	answered atomic.Bool  // the first byte of an answer came

	connected atomic.Bool
	late      atomic.Bool  // the attempt's own time ran out
	wrote     atomic.Int64 // when the last request was written, in ns
	came      atomic.Int64 // when the first byte of the answer came
}

func newWire(ctx context.Context, req *Request, blind bool) *wire {
	w := &wire{request: req, blind: blind}
	w.trace.GotConn = func(httptrace.GotConnInfo) { w.connected.Store(true) }
	w.trace.GotFirstResponseByte = func() {
		w.answered.Store(true)
		w.came.Store(time.Now().UnixNano())
	}
	w.trace.WroteRequest = func(info httptrace.WroteRequestInfo) {
		if info.Err == nil {
			w.writes.Add(1)
			w.wrote.Store(time.Now().UnixNano())
		}
	}
	if blind {
		w.trace.GetConn = func(string) { w.conns.Add(1) }
	}
	w.Context = httptrace.WithClientTrace(ctx, &w.trace)
	return w
}

// mayHaveArrived tells whether the vendor may have got the request. A
// RoundTripper that reports nothing, such as a mock, may have sent it.
func (w *wire) mayHaveArrived() bool {
	return w.writes.Load() > 0 || w.blind && w.conns.Load() == 0
}

// phase tells what the exchange was at when it ended, for errors.
func (w *wire) phase() string {
	switch {
	case w.blind && w.conns.Load() == 0:
		return "waiting for"
	case !w.connected.Load():
		return "connecting to"
	case !w.answered.Load():
		return "waiting for an answer from"
	}
	return "reading the answer from"
}

// use is what the exchange means for a quota.
func (w *wire) use(answered bool) recall.CallEnd {
	end := recall.CallEnd{Sent: answered || w.mayHaveArrived(), Answered: answered}
	if wrote, came := w.wrote.Load(), w.came.Load(); answered && wrote != 0 && came > wrote {
		end.RoundTrip = time.Duration(came - wrote)
	}
	return end
}

// replayed tells whether the transport sent the request again by itself after
// a connection broke, so that the answer is to the second copy.
func (w *wire) replayed() bool { return w.writes.Load() > 1 }
