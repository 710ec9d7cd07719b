package faults

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/recall"
)

// withToken is Easemob with credentials, for which it has to fetch a token.
func withToken() vendor {
	v := vendors[0]
	v.open = func(p recall.Policy, hosts ...string) (client, error) {
		return easemob.New(easemob.Config{
			Host: hosts[0], Fallbacks: hosts[1:], Org: "org", App: "app",
			ClientID: "id", ClientSecret: easemobSecret, Policy: p,
		})
	}
	return v
}

const tokenAnswer = `{"access_token":"` + easemobToken + `","expires_in":3600}`

// A token that can't be fetched is an error about no message: nothing was
// sent about it, and nothing applied.
func TestTokenFaults(t *testing.T) {
	never := func(kind recall.Kind) ending { return ending{kinds: []recall.Kind{kind}} }
	unreadable, broken := never(recall.ErrBadResponse), never(recall.ErrUnavailable)
	for name, tr := range map[string]trial{
		"no answer":             {slowFaults()["no answer"], broken},
		"body, one byte":        {slowFaults()["body, one byte a second"], broken},
		"reset":                 {rawThenReset(""), broken},
		"cut in the token":      {raw(ok + "Content-Length: 100\r\n\r\n{\"access_token\":\"" + easemobToken), broken},
		"page under 200":        {reply("200 OK", "text/html", page), unreadable},
		"page under 502":        {reply("502 Bad Gateway", "text/html", page), broken},
		"a token and more":      {reply("200 OK", "application/json", tokenAnswer+tokenAnswer), unreadable},
		"nothing":               {reply("200 OK", "application/json", ""), unreadable},
		"{}":                    {reply("200 OK", "application/json", "{}"), unreadable},
		"null":                  {reply("200 OK", "application/json", "null"), unreadable},
		"redirect":              {raw("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"), unreadable},
		"a gzip bomb":           {sizeFaults()["a gzip bomb"].fault, unreadable},
		"not HTTP":              {raw("SSH-2.0-OpenSSH_9.2\r\n\r\n"), unreadable},
		"the request as a page": {echoAs("400 Bad Request", "text/html", "<html>%s</html>"), unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := withToken()
			g := newGate(t, v, nil)
			g.meet(tr.fault)
			var log logbook
			p := policy(attemptTime(name == "no answer" || name == "body, one byte"))
			p.Observer = log.observer()
			c := opened(t, v, p, g.http())
			err := during(t, c, patient, tr.want)
			hides(t, g.credentials(), err, &log)
			assert.Equal(t, "token", err.Op)
			assert.Zero(t, err.Attempts)
			g.meet(nil)
			eventually(t, v, c)
		})
	}
}

// source is a TokenSource that notes which tokens it is told are stale.
type source struct {
	mu    sync.Mutex
	stale []string
}

func (s *source) Token(_ context.Context, stale string) (easemob.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stale = append(s.stale, stale)
	return easemob.Token{Value: easemobToken}, nil
}

// An answer that is not about the token leaves it in place: in a bad hour the
// token endpoint is not asked once for each recall that fails.
func TestTokenOutlivesServerErrors(t *testing.T) {
	fails := 0
	flaky := answering(func(c *exchange, req *http.Request) {
		if strings.HasSuffix(req.URL.Path, "/msg_recall") {
			if fails++; fails%2 == 1 {
				c.send("502 Bad Gateway", "text/html", page)
				return
			}
		}
		c.answer(req)
	})
	v := withToken()
	g := newGate(t, v, nil)
	g.meet(flaky)
	c := opened(t, v, policy(patient), g.http())
	for range 3 {
		afterwards(t, v, c)
	}
	_, requests := g.seen()
	assert.Equal(t, 1+6, requests, "one token for all")

	s := &source{}
	own, err := easemob.New(easemob.Config{Host: g.http(), Org: "org", App: "app", TokenSource: s, Policy: policy(patient)})
	require.NoError(t, err)
	t.Cleanup(own.Close)
	afterwards(t, v, own)
	assert.Equal(t, []string{"", ""}, s.stale, "no token was refused")
}
