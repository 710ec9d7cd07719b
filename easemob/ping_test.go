package easemob

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

const usersOK = `{"action":"get","path":"/users","entities":[],"timestamp":1542558467056,"duration":11,"count":0}`

// pingError returns the error of a Ping, whose operation and fate are always the same.
func pingError(t *testing.T, err error) *recall.Error {
	t.Helper()
	e := failure(t, err)
	assert.Equal(t, "ping", e.Op)
	assert.False(t, e.MayHaveApplied, "there is nothing to apply")
	assert.Empty(t, e.Field)
	return e
}

func TestGoldenPing(t *testing.T) {
	want, answer := readGolden(t, "ping.request.http"), readGolden(t, "ping.answer.http")
	asked := 0
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		assert.Equal(t, want.Method, r.Method, "with DELETE it would delete users")
		assert.Equal(t, want.Path, r.URL.RequestURI())
		for name, values := range want.Header {
			assert.Equal(t, values, r.Header.Values(name), name)
		}
		assert.Zero(t, r.ContentLength)
		reply(w, answer.Status, string(answer.Body))
	})
	require.NoError(t, newClient(t, func(cfg *Config) { cfg.Host = server }).Ping(t.Context()))
	assert.Equal(t, 1, asked)
}

// pingErrors is the table of the page.
//
// https://doc.easemob.com/document/server-side/account_detail_obtain_batch.html
var pingErrors = []errorRow{
	{401, "unauthorized", "Unable to authenticate (OAuth)", recall.ErrUnauthorized, ""},
	{404, "organization_application_not_found", "Could not find application for XXX/XXX from URI: XXX/XXX/users", recall.ErrMisconfigured, ""},
}

// TestPingErrorTables: what a recall takes for the message's fault is the configuration's here.
func TestPingErrorTables(t *testing.T) {
	for _, row := range append(append(append([]errorRow(nil), pingErrors...), commonErrors...), recallErrors...) {
		t.Run(row.code+"/"+row.text, func(t *testing.T) {
			e := pingError(t, clientFor(t, row.status, errorJSON(row.code, row.text)).Ping(t.Context()))
			want := row.kind
			switch want {
			case recall.ErrInvalidRequest, recall.ErrForbidden, recall.ErrNotFound, recall.ErrWindowExpired:
				want = recall.ErrMisconfigured
			}
			assert.Equal(t, want, e.Kind)
			assert.Equal(t, row.code, e.Code)
			assert.Equal(t, row.text, e.Message)
			assert.Equal(t, row.status, e.Status)
		})
	}
}

// TestPingIsNeverWrong: no answer but a list of users under a 200 is a yes.
func TestPingIsNeverWrong(t *testing.T) {
	require.NoError(t, clientFor(t, 200, usersOK).Ping(t.Context()))
	for _, status := range []int{201, 202, 203, 204, 206, 301, 302, 304, 307, 308, 400, 401, 403, 404, 429, 500, 502, 503} {
		pingError(t, clientFor(t, status, usersOK).Ping(t.Context()))
	}
	for _, body := range []string{
		``, ` `, `null`, `true`, `200`, `"ok"`, `[]`, `{}`, `{"code":200}`, `{"entities":null}`, `{"entities":{}}`, `{"entities":"x"}`,
		`{"entity":[]}`, `{"data":{"entities":[]}}`, `{"entities":[]`, `{"entities":[]}{}`, "\ufeff" + usersOK, `<html>ok</html>`,
		`{"entities":[],"error":"unauthorized"}`, `{"entities":[],"error_description":"x"}`, tokenJSON("t", 60), recalledJSON("1"), roamingOK,
	} {
		e := pingError(t, clientFor(t, 200, body).Ping(t.Context()))
		assert.NotEqual(t, recall.ErrMisconfigured, e.Kind, body)
	}
	for status, kind := range unexplained {
		for _, body := range unexplainedBodies {
			if body == usersOK {
				continue
			}
			if kind == recall.ErrInvalidRequest {
				kind = recall.ErrMisconfigured
			}
			e := pingError(t, clientFor(t, status, body).Ping(t.Context()))
			if status != 200 {
				assert.Equal(t, kind, e.Kind, "%d %s", status, body)
			}
		}
	}
}

// pinging returns a vendor that gives out tokens by number and takes those that good says.
func pinging(good func(token string) bool) *vendorMock {
	v := &vendorMock{}
	v.token = func(n int, _ *http.Request) (int, string) {
		return 200, tokenJSON("token-"+string(rune('0'+n)), 3600)
	}
	v.recall = func(_ int, r *http.Request) (int, string) {
		switch {
		case !good(bearer(r)):
			return 401, errorJSON("unauthorized", "Unable to authenticate (OAuth)")
		case r.Method == http.MethodGet:
			return 200, usersOK
		}
		return 200, recalledJSON(theMessage)
	}
	return v
}

func (v *vendorMock) withUsers(cfg *Config) {
	useCredentials(cfg)
	mock := v.transport()
	mock.RegisterResponder("GET", "=~/org/app/users", func(r *http.Request) (*http.Response, error) {
		status, body := v.recall(0, r)
		w := httptest.NewRecorder()
		reply(w, status, body)
		return w.Result(), nil
	})
	cfg.Policy.Transport = mock
}

// TestPingFetchesNoTokenInVain: the vendor bans applications that fetch tokens often.
func TestPingFetchesNoTokenInVain(t *testing.T) {
	v := pinging(func(string) bool { return true })
	c := newClient(t, v.withUsers)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { assert.NoError(t, c.Ping(t.Context())) })
	}
	all.Wait()
	_, err := c.Recall(t.Context(), recallOf(theMessage))
	require.NoError(t, err)
	require.NoError(t, c.Ping(t.Context()))
	assert.Equal(t, 1, v.tokens())
}

func TestPingRenewsAToken(t *testing.T) {
	v := pinging(func(token string) bool { return token != "token-0" })
	require.NoError(t, newClient(t, v.withUsers).Ping(t.Context()))
	assert.Equal(t, 2, v.tokens())

	v = pinging(func(string) bool { return false })
	e := pingError(t, newClient(t, v.withUsers).Ping(t.Context()))
	assert.Equal(t, recall.ErrUnauthorized, e.Kind)
	assert.Equal(t, 2, v.tokens())
	assert.Equal(t, 2, e.Attempts)
}

// spanLog keeps what spans are about, and the errors of calls.
type spanLog struct {
	kinds []recall.SpanKind
	errs  []error
}

func (l *spanLog) Start(ctx context.Context, s recall.Span) (context.Context, func(recall.SpanEnd)) {
	l.kinds = append(l.kinds, s.Kind)
	return ctx, func(end recall.SpanEnd) {
		if s.Kind == recall.SpanCall && end.Err != nil {
			l.errs = append(l.errs, end.Err)
		}
	}
}

// TestPingWithWrongCredentials: a token that can't be got is a Ping's failure too.
func TestPingWithWrongCredentials(t *testing.T) {
	v := pinging(func(string) bool { return true })
	v.token = func(int, *http.Request) (int, string) {
		return 400, errorJSON("invalid_grant", "client_secret does not match")
	}
	log := &spanLog{}
	c := newClient(t, func(cfg *Config) { v.withUsers(cfg); cfg.Policy.Observer = log })
	e := pingError(t, c.Ping(t.Context()))
	assert.Equal(t, recall.ErrUnauthorized, e.Kind)
	assert.Equal(t, "invalid_grant", e.Code)
	require.NotEmpty(t, log.errs)
	var seen *recall.Error
	require.ErrorAs(t, log.errs[len(log.errs)-1], &seen)
	assert.Equal(t, "token", seen.Op, "what observers hold does not change behind their backs")

	source := sourceFunc(func(context.Context, string) (Token, error) { return Token{}, errors.New("no vault") })
	c = newClient(t, func(cfg *Config) { cfg.Token, cfg.TokenSource = "", source })
	e = pingError(t, c.Ping(t.Context()))
	assert.Equal(t, recall.ErrUnavailable, e.Kind)
	require.ErrorContains(t, e, "no vault")
}

func TestPingUnderItsContextAndAfterClose(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	mock := answering(200, usersOK)
	c := newClient(t, func(cfg *Config) { cfg.Policy.Transport = mock })
	assert.Equal(t, recall.ErrCanceled, pingError(t, c.Ping(ctx)).Kind)
	var none context.Context
	e := failure(t, c.Ping(none))
	assert.Equal(t, recall.ErrInvalidRequest, e.Kind)
	assert.Equal(t, "ctx", e.Field)
	assert.Zero(t, mock.GetTotalCallCount())

	fetching := newClient(t, pinging(func(string) bool { return true }).withUsers)
	fetching.Close()
	assert.Equal(t, recall.ErrUnavailable, pingError(t, fetching.Ping(t.Context())).Kind)
}

func TestPingQuota(t *testing.T) {
	log := &quotaLog{}
	c := newClient(t, func(cfg *Config) {
		cfg.Policy.Rate, cfg.Policy.Limiter, cfg.Policy.Transport = 0, log, answering(200, usersOK)
	})
	require.NoError(t, c.Ping(t.Context()))
	assert.Equal(t, []recall.Quota{c.quota("users")}, log.seen)
}

func TestPingHidesSecrets(t *testing.T) {
	for name, echo := range echoes() {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) { echo(w, r, vendortest.InOneLine(r)) })
			err := newClient(t, func(cfg *Config) { cfg.Host, cfg.Token = server, tokenPlain }).Ping(t.Context())
			pingError(t, err)
			assertHides(t, err, tokenPlain)

			err = newClient(t, func(cfg *Config) {
				cfg.Host, cfg.Token, cfg.ClientID, cfg.ClientSecret = server, "", "id", secretQuoted
			}).Ping(t.Context())
			pingError(t, err)
			assertHides(t, err, secretQuoted)
		})
	}
}

// TestPingEmulators: against each dialect's server, with right and wrong credentials.
func TestPingEmulators(t *testing.T) {
	for _, dialect := range []Dialect{DialectEasemob, DialectAgora, DialectShengwang} {
		t.Run(string(dialect), func(t *testing.T) {
			server := easemobtest.NewServer()
			t.Cleanup(server.Close)
			server.Dialect = string(dialect)
			good := Config{Host: server.URL, Dialect: dialect, AppID: server.AppID, AppCertificate: server.AppCertificate}
			if dialect != DialectShengwang {
				good.Org, good.App = server.Org, server.App
			}
			wrong := good
			wrong.AppCertificate = strings.Repeat("0", 32)
			if dialect == DialectEasemob {
				good.AppID, good.AppCertificate, good.ClientID, good.ClientSecret = "", "", server.ClientID, server.ClientSecret
				wrong = good
				wrong.ClientSecret = "wrong"
			}
			server.Add(easemobtest.Message{ID: "1", From: "a", To: "b", Chat: "chat"})
			ping := func(cfg Config) error {
				return newClient(t, func(c *Config) { cfg.Policy = c.Policy; *c = cfg }).Ping(t.Context())
			}
			require.NoError(t, ping(good))
			assert.Equal(t, recall.ErrUnauthorized, pingError(t, ping(wrong)).Kind)
			elsewhere := good
			elsewhere.App, elsewhere.AppID = "other", strings.Repeat("1", 32)
			if dialect == DialectShengwang {
				elsewhere.App = ""
			}
			if dialect == DialectEasemob {
				elsewhere.AppID = ""
			}
			assert.Equal(t, recall.ErrMisconfigured, pingError(t, ping(elsewhere)).Kind)
			below := good
			below.Host += "/nowhere"
			assert.Contains(t, []recall.Kind{recall.ErrMisconfigured, recall.ErrUnsupported}, pingError(t, ping(below)).Kind)
			assert.False(t, server.Recalled("1"))
			server.Close()
			assert.Equal(t, recall.ErrUnavailable, pingError(t, ping(good)).Kind)
		})
	}
}

func FuzzDecodePing(f *testing.F) {
	for _, a := range fixtures(f) {
		f.Add(a.Status, a.Body)
	}
	for _, row := range append(pingErrors, commonErrors...) {
		f.Add(row.status, []byte(errorJSON(row.code, row.text)))
	}
	for _, body := range []string{usersOK, `{"entities":null}`, `{"Entities":[1]}`, `{"entities":[],"entities":null}`, `{"entities":[]}{}`} {
		f.Add(200, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		verdict, err := decodePing(rest.Answer{Status: status, Body: body})
		assert.Zero(t, verdict)
		if err != nil {
			assertClassified(t, err)
			var e *recall.Error
			require.ErrorAs(t, err, &e)
			assert.NotContains(t, []recall.Kind{recall.ErrInvalidRequest, recall.ErrNotFound, recall.ErrForbidden}, e.Kind)
			return
		}
		assert.Equal(t, 200, status)
		var seen map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(body, &seen))
		lists := 0
		for name, value := range seen {
			if strings.EqualFold(name, "entities") && strings.HasPrefix(strings.TrimSpace(string(value)), "[") {
				lists++
			}
		}
		assert.Positive(t, lists, "%s", body)
	})
}
