package faults

import (
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// changing is a TLS server whose certificate can be changed.
type changing struct {
	current atomic.Pointer[tls.Certificate]
}

func (c *changing) set(i issued) { cert := tls.Certificate(i); c.current.Store(&cert) }

func (c *changing) listen(l net.Listener) net.Listener {
	return tls.NewListener(l, &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	})
}

// A server that can't prove who it is gets no request; the same client works
// with it once it can.
func TestCertificates(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	loopback := certificate{names: []string{"127.0.0.1"}}
	good := ca.issue(t, loopback)
	for name, bad := range map[string]issued{
		"wrong name": ca.issue(t, certificate{names: []string{"im.example", "127.0.0.2"}}),
		"expired":    ca.issue(t, certificate{names: loopback.names, expired: true}),
		"unknown CA": stranger.issue(t, loopback),
	} {
		t.Run(name, func(t *testing.T) {
			forEachVendor(t, func(t *testing.T, v vendor) {
				var server changing
				server.set(bad)
				g := newGate(t, v, server.listen)
				var log logbook
				p := policy(patient)
				p.Transport, p.Observer = ca.transport(t), log.observer()
				c := opened(t, v, p, g.https())
				err := during(t, c, patient, wrongServer)
				hides(t, g.credentials(), err, &log)
				var unverified *tls.CertificateVerificationError
				require.ErrorAs(t, err, &unverified)
				assert.Equal(t, 1, err.Attempts, "repeating would not help")
				_, requests := g.seen()
				assert.Zero(t, requests)
				server.set(good)
				afterwards(t, v, c)
			})
		})
	}
}

// tlsFaults are servers that speak TLS badly or not at all.
func tlsFaults() map[string]trial {
	return map[string]trial{
		"plain HTTP": {func(c *exchange) { c.greeting(); io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, wrongServer},
		"no TLS":     {func(c *exchange) { c.greeting(); io.WriteString(c, "SSH-2.0-OpenSSH_9.2\r\n") }, wrongServer},
		"closed":     {func(c *exchange) { c.greeting() }, unreached},
		"reset":      {func(c *exchange) { c.greeting(); c.reset() }, unreached},
		"alert":      {func(c *exchange) { c.greeting(); io.WriteString(c, "\x15\x03\x03\x00\x02\x02\x28") }, unreached},
		"silent":     {func(c *exchange) { c.greeting(); c.untilHangUp() }, unreached},
	}
}

// greeting reads what the client says first.
func (c *exchange) greeting() {
	c.input.Peek(1)
	c.input.Discard(c.input.Buffered())
}

// A connection on which no TLS comes about carries no request.
func TestHandshakes(t *testing.T) {
	forEachVendor(t, func(t *testing.T, v vendor) {
		t.Parallel()
		ca := newAuthority(t)
		good := ca.issue(t, certificate{names: []string{"127.0.0.1"}})
		for name, tr := range tlsFaults() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				g := newGate(t, v, nil)
				g.meet(tr.fault)
				var log logbook
				p := policy(attemptTime(name == "silent"))
				p.Transport, p.Observer = ca.transport(t), log.observer()
				c := opened(t, v, p, g.https())
				err := during(t, c, patient, tr.want)
				hides(t, g.credentials(), err, &log)
				g.meet(func(c *exchange) {
					secure := tls.Server(c.Conn, &tls.Config{Certificates: []tls.Certificate{tls.Certificate(good)}})
					healthy(c.over(secure))
				})
				eventually(t, v, c)
			})
		}
	})
}
