package goeasy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// pingError returns the error of a Ping, whose operation and fate are always
// the same.
func pingError(t *testing.T, err error) *recall.Error {
	t.Helper()
	e := failure(t, err)
	assert.Equal(t, "ping", e.Op)
	assert.Equal(t, "goeasy", e.Vendor)
	assert.False(t, e.MayHaveApplied, "there is nothing to apply")
	assert.Empty(t, e.Field)
	return e
}

// pingAnswered returns the error of a Ping that is answered like this.
func pingAnswered(t *testing.T, status int, body string) error {
	t.Helper()
	c, _ := mocked(t, status, nil, body)
	return c.Ping(t.Context())
}

func TestGoldenPing(t *testing.T) {
	want, answer := fixture(t, "ping.request.http"), fixture(t, "ping.answer.http")
	s := newServer(t, vendortest.Answering(answer.Status, string(answer.Body)))
	require.NoError(t, newClient(t, Config{Host: s.URL, AppKey: "BC-xxxxx"}).Ping(t.Context()))
	require.Len(t, s.Requests(), 1)
	got := s.Requests()[0]
	assert.Equal(t, want.Method, got.Method)
	assert.Equal(t, want.Path, got.URI)
	assert.Equal(t, want.Header.Values("Accept"), got.Header.Values("Accept"))
	assert.Empty(t, got.Body)
}

// A key that a query can't hold as it is arrives all the same.
func TestPingEscapesTheKey(t *testing.T) {
	const key = "a+b/c=d e%41?f#g"
	assert.False(t, plain(key))
	const sent = "a+b/c=d%41?f#g;h"
	require.True(t, plain(sent))
	s := newServer(t, vendortest.Answering(200, `{"code":200,"content":[]}`))
	require.NoError(t, newClient(t, Config{Host: s.URL, AppKey: sent}).Ping(t.Context()))
	uri, err := url.ParseRequestURI(s.Requests()[0].URI)
	require.NoError(t, err)
	assert.Equal(t, url.Values{"appkey": {sent}, "groupId": {"imrecall-ping"}, "limit": {"1"}, "lasttimestamp": {"1"}}, uri.Query())
}

func TestPingErrors(t *testing.T) {
	for _, row := range codeTable {
		for _, status := range []int{200, 400} {
			e := pingError(t, pingAnswered(t, status, `{"code":`+strconv.Itoa(row.code)+`,"content":"`+row.text+`"}`))
			want := row.kind
			if want == recall.ErrInvalidRequest || want == recall.ErrForbidden {
				want = recall.ErrMisconfigured
			}
			assert.Equal(t, want, e.Kind, row.code)
			assert.Equal(t, strconv.Itoa(row.code), e.Code)
			assert.Equal(t, row.text, e.Message)
			assert.Equal(t, status, e.Status)
		}
	}
}

// No answer but the vendor's own yes under an HTTP 200 is a yes.
func TestPingIsNeverWrong(t *testing.T) {
	require.NoError(t, pingAnswered(t, 200, `{"code":200,"content":[]}`))
	for _, status := range []int{201, 202, 203, 204, 206, 301, 302, 304, 307, 308, 400, 401, 403, 404, 429, 500, 502, 503} {
		for _, body := range []string{`{"code":200,"content":[]}`, `<html>ok</html>`, ``} {
			pingError(t, pingAnswered(t, status, body))
		}
	}
	for _, body := range []string{
		``, ` `, `null`, `200`, `[]`, `{}`, `{"content":[]}`, `{"code":null}`, `{"code":"OK"}`, `{"code":2e2}`, `{"code":200}{}`,
		`{"code":401,"code":200}`, "\ufeff" + `{"code":200}`, `<html>200</html>`,
	} {
		assert.Equal(t, recall.ErrBadResponse, pingError(t, pingAnswered(t, 200, body)).Kind, body)
	}
}

func TestPingEmulator(t *testing.T) {
	server := goeasytest.NewServer()
	t.Cleanup(server.Close)
	server.Add(goeasytest.Message{ID: "1", From: "a", GroupID: "imrecall-ping"})
	for _, key := range []string{server.AppKey, server.RestKey} {
		require.NoError(t, newClient(t, Config{Host: server.URL, AppKey: key}).Ping(t.Context()))
	}
	assert.False(t, server.Recalled("1"))
	assert.Equal(t, recall.ErrUnauthorized, pingError(t, newClient(t, Config{Host: server.URL}).Ping(t.Context())).Kind)
	nowhere := newClient(t, Config{Host: server.URL + "/nowhere", AppKey: server.AppKey})
	assert.Equal(t, recall.ErrMisconfigured, pingError(t, nowhere.Ping(t.Context())).Kind)

	asked := 0
	rotating := newClient(t, Config{Host: server.URL})
	rotating.appKey = rest.ChangingSecret(func(context.Context) (string, error) {
		asked++
		if asked == 1 {
			return "old", nil
		}
		return server.AppKey, nil
	}, plain)
	require.NoError(t, rotating.Ping(t.Context()))
	server.Close()
	err := newClient(t, Config{Host: server.URL}).Ping(t.Context())
	assert.Equal(t, recall.ErrUnavailable, pingError(t, err).Kind)
	assertHides(t, err, testAppKey)
}

func TestPingSendsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := newServer(t, vendortest.Answering(200, `{"code":200}`))
	c := newClient(t, Config{Host: s.URL})
	assert.Equal(t, recall.ErrCanceled, pingError(t, c.Ping(ctx)).Kind)
	var none context.Context
	assert.Equal(t, recall.ErrInvalidRequest, failure(t, c.Ping(none)).Kind)
	c = newClient(t, Config{Host: s.URL})
	c.appKey = rest.ChangingSecret(func(context.Context) (string, error) { return "", errors.New("no vault") }, plain)
	assert.Equal(t, recall.ErrUnavailable, pingError(t, c.Ping(t.Context())).Kind)
	assert.Empty(t, s.Requests())
}

// The key is in the URL here, where errors and logs like to show it.
func TestPingHidesTheKey(t *testing.T) {
	for _, key := range []string{testAppKey, "k+y/5ec=2e%f0"} {
		call := func(host string) error { return newClient(t, Config{Host: host, AppKey: key}).Ping(t.Context()) }
		escaped := func(vendortest.Request) string { return url.QueryEscape(key) }
		for name, e := range vendortest.CallEchoes(vendortest.EchoesWithCode(), escaped, call) {
			t.Run(name, func(t *testing.T) {
				require.Equal(t, 1, e.Sent)
				assertHides(t, e.Err, key)
				pingError(t, e.Err)
			})
		}
	}
}

// What fails below HTTP is told with the URL by net/http, and by transports.
func TestPingHidesTheKeyOfTheWire(t *testing.T) {
	for name, fail := range map[string]func(*http.Request) (*http.Response, error){
		"url.Error": func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New("proxy refused " + r.URL.String())}
		},
		"text":     func(r *http.Request) (*http.Response, error) { return nil, errors.New(r.URL.RequestURI()) },
		"deadline": func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() },
		"body": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: brokenBody(r.URL.String())}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			_, m := mocked(t, 200, nil, "")
			m.RegisterNoResponder(fail)
			c := newClient(t, Config{Policy: recall.Policy{
				Transport: m, Timeout: 20 * time.Millisecond, Observer: recall.LogObserver(slog.New(slog.NewTextHandler(&log, nil))),
			}})
			err := c.Ping(t.Context())
			pingError(t, err)
			assertHides(t, err, testAppKey)
			assert.Contains(t, log.String(), "ping")
			assert.NotContains(t, log.String(), testAppKey)
		})
	}
}

// brokenBody is a body whose reading fails with a text.
type brokenBody string

func (b brokenBody) Read([]byte) (int, error) { return 0, errors.New(string(b)) }
func (brokenBody) Close() error               { return nil }

var _ io.ReadCloser = brokenBody("")

func FuzzDecodePing(f *testing.F) {
	for _, name := range []string{"ping.answer.http", "recall.answer.401.http"} {
		m := fixture(f, name)
		f.Add(m.Status, m.Body)
	}
	for _, body := range []string{``, `{}`, `{"code":"200"}`, `{"resultCode":200}`, `{"code":200,"content":null}`, `{"code":404}`, `<html>`} {
		f.Add(http.StatusOK, []byte(body))
		f.Add(http.StatusNotFound, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		verdict, err := decodePing(rest.Answer{Status: status, Body: body, At: time.UnixMilli(1751371200000)})
		if err != nil {
			requireHonest(t, verdict, err)
			return
		}
		assert.Equal(t, rest.Verdict{Code: "200"}, verdict)
		assert.Equal(t, http.StatusOK, status)
		code := lastValue(t, body, "code")
		if code == "" {
			code = lastValue(t, body, "resultCode")
		}
		assert.Equal(t, "200", code)
	})
}
