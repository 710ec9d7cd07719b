// Package vendortest holds what the tests of the vendors' packages have in
// common: a vendor's server that keeps what it receives and answers as a test
// says, servers that repeat a request with the secrets in it, an application's
// server for callbacks, and a look at what a printed value shows. Only tests
// import it; it reports by what it returns, and so needs no testing package.
package vendortest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
)

// Request is one request as a server got it.
type Request struct {
	Method, URI string // URI as on the wire: escaped path and query
	Header      http.Header
	Body        string
}

// Server is a real HTTP server that keeps what it receives.
type Server struct {
	*httptest.Server

	mu  sync.Mutex
	got []Request
}

// NewServer starts a server, which its caller closes.
func NewServer(answer http.HandlerFunc) *Server {
	s := new(Server)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.keep(read(r))
		answer(w, r)
	}))
	return s
}

func (s *Server) keep(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, r)
}

// Requests returns what the server received so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// read reads a request, and leaves its body to be read again.
func read(r *http.Request) Request {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return Request{Method: r.Method, URI: r.RequestURI, Header: r.Header.Clone(), Body: string(body)}
}

// Answering returns a handler that gives every request the same answer.
func Answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// HangUp cuts the connection without an answer.
func HangUp(w http.ResponseWriter, _ *http.Request) { answerRaw(w, "") }

// answerRaw answers with bytes that need not be HTTP, and cuts the connection.
func answerRaw(w http.ResponseWriter, text string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	io.WriteString(conn, text)
	conn.Close()
}

// InTurn returns a handler that leaves the first request to the first handler,
// and so on; the last one stays.
func InTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		handlers[min(int(n.Add(1)), len(handlers))-1](w, r)
	}
}

// Silent returns a transport to a server in memory that reads every request
// and never answers. It works inside a synctest bubble.
func Silent() *http.Transport {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go io.Copy(io.Discard, theirs)
		return ours, nil
	}}
}
