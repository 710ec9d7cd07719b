package faults

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// storm is a vendor's server behind bad weather. What happens to a request is
// settled by the seed, the message and how often it has been seen before, so
// that it does not depend on the order in which requests come.
type storm struct {
	*backend
	seed uint64

	mu   sync.Mutex
	seen map[int]int // requests about each message that arrived whole
}

// received returns how many requests about a message arrived.
func (s *storm) received(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[n]
}

func (s *storm) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := 0
	for _, n := range s.seen {
		all += n
	}
	return all
}

// ServeHTTP does to a request what the weather says.
func (s *storm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // it did not arrive
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	n, about := s.about(body)
	if !about {
		s.answer(w, r) // a request for a token
		return
	}
	s.mu.Lock()
	nth := s.seen[n]
	s.seen[n]++
	s.mu.Unlock()
	random := rand.New(rand.NewPCG(s.seed, uint64(n)<<8+uint64(nth)))
	s.weather(random)(visit{storm: s, ResponseWriter: w, request: r, random: random})
}

// visit is one request and its answer.
type visit struct {
	*storm
	http.ResponseWriter
	request *http.Request
	random  *rand.Rand
}

// mishaps are what happens to one request in a hundred, several times where
// it is more frequent.
var mishaps = []func(visit){
	visit.cut, visit.cut, visit.cut, visit.reset, visit.reset,
	visit.applyThenCut, visit.applyThenCut, visit.applyThenCut, visit.applyThenReset, visit.applyThenReset,
	visit.applyThenHalf, visit.applyThenHalf, visit.applyThenHeaders,
	visit.gateway, visit.gateway, visit.applyThenGateway, visit.applyThenGateway,
	visit.garbage, visit.applyThenGarbage, visit.applyThenBomb, visit.redirect, visit.applyThenMark,
	visit.limited, visit.limited, visit.limited, visit.limited, visit.limited,
	visit.failed, visit.failed, visit.applyThenFailed,
	visit.silent, visit.applyThenSilent, visit.late,
	visit.slow, visit.slow, visit.slow, visit.slow, visit.slow, visit.slow, visit.slow, visit.slow,
	visit.closeAfter, visit.closeAfter,
}

// weather picks what happens to a request.
func (s *storm) weather(random *rand.Rand) func(visit) {
	if i := random.IntN(100); i < len(mishaps) {
		return mishaps[i]
	}
	return visit.plain
}

// plain is the vendor's own answer.
func (v visit) plain() { v.answer(v.ResponseWriter, v.request) }

// apply lets the request take effect and keeps the answer back.
func (v visit) apply() *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	v.answer(w, v.request)
	return w
}

// take takes over the connection, which its function closes.
func (v visit) take(use func(net.Conn)) {
	conn, _, err := http.NewResponseController(v.ResponseWriter).Hijack()
	if err == nil {
		use(conn)
		conn.Close()
	}
}

func (v visit) cut()   { v.take(func(net.Conn) {}) }
func (v visit) reset() { v.take(func(conn net.Conn) { conn.(*net.TCPConn).SetLinger(0) }) }

func (v visit) applyThenCut()   { v.apply(); v.cut() }
func (v visit) applyThenReset() { v.apply(); v.reset() }

// applyThenHalf sends half of an answer's body.
func (v visit) applyThenHalf() {
	body := v.apply().Body.String()
	v.take(func(conn net.Conn) {
		fmt.Fprintf(conn, ok+"Content-Length: %d\r\n\r\n%s", len(body), body[:len(body)/2])
	})
}

func (v visit) applyThenHeaders() {
	v.apply()
	v.take(func(conn net.Conn) { io.WriteString(conn, ok+"Content-Type: appl") })
}

// say answers with another text than the vendor's.
func (v visit) say(status int, body string) {
	v.WriteHeader(status)
	io.WriteString(v, body)
}

func (v visit) gateway()          { v.say(http.StatusBadGateway, page) }
func (v visit) applyThenGateway() { v.apply(); v.say(http.StatusGatewayTimeout, page) }
func (v visit) garbage()          { v.say(http.StatusOK, page) }
func (v visit) applyThenGarbage() { v.apply(); v.say(http.StatusOK, `{"code":2e2}`) }
func (v visit) applyThenMark()    { body := v.apply().Body.String(); v.say(http.StatusOK, "\ufeff"+body) }
func (v visit) failed()           { v.say(http.StatusInternalServerError, v.failure) }
func (v visit) applyThenFailed()  { v.apply(); v.say(http.StatusInternalServerError, v.failure) }

// limited refuses a call too many.
func (v visit) limited() {
	status := http.StatusTooManyRequests
	if v.limitedStatus != 0 {
		status = v.limitedStatus
	}
	v.say(status, v.tooFast)
}

// applyThenBomb sends a small compressed answer that is a long one: rarely,
// as it takes the race detector a while.
func (v visit) applyThenBomb() {
	v.apply()
	if v.random.IntN(8) > 0 {
		v.say(http.StatusOK, "")
		return
	}
	v.Header().Set("Content-Encoding", "gzip")
	v.Write(packed())
	v.Write(packed())
}

var packed = sync.OnceValue(bomb)

func (v visit) redirect() {
	v.Header().Set("Location", "http://127.0.0.1:1/")
	v.say(http.StatusTemporaryRedirect, "")
}

// hungUp waits until the client has given up.
func (v visit) hungUp() { <-v.request.Context().Done() }

// rarely is for what costs the client all the time of an attempt, which is long
// so that a busy machine has enough for all others.
func (v visit) rarely(mishap func()) {
	if v.random.IntN(4) > 0 {
		v.plain()
		return
	}
	mishap()
}

func (v visit) silent()          { v.rarely(v.hungUp) }
func (v visit) applyThenSilent() { v.rarely(func() { v.apply(); v.hungUp() }) }

// late lets the request take effect after the client has given up.
func (v visit) late() { v.rarely(func() { v.hungUp(); v.apply() }) }

// slow answers in time, but not at once.
func (v visit) slow() {
	timer := time.NewTimer(time.Duration(v.random.IntN(20)) * time.Millisecond)
	defer timer.Stop()
	<-timer.C
	v.plain()
}

// closeAfter closes the connection after the answer, without a word.
func (v visit) closeAfter() {
	w := v.apply()
	body := w.Body.String()
	v.take(func(conn net.Conn) {
		fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n\r\n%s", w.Code, strings.ToUpper(http.StatusText(w.Code)), len(body), body)
	})
}
