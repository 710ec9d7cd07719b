package rest

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/go-resty/resty/v2"
)

// lean makes resty's requests without what is not needed here: each that
// resty makes has six maps and lists, which stay empty, its address is parsed
// twice, and its header is copied twice on the way to the transport. It costs a
// quarter of what resty costs otherwise; internal/bench watches that.
type lean struct {
	blank    resty.Request // what each request starts as
	requests sync.Pool     // of *resty.Request, blank
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

func newLean(r *resty.Client, values constants) *lean {
	none := http.Header{}
	r.SetPreRequestHook(func(_ *resty.Client, out *http.Request) error {
		if w, ok := out.Context().(*wire); ok {
			w.fill(out)
		}
		out.Header = none // withHeader sets it; http.Client would copy it before
		return nil
	})
	l := &lean{blank: *r.R().SetDoNotParseResponse(true)}
	// Resty fills in what is missing of this.
	l.blank.Header = http.Header{"User-Agent": values.userAgent}
	l.requests.New = func() any { r := l.blank; return &r }
	return l
}

// send executes the request of an exchange. Whoever gets the response closes
// its body.
func (l *lean) send(w *wire) (*http.Response, error) {
	r := l.requests.Get().(*resty.Request)
	res, err := r.SetContext(w).Execute(http.MethodGet, nowhere)
	*r = l.blank // so that no secret stays behind
	l.requests.Put(r)
	if err != nil {
		return nil, err
	}
	return res.RawResponse, nil
}

// nowhere is the shortest address there is: resty parses the one that it
// gets, writes it out and parses it again. The hook puts in the real one.
const nowhere = "x:"

// fill makes the empty request that resty prepared into the one to send, but
// for its header.
func (w *wire) fill(out *http.Request) {
	out.Method, out.URL = w.request.Method, &w.url
	if len(w.request.Body) == 0 {
		return
	}
	w.body.Reset(w.request.Body)
	out.Body = io.NopCloser(&w.body)
	out.ContentLength = w.body.Size()
	out.GetBody = func() (io.ReadCloser, error) { // for a repetition on another connection
		return io.NopCloser(bytes.NewReader(w.request.Body)), nil
	}
}

// withHeader gives a request its header as the last step before the
// transport.
type withHeader struct{ http.RoundTripper }

func (t withHeader) RoundTrip(req *http.Request) (*http.Response, error) {
	if w, ok := req.Context().(*wire); ok {
		req.Header = w.request.Header // the request is resty's, made for this exchange alone
	}
	return t.RoundTripper.RoundTrip(req)
}

// readBounded reads up to MaxBody bytes. What is known of their number saves
// memory, and is not believed.
func readBounded(r io.Reader, length int64) ([]byte, error) {
	body := make([]byte, 0, min(max(length+1, 64), 4096))
	for {
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > MaxBody:
			return nil, errTooLong
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, err
		case len(body) == cap(body):
			body = slices.Grow(body, 1)
		}
	}
}
