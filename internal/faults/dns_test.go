package faults

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// nameServer is a DNS server of one's own.
type nameServer struct {
	conn  net.PacketConn
	mode  atomic.Int32
	stops chan struct{}
}

// What a nameServer says to whoever asks.
const (
	unknownName = iota // there is no such name
	failing            // the server failed
	mute               // nothing
	garbled            // what is no answer
	loopback           // 127.0.0.1
)

func newNameServer(t *testing.T) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &nameServer{conn: conn, stops: make(chan struct{})}
	go s.serve()
	t.Cleanup(func() { conn.Close(); <-s.stops })
	return s
}

func (s *nameServer) serve() {
	defer close(s.stops)
	buf := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if answer := s.answer(buf[:n]); answer != nil {
			s.conn.WriteTo(answer, from)
		}
	}
}

// answer makes the answer to a query: a header of 12 bytes, the question,
// and for loopback one address.
func (s *nameServer) answer(query []byte) []byte {
	const header = 12
	name := bytes.IndexByte(query[header:], 0)
	if name < 0 {
		return nil
	}
	question := query[header : header+name+5]
	kind := binary.BigEndian.Uint16(question[name+1:])
	out := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
	switch s.mode.Load() {
	case unknownName:
		out[3] |= 3
	case failing:
		out[3] |= 2
	case mute:
		return nil
	case garbled:
		return []byte("no")
	case loopback:
		if kind == 1 { // an IPv4 address
			out[7] = 1
			out = append(out, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
		}
	}
	return out
}

// dial is for a transport that asks this server for names. Like the one of
// recall.NewTransport it gives up before the attempt does.
func (s *nameServer) dial(attempt time.Duration) func(ctx context.Context, network, addr string) (net.Conn, error) {
	toServer := func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "udp", s.conn.LocalAddr().String())
		if err != nil {
			return nil, err
		}
		return impatient{conn.(*net.UDPConn), attempt / 8}, nil
	}
	return (&net.Dialer{Timeout: attempt / 2, Resolver: &net.Resolver{PreferGo: true, Dial: toServer}}).DialContext
}

// impatient is a connection to a name server on which the resolver does not
// wait for 5 s, as it does by default, whether or not anybody still asks.
type impatient struct {
	*net.UDPConn

	patience time.Duration
}

func (c impatient) SetDeadline(time.Time) error {
	return c.UDPConn.SetDeadline(time.Now().Add(c.patience))
}

// A name that can't be resolved costs no more than the attempt's time, and
// nothing was applied.
func TestNames(t *testing.T) {
	for name, mode := range map[string]int32{
		"no such name": unknownName, "failing": failing, "mute": mute, "garbled": garbled,
	} {
		t.Run(name, func(t *testing.T) {
			forEachVendor(t, func(t *testing.T, v vendor) {
				t.Parallel()
				server := newNameServer(t)
				server.mode.Store(mode)
				ca := newAuthority(t)
				g := newGate(t, v, ca.issue(t, certificate{names: []string{"im.invalid"}}).listen)
				transport := ca.transport(t)
				attempt := attemptTime(mode == mute || mode == garbled)
				transport.DialContext = server.dial(attempt)
				var log logbook
				p := policy(attempt)
				p.Transport, p.Observer = transport, log.observer()
				c := opened(t, v, p, "https://im.invalid:"+port(g.addr))
				err := during(t, c, patient, unreached)
				hides(t, g.credentials(), err, &log)
				if mode == unknownName {
					var dns *net.DNSError
					require.ErrorAs(t, err, &dns)
					assert.True(t, dns.IsNotFound)
				}
				server.mode.Store(loopback)
				eventually(t, v, c)
			})
		})
	}
}

// A host that refuses connections, or does not answer them at all.
func TestNothingListens(t *testing.T) {
	forEachVendor(t, func(t *testing.T, v vendor) {
		t.Parallel()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		addr := listener.Addr().String()
		listener.Close()
		c := opened(t, v, policy(brief), "http://"+addr)
		during(t, c, patient, unreached)

		transport := recall.NewTransport()
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, 2*brief)
			defer cancel()
			<-ctx.Done() // as where a firewall drops every packet
			return nil, ctx.Err()
		}
		p := policy(brief)
		p.Transport = transport
		during(t, opened(t, v, p, "http://"+addr), patient, unreached)
	})
}
