package rest

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
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
	w := newWire(ctx, req, c.gears.take())
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

	res, err := w.send()
	if err != nil {
		w.late = errors.Is(ctx.Err(), context.DeadlineExceeded)
		return Answer{}, w, err
	}
	w.gear.body, err = c.readAll(ctx, res, w.gear.body)
	if err != nil {
		w.late = errors.Is(ctx.Err(), context.DeadlineExceeded)
		return Answer{}, w, err
	}
	return Answer{
		Status: res.StatusCode, Header: res.Header, Body: w.gear.body, At: time.Now(),
	}, w, nil
}

// leaveTime ends an exchange that does not get a connection soon, for there
// is another host to try.
func (w *wire) leaveTime(end context.CancelFunc) *time.Timer {
	return time.AfterFunc(patience(w), func() {
		if !w.gear.connected() && !w.gear.unheard() {
			end()
		}
	})
}

// patience is how long to try to connect to a host where there are others:
// at most half of the time that is left, also to who waits for the call.
func patience(ctx context.Context) time.Duration {
	longest := time.Second
	if deadline, ok := ctx.Deadline(); ok {
		longest = min(longest, time.Until(deadline)/2)
	}
	if awaited, ok := ctx.Value(awaitedKey{}).(time.Time); ok && time.Until(awaited) > 0 {
		longest = min(longest, time.Until(awaited)/2)
	}
	return longest
}

type awaitedKey struct{}

// Awaited has a call that outlives ctx know until when the caller waits, so
// that it does not spend all of that time on a host that nobody can reach.
func Awaited(ctx context.Context) context.Context {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithValue(ctx, awaitedKey{}, deadline)
	}
	return ctx
}

// readAll reads the body of an answer into buffer, or into a longer one.
func (c *Client) readAll(ctx context.Context, res *http.Response, buffer []byte) ([]byte, error) {
	defer res.Body.Close()
	if res.StatusCode == http.StatusSwitchingProtocols {
		return buffer, errSwitched // its body is the bare connection, which no ctx ends
	}
	if c.blind {
		// A caller's transport may give a body that does not know ctx.
		stop := context.AfterFunc(ctx, func() { res.Body.Close() })
		defer stop()
	}
	body, err := readDecompressed(res, buffer)
	if over := ctx.Err(); err != nil && over != nil {
		return body, over // and not how the body took it
	}
	return body, err
}

func readDecompressed(res *http.Response, buffer []byte) ([]byte, error) {
	if res.ContentLength == 0 || !strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") {
		return readBounded(res.Body, res.ContentLength, buffer)
	}
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		return buffer, err
	}
	return readBounded(z, 2*res.ContentLength, buffer)
}

// readBounded reads up to MaxBody bytes into body, which is empty, or a longer
// one. What is known of their number saves memory, and is not believed.
func readBounded(r io.Reader, length int64, body []byte) ([]byte, error) {
	body = slices.Grow(body, int(min(max(length+1, 64), 4096)))
	for {
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > MaxBody:
			return body, errTooLong
		case err == io.EOF:
			return body, nil
		case err != nil:
			return body, err
		case len(body) == cap(body):
			body = slices.Grow(body, 1)
		}
	}
}
