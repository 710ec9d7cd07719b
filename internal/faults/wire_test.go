package faults

import (
	"context"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// trial is a fault and how a call that meets it may end.
type trial struct {
	fault fault
	want  ending
}

// run lets a call meet the fault, and another come after it.
func (tr trial) run(t *testing.T, v vendor) {
	t.Helper()
	g := newGate(t, v, nil)
	g.meet(tr.fault)
	var log logbook
	p := policy(patient)
	p.Observer = log.observer()
	c := opened(t, v, p, g.http())
	err := during(t, c, patient, tr.want)
	hides(t, g.credentials(), err, &log)
	g.meet(nil)
	afterwards(t, v, c)
}

// raw answers a request with a text, byte for byte, and closes the
// connection.
func raw(text string) fault {
	return func(c *exchange) {
		if c.request() != nil {
			io.WriteString(c, text)
		}
	}
}

// rawThenReset is raw with a connection that is not closed but reset.
func rawThenReset(text string) fault {
	return func(c *exchange) {
		if c.request() != nil {
			io.WriteString(c, text)
			c.reset()
		}
	}
}

const (
	ok      = "HTTP/1.1 200 OK\r\n"
	chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
)

// wireFaults are connections that break, and what is not HTTP.
func wireFaults() map[string]trial {
	binary := make([]byte, 4096)
	rand.NewChaCha8([32]byte{}).Read(binary)
	return map[string]trial{
		"reset when it connects":     {func(c *exchange) { c.reset() }, ending{kinds: broken.kinds, applied: either}},
		"reset before the answer":    {rawThenReset(""), broken},
		"reset in the headers":       {rawThenReset(ok + "Content-Le"), broken},
		"reset in the body":          {rawThenReset(ok + "Content-Length: 100\r\n\r\n{\"code\":200"), broken},
		"reset after the answer":     {resetAfterAnswer, ending{kinds: broken.kinds, applied: maybe, yes: true}},
		"closed when it connects":    {func(*exchange) {}, ending{kinds: broken.kinds, applied: either}},
		"closed before the answer":   {raw(""), broken},
		"closed in the status line":  {raw("HTTP/1.1 2"), ending{kinds: []recall.Kind{recall.ErrUnavailable, recall.ErrBadResponse}, applied: maybe}},
		"truncated headers":          {raw(ok + "Content-Le"), broken},
		"truncated body":             {truncated, broken},
		"chunk cut":                  {raw(chunked + "40\r\n{\"code\":200"), broken},
		"cut between chunks":         {cutBetweenChunks, broken},
		"chunk that is none":         {raw(chunked + "zz\r\n{\"code\":200}\r\n0\r\n\r\n"), unreadable},
		"two lengths":                {raw(ok + "Content-Length: 1\r\nContent-Length: 12\r\n\r\n{\"code\":200}"), unreadable},
		"negative length":            {raw(ok + "Content-Length: -1\r\n\r\n{\"code\":200}"), unreadable},
		"interim answers for ever":   {interim, unreadable},
		"another protocol":           {raw("SSH-2.0-OpenSSH_9.2\r\n\r\n"), unreadable},
		"binary":                     {raw(string(binary)), unreadable},
		"a long line":                {raw(strings.Repeat("\x00", 60_000) + "\r\n\r\n"), unreadable},
		"a long header that is none": {raw(ok + strings.Repeat("x", 60_000) + "\r\n\r\n"), broken},
		"a bare page without HTTP":   {raw("<html><body>welcome</body></html>\r\n\r\n"), unreadable},
		"a server of TLS":            {raw("\x15\x03\x01\x00\x02\x02\x46"), unreadable},
		"the request in the status":  {echoInStatus, unreadable},
		"the request in the headers": {echoInHeaders, broken},
	}
}

func resetAfterAnswer(c *exchange) {
	if req := c.request(); req != nil {
		c.answer(req)
		c.reset()
	}
}

func truncated(c *exchange) {
	if c.request() != nil {
		io.WriteString(c, ok+"Content-Length: 1000\r\n\r\n"+c.gate.vendor.answer())
	}
}

// cutBetweenChunks sends all there is to say, but not the end of the answer.
func cutBetweenChunks(c *exchange) {
	if c.request() != nil {
		answer := c.gate.vendor.answer()
		io.WriteString(c, chunked+strconv.FormatInt(int64(len(answer)), 16)+"\r\n"+answer+"\r\n")
	}
}

func interim(c *exchange) {
	if c.request() == nil {
		return
	}
	for {
		if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"); err != nil {
			return
		}
	}
}

func echoInStatus(c *exchange) {
	if req := c.request(); req != nil {
		io.WriteString(c, "HTTP/"+oneWord.Replace(echo(req))+" 200 OK\r\n\r\n")
	}
}

func echoInHeaders(c *exchange) {
	if req := c.request(); req != nil {
		io.WriteString(c, ok+oneWord.Replace(echo(req))+"\r\n\r\n")
	}
}

// oneWord makes of a request what net/http takes for a version or a header, can't
// read, and repeats as a whole in its error.
var oneWord = strings.NewReplacer("\r\n", "_", " ", "_", ":", "_")

func TestWireFaults(t *testing.T) {
	forEachCall(t, func(t *testing.T, v vendor) {
		for name, tr := range wireFaults() {
			t.Run(name, func(t *testing.T) { tr.run(t, v) })
		}
	})
}

// slowFaults are answers that do not come in time.
func slowFaults() map[string]fault {
	return map[string]fault{
		"no answer": func(c *exchange) { c.request(); c.untilHangUp() },
		"headers, one byte a second": func(c *exchange) {
			c.request()
			c.drip(ok)
		},
		"body, one byte a second": func(c *exchange) {
			c.request()
			io.WriteString(c, ok+"Content-Length: 100\r\n\r\n")
			c.drip(c.gate.vendor.answer())
		},
		"chunks, one byte a second": func(c *exchange) {
			c.request()
			io.WriteString(c, chunked)
			c.drip("40\r\n" + c.gate.vendor.answer())
		},
		"interim answers, one a second": func(c *exchange) {
			c.request()
			for c.each(func() error { _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\n"); return err }) {
			}
		},
	}
}

// afterOne is a fault of the second request on a connection.
func afterOne(f fault) fault {
	return func(c *exchange) {
		if req := c.request(); req != nil {
			c.answer(req)
			f(c)
		}
	}
}

// drip sends a text, one byte a second.
func (c *exchange) drip(text string) {
	for i := range len(text) {
		if !c.each(func() error { _, err := io.WriteString(c, text[i:i+1]); return err }) {
			return
		}
	}
}

// each does one step and waits a second. It returns false when that makes no
// sense any more.
func (c *exchange) each(step func() error) bool {
	if step() != nil {
		return false
	}
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.gate.done:
		return false
	}
}

// appliedIfReceived checks that a call whose request the server got, after some
// others, may have been applied. On a busy machine the time of a call may be
// over before that.
func appliedIfReceived(t *testing.T, g *gate, others int, err *recall.Error) {
	t.Helper()
	if _, requests := g.seen(); requests > others {
		assert.True(t, err.MayHaveApplied, "%v", err)
	}
}

// The attempt's own timeout ends an answer that does not come, and so does
// the caller's deadline.
func TestSlowFaults(t *testing.T) {
	forEachCall(t, func(t *testing.T, v vendor) {
		t.Parallel()
		for name, f := range slowFaults() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				g := newGate(t, v, nil)
				g.meet(f)
				var log logbook
				p := policy(brief)
				p.Observer = log.observer()
				c := opened(t, v, p, g.http())
				err := during(t, c, patient, ending{kinds: broken.kinds, applied: either})
				appliedIfReceived(t, g, 0, err)
				hides(t, g.credentials(), err, &log)
				assert.Equal(t, 2, err.Attempts)
				g.meet(nil)
				eventually(t, v, c)
			})
			t.Run(name+", and the caller's deadline", func(t *testing.T) {
				t.Parallel()
				g := newGate(t, v, nil)
				g.meet(afterOne(f))
				c := opened(t, v, policy(time.Hour), g.http())
				afterwards(t, v, c)
				err := during(t, c, brief, ending{kinds: []recall.Kind{recall.ErrCanceled}, applied: either})
				appliedIfReceived(t, g, 1, err)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				g.meet(nil)
				afterwards(t, v, c)
			})
		}
	})
}
