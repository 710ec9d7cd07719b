package neteasetest

import (
	"net/http"
	"time"

	"github.com/imrecall/imrecall/internal/emulator"
)

// The methods below make hooks for Intercept: the faults that clients meet most. Any other is a http.HandlerFunc of the
// test's own. Their times are real: neither SetTime nor Advance changes them.

// Delay returns a hook that answers as usual after d. If the client gives up before that, nothing takes effect.
func (s *Server) Delay(d time.Duration) http.HandlerFunc { return emulator.Delay(s.Answer, d) }

// DelayAnswer returns a hook that lets the request take effect at once and sends the answer after d.
func (s *Server) DelayAnswer(d time.Duration) http.HandlerFunc {
	return emulator.DelayAnswer(s.Answer, d)
}

// Trickle returns a hook that lets the request take effect at once and sends the body of the answer byte by byte, d
// apart.
func (s *Server) Trickle(d time.Duration) http.HandlerFunc { return emulator.Trickle(s.Answer, d) }

// CutBefore returns a hook that closes the connection before the request takes effect.
func (s *Server) CutBefore() http.HandlerFunc { return emulator.CutBefore() }

// CutAfter returns a hook that closes the connection after the request has taken effect, in place of the answer: the
// client can't know what became of its message.
func (s *Server) CutAfter() http.HandlerFunc { return emulator.CutAfter(s.Answer) }

// Respond returns a hook that answers with this status and body in the vendor's place, as a gateway may. A body that is
// JSON is sent as JSON. Nothing takes effect.
func (s *Server) Respond(status int, body string) http.HandlerFunc {
	return emulator.Respond(status, body)
}

// SetLatency delays every request from now on by d, before it takes effect or meets a hook. If the client gives up
// before that, neither happens. 0 ends it.
func (s *Server) SetLatency(d time.Duration) { s.control.SetLatency(d) }
