package faults

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/recall"
)

const page = "<!DOCTYPE html><html><head><title>502</title></head><body>Bad gateway</body></html>"

// reply answers every request with this status, type and body, which gets the
// vendor's yes in place of $yes.
func reply(status, contentType, body string) fault {
	return answering(func(c *exchange, _ *http.Request) {
		c.send(status, contentType, strings.ReplaceAll(body, "$yes", c.gate.vendor.answer()))
	})
}

// code answers with this JSON value in place of the vendor's word for
// success.
func code(value string) fault {
	return answering(func(c *exchange, _ *http.Request) {
		c.send("200 OK", "application/json", c.gate.vendor.coded(value))
	})
}

// answerFaults are whole answers that are not what the vendor documents.
func answerFaults() map[string]trial {
	const json = "application/json"
	faults := map[string]trial{
		"page under 200":          {reply("200 OK", "text/html", page), unreadable},
		"page under 502":          {reply("502 Bad Gateway", "text/html", page), broken},
		"page under 200, as JSON": {reply("200 OK", json, page), unreadable},
		"page under 503":          {reply("503 Service Unavailable", "text/html", page), broken},
		"yes under 502":           {reply("502 Bad Gateway", json, "$yes"), broken},
		"yes under 203":           {reply("203 Non-Authoritative Information", json, "$yes"), unreadable},
		"wrong type":              {reply("200 OK", "text/html", "$yes"), succeeds},
		"no type":                 {reply("200 OK", "", "$yes"), succeeds},
		"type that is none":       {reply("200 OK", ";;=", "$yes"), succeeds},
		"byte order mark":         {reply("200 OK", json, "\ufeff$yes"), unreadable},
		"UTF-16":                  {reply("200 OK", json, "\xff\xfe{\x00}\x00"), unreadable},
		"two values":              {reply("200 OK", json, "$yes$yes"), unreadable},
		"a value and more":        {reply("200 OK", json, "$yes\nand more"), unreadable},
		"half a value":            {reply("200 OK", json, `{"code":200,"data":{"recalled":"yes"`), unreadable},
		"nothing":                 {reply("200 OK", json, ""), unreadable},
		"a string":                {reply("200 OK", json, `"yes"`), unreadable},
		"a number":                {reply("200 OK", json, `200`), unreadable},
		"depth":                   {reply("200 OK", json, strings.Repeat("[", 1<<19)), unreadable},
		"204":                     {raw("HTTP/1.1 204 No Content\r\n\r\n"), unreadable},
		"304":                     {raw("HTTP/1.1 304 Not Modified\r\n\r\n"), unreadable},
		"101":                     {raw("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), unreadable},
		"not gzip":                {raw(ok + "Content-Encoding: gzip\r\nContent-Length: 12\r\n\r\n{\"code\":200}"), unreadable},
		"unknown encoding":        {raw(ok + "Content-Encoding: br\r\nContent-Length: 4\r\n\r\n\x0b\x01\x80\x03"), unreadable},
		"code as another type":    {func(c *exchange) { code(c.gate.vendor.also)(c) }, succeeds},
		"the request as a page":   {echoAs("400 Bad Request", "text/html", "<html>%s</html>"), unreadable},
		"the request as JSON":     {echoAs("200 OK", json, `{"code":%q}`), unreadable},
	}
	for _, value := range []string{`null`, `[]`, `{}`} {
		faults[value] = trial{reply("200 OK", json, value), unreadable}
	}
	for _, value := range []string{
		`200.5`, `200.0`, `2e2`, `"200.0"`, `null`, `1e400`, `99999999999999999999999999`, `-200`, `[200]`, `{}`, `""`, `false`,
	} {
		faults["code "+value] = trial{code(value), unreadable}
	}
	return faults
}

// echoAs answers with what was asked, put into a format.
func echoAs(status, contentType, format string) fault {
	return answering(func(c *exchange, req *http.Request) {
		c.send(status, contentType, fmt.Sprintf(format, echo(req)))
	})
}

func TestAnswerFaults(t *testing.T) {
	forEachCall(t, func(t *testing.T, v vendor) {
		for name, tr := range answerFaults() {
			t.Run(name, func(t *testing.T) { tr.run(t, v) })
		}
	})
}

// A vendor that says too fast, and when to come back, later than the caller
// can wait: the call ends at once, and nothing was applied.
func TestTooFast(t *testing.T) {
	forEachCall(t, func(t *testing.T, v vendor) {
		tr := trial{
			answering(func(c *exchange, _ *http.Request) {
				fmt.Fprintf(c, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Length: %d\r\n\r\n%s",
					len(v.tooFast), v.tooFast)
			}),
			ending{kinds: []recall.Kind{recall.ErrRateLimited}, late: true},
		}
		tr.run(t, v)
	})
}

// A server that sets another cookie each time gets none of them back.
func TestCookies(t *testing.T) {
	forEachVendor(t, func(t *testing.T, v vendor) {
		g := newGate(t, v, nil)
		n := 0
		g.meet(answering(func(c *exchange, req *http.Request) {
			n++
			assert.Empty(t, req.Cookies())
			fmt.Fprintf(c, ok+"Set-Cookie: session%d=%s; Path=/\r\nContent-Length: %d\r\n\r\n%s",
				n, strings.Repeat("x", 1000), len(v.answer()), v.answer())
		}))
		c := opened(t, v, policy(patient), g.http())
		for range 50 {
			afterwards(t, v, c)
		}
		connections, requests := g.seen()
		assert.Equal(t, 1, connections)
		assert.Equal(t, 50, requests)
	})
}

// elsewhere is a server that nobody is meant to reach.
type elsewhere struct {
	name string
	url  string
	gate *gate
}

// Redirects to wherever else carry nothing there.
func TestRedirects(t *testing.T) {
	forEachVendor(t, func(t *testing.T, v vendor) {
		ca := newAuthority(t)
		good := ca.issue(t, certificate{names: []string{"127.0.0.1", "localhost"}})
		target := newGate(t, v, nil)
		secure := newGate(t, v, good.listen)
		for _, to := range []elsewhere{
			{"another host", "https://localhost:" + port(secure.addr), secure},
			{"another port", secure.https(), secure},
			{"plain http", target.http(), target},
			{"no scheme", "//" + target.addr, target},
		} {
			for _, status := range []int{301, 302, 303, 307, 308} {
				t.Run(fmt.Sprint(to.name, status), func(t *testing.T) {
					from := newGate(t, v, good.listen)
					location := to.url + "/elsewhere?token=" + easemobToken
					from.meet(raw(fmt.Sprintf("HTTP/1.1 %d %s\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
						status, http.StatusText(status), location)))
					var log logbook
					p := policy(patient)
					p.Observer, p.Transport = log.observer(), ca.transport(t)
					c := opened(t, v, p, from.https())
					err := during(t, c, patient, unreadable)
					hides(t, from.credentials(), err, &log)
					assert.Equal(t, status, err.Status)
					connections, _ := to.gate.seen()
					assert.Zero(t, connections)
					from.meet(nil)
					afterwards(t, v, c)
				})
			}
		}
	})
}
