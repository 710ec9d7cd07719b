package rest

import (
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/go-resty/resty/v2"
)

// lean makes resty's requests without what is not needed here: each that
// resty makes has six maps and lists, which stay empty, and its header is
// copied twice on the way to the transport. It costs a third of what resty
// costs otherwise; internal/bench watches that.
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
	r.SetPreRequestHook(func(_ *resty.Client, req *http.Request) error {
		req.Header = none // withHeader sets it; http.Client would copy it before
		req.Host = ""     // that of the URL; http.Client copies the URL of a request that has both
		return nil
	})
	l := &lean{blank: *r.R().SetDoNotParseResponse(true)}
	// Resty fills in what is missing of these, and finds out what with regular
	// expressions.
	l.blank.Header = http.Header{"User-Agent": values.userAgent, "Accept": values.accept, "Content-Type": {"*/*"}}
	l.requests.New = func() any { r := l.blank; return &r }
	return l
}

// get returns a request whose header withHeader will take from w.
func (l *lean) get(w *wire) *resty.Request {
	return l.requests.Get().(*resty.Request).SetContext(w)
}

// put takes back a request that was executed.
func (l *lean) put(r *resty.Request) {
	*r = l.blank // so that no secret stays behind
	l.requests.Put(r)
}

// withHeader gives a request its header as the last step before the
// transport.
type withHeader struct{ http.RoundTripper }

func (t withHeader) RoundTrip(req *http.Request) (*http.Response, error) {
	if w, ok := req.Context().(*wire); ok {
		req.Header = w.header // the request is resty's, made for this exchange alone
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
