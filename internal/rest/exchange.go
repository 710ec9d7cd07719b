package rest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// MaxBody is the longest answer that is read, after decompression.
const MaxBody = 1 << 20

const userAgent = "imrecall"

var errTooLong = errors.New("the answer is longer than 1 MiB")

// exchange sends one request and reads the whole answer. An error means that
// no whole answer came.
func (c *Client) exchange(ctx context.Context, base string, req *Request) (Answer, *wire, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	w := &wire{blind: c.blind}

	out := c.resty.R()
	out.Header = req.Header
	out.Header["User-Agent"] = []string{userAgent}
	// Without an Accept header resty searches the content type with regular
	// expressions on every request.
	out.Header["Accept"] = []string{"application/json"}
	// This empty entry sends nothing. It lets the transport repeat a request
	// on a new connection when the server closed an idle one just then, as it
	// does for GET by itself: to recall twice is harmless.
	out.Header["Idempotency-Key"] = nil
	out.SetContext(httptrace.WithClientTrace(ctx, w.trace())).SetDoNotParseResponse(true)
	if len(req.Body) > 0 {
		out.SetBody(bytes.NewReader(req.Body))
	}
	res, err := out.Execute(req.Method, base+req.Path)
	if err != nil {
		return Answer{}, w, err
	}
	body, err := readAll(res.RawResponse)
	if err != nil {
		return Answer{}, w, err
	}
	return Answer{
		Status: res.RawResponse.StatusCode, Header: res.RawResponse.Header, Body: body, At: time.Now(),
	}, w, nil
}

func readAll(res *http.Response) ([]byte, error) {
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > MaxBody {
		return nil, errTooLong
	}
	return body, nil
}

// wire counts what the transport did for one exchange. The transport calls
// from goroutines of its own, and may do so after the exchange returned.
type wire struct {
	blind    bool         // the transport may not report at all
	conns    atomic.Int32 // connections asked for
	writes   atomic.Int32 // requests written whole
	answered atomic.Bool  // the first byte of an answer came
}

func (w *wire) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:              func(string) { w.conns.Add(1) },
		GotFirstResponseByte: func() { w.answered.Store(true) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				w.writes.Add(1)
			}
		},
	}
}

// mayHaveArrived tells whether the vendor may have got the request. A
// RoundTripper that reports nothing, such as a mock, may have sent it.
func (w *wire) mayHaveArrived() bool {
	return w.writes.Load() > 0 || w.blind && w.conns.Load() == 0
}

// replayed tells whether the transport sent the request again by itself after
// a connection broke, so that the answer is to the second copy.
func (w *wire) replayed() bool { return w.writes.Load() > 1 }
