package netease

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// pings returns, for each API, a client that speaks it with the server at url.
func pings(t *testing.T, url string, cfg Config) map[API]*Client {
	t.Helper()
	v1, v2 := cfg, cfg
	v1.Host = url + "/nimserver"
	v2.API, v2.HostV2 = APIv2, url
	return map[API]*Client{APIv1: newClient(t, v1), APIv2: newClient(t, v2)}
}

// pingError returns the error of a Ping, whose operation and fate are always
// the same.
func pingError(t *testing.T, err error) *recall.Error {
	t.Helper()
	e := failure(t, err)
	assert.Equal(t, "ping", e.Op)
	assert.Equal(t, "netease", e.Vendor)
	assert.False(t, e.MayHaveApplied, "there is nothing to apply")
	assert.Empty(t, e.Field)
	return e
}

// pingAnswered returns the error of a Ping that is answered like this.
func pingAnswered(t *testing.T, api API, status int, body string) error {
	t.Helper()
	_, m := mocked(t, status, nil, body)
	return newClient(t, Config{API: api, HostV2: "https://open.example.com", Policy: recall.Policy{Transport: m}}).Ping(t.Context())
}

func TestGoldenPing(t *testing.T) {
	for api, name := range map[API]string{APIv1: "ping", APIv2: "ping-v2"} {
		t.Run(string(api), func(t *testing.T) {
			want, answer := fixture(t, name+".request.http"), fixture(t, name+".answer.http")
			s := newServer(t, vendortest.Answering(answer.Status, string(answer.Body)))
			before := time.Now()
			c := pings(t, s.URL, Config{AppKey: want.Header.Get("AppKey")})[api]
			require.NoError(t, c.Ping(t.Context()))
			require.Len(t, s.Requests(), 1)
			got := s.Requests()[0]
			assert.Equal(t, want.Method, got.Method)
			assert.Equal(t, want.Path, got.URI)
			assert.Equal(t, string(want.Body), got.Body)
			trace := map[API]string{APIv1: "RequestId", APIv2: "X-Custom-Traceid"}[api]
			requireSignedBy(t, got.Header, want.Header.Get("AppKey"), testSecret, trace, before, time.Now())
			assert.Equal(t, want.Header.Values("Content-Type"), got.Header.Values("Content-Type"))
		})
	}
}

// Both ways to say that there is no such account are a yes.
func TestPingOfAnUnknownAccount(t *testing.T) {
	unknown := fixture(t, "ping.answer.unknown.http")
	require.NoError(t, pingAnswered(t, APIv1, unknown.Status, string(unknown.Body)))
	require.NoError(t, pingAnswered(t, APIv1, 200, `{"code":"414","msg":"IMRecall-Ping Not Register"}`))
	require.NoError(t, pingAnswered(t, APIv2, 200, `{"code":102404,"msg":"account not exist"}`))

	for _, body := range []string{
		`{"code":414,"desc":"not register"}`, `{"code":414,"desc":"appkey not register"}`, `{"code":414,"desc":"imrecall-ping"}`,
		`{"code":403,"desc":"imrecall-ping not register"}`, `{"code":404,"desc":"imrecall-ping not register"}`, `{"code":102404}`,
	} {
		pingError(t, pingAnswered(t, APIv1, 200, body))
	}
	pingError(t, pingAnswered(t, APIv1, 400, string(unknown.Body)))
	pingError(t, pingAnswered(t, APIv2, 404, `{"code":102404,"msg":"account not exist"}`))
	pingError(t, pingAnswered(t, APIv2, 200, `{"code":414,"msg":"imrecall-ping not register"}`+`x`))
	pingError(t, pingAnswered(t, APIv2, 200, `{"code":109404,"msg":"member not exist"}`))
}

// What the vendor says of who asks has its kind; what a recall takes for the
// message's fault is the configuration's here.
func TestPingErrors(t *testing.T) {
	for _, row := range []struct {
		body string
		kind recall.Kind
	}{
		{`{"desc":"checksum","code":414}`, recall.ErrUnauthorized},
		{`{"desc":"CurTime is expired","code":414}`, recall.ErrUnauthorized},
		{`{"code":402,"desc":"x"}`, recall.ErrUnauthorized},
		{`{"desc":"appkey","code":414}`, recall.ErrMisconfigured},
		{`{"code":403,"desc":"forbidden in current region"}`, recall.ErrMisconfigured},
		{`{"code":315,"desc":"ip"}`, recall.ErrMisconfigured},
		{`{"code":403,"desc":"not allow!"}`, recall.ErrMisconfigured},
		{`{"code":414,"desc":"accid is empty"}`, recall.ErrMisconfigured},
		{`{"code":403,"desc":"func not enable"}`, recall.ErrNotEnabled},
		{`{"code":416}`, recall.ErrRateLimited},
		{`{"code":500}`, recall.ErrUnavailable},
		{`{"code":431,"desc":"HTTP request is repeated"}`, recall.ErrUnavailable},
	} {
		for _, api := range []API{APIv1, APIv2} {
			e := pingError(t, pingAnswered(t, api, 200, row.body))
			assert.Equal(t, row.kind, e.Kind, "%s %s", api, row.body)
			assert.Equal(t, 200, e.Status)
		}
	}
	for api, table := range map[API][]codeRow{APIv1: codeTable, APIv2: codeTableV2} {
		for _, row := range table {
			if api == APIv2 && row.code == 102404 {
				continue
			}
			e := pingError(t, pingAnswered(t, api, 200, `{"code":`+strconv.Itoa(row.code)+`}`))
			assert.NotContains(t, []recall.Kind{
				recall.ErrInvalidRequest, recall.ErrNotFound, recall.ErrForbidden, recall.ErrWindowExpired,
			}, e.Kind, row.code)
		}
	}
	e := pingError(t, pingAnswered(t, APIv2, 404, `{"code":404,"msg":"not found"}`))
	assert.Equal(t, recall.ErrMisconfigured, e.Kind)
	require.ErrorContains(t, e, "HostV2China", "it says what may be wrong")
}

// No answer but the vendor's own yes under an HTTP 200 is a yes.
func TestPingIsNeverWrong(t *testing.T) {
	for _, api := range []API{APIv1, APIv2} {
		require.NoError(t, pingAnswered(t, api, 200, `{"code":200}`))
		for _, status := range []int{201, 202, 203, 204, 206, 301, 302, 304, 307, 308, 400, 401, 403, 404, 429, 500, 502, 503} {
			for _, body := range []string{`{"code":200,"uinfos":[]}`, `<html>ok</html>`, ``} {
				pingError(t, pingAnswered(t, api, status, body))
			}
		}
		for _, body := range []string{
			``, ` `, `null`, `200`, `[]`, `{}`, `{"code":null}`, `{"code":"OK"}`, `{"code":2e2}`, `{"code":200}{}`, `{"code":414,"code":200}`,
			"\ufeff" + `{"code":200}`, `<html>200</html>`, `{"uinfos":[]}`,
		} {
			assert.Equal(t, recall.ErrBadResponse, pingError(t, pingAnswered(t, api, 200, body)).Kind, body)
		}
	}
}

// After an attempt that was not answered, a repetition is answered to nobody:
// each attempt is a new request, and what is left of doubt is no yes.
func TestPingAfterSilence(t *testing.T) {
	server := neteasetest.NewServer()
	t.Cleanup(server.Close)
	for api, c := range pings(t, server.URL, Config{
		AppKey: server.AppKey, AppSecret: server.AppSecret,
		Policy: recall.Policy{Retry: recall.Retry{Attempts: 2, BaseDelay: time.Millisecond}, Transport: &http.Transport{DisableKeepAlives: true}},
	}) {
		server.Intercept(vendortest.HangUp)
		require.NoError(t, c.Ping(t.Context()), api)
		s := newServer(t, vendortest.InTurn(vendortest.HangUp, vendortest.Answering(200, `{"code":431,"desc":"HTTP request is repeated"}`)))
		e := pingError(t, pings(t, s.URL, Config{Policy: recall.Policy{
			Retry: recall.Retry{Attempts: 2, BaseDelay: time.Millisecond}, Transport: &http.Transport{DisableKeepAlives: true},
		}})[api].Ping(t.Context()))
		assert.Equal(t, recall.ErrUnavailable, e.Kind)
		assert.Equal(t, "431", e.Code)
	}
}

func TestPingEmulator(t *testing.T) {
	server := neteasetest.NewServer()
	t.Cleanup(server.Close)
	server.Add(neteasetest.Message{ID: "1", From: "a", To: "b", Type: neteasetest.TypeP2P})
	good := Config{AppKey: server.AppKey, AppSecret: server.AppSecret}
	for _, row := range []struct {
		name   string
		change func(*Config)
		kind   recall.Kind
	}{
		{"secret", func(cfg *Config) { cfg.AppSecret = "wrong" }, recall.ErrUnauthorized},
		{"key", func(cfg *Config) { cfg.AppKey = "wrong" }, recall.ErrMisconfigured},
	} {
		cfg := good
		row.change(&cfg)
		for api, c := range pings(t, server.URL, cfg) {
			assert.Equal(t, row.kind, pingError(t, c.Ping(t.Context())).Kind, "%s %s", api, row.name)
		}
	}
	for api, c := range pings(t, server.URL, good) {
		require.NoError(t, c.Ping(t.Context()), api)
		assert.Equal(t, recall.ErrMisconfigured, pingError(t, pings(t, server.URL+"/nowhere", good)[api].Ping(t.Context())).Kind)
	}
	assert.Equal(t, neteasetest.FateNone, server.Fate("1"))
	server.Advance(time.Hour)
	for api, c := range pings(t, server.URL, good) {
		e := pingError(t, c.Ping(t.Context()))
		assert.Equal(t, recall.ErrUnauthorized, e.Kind, api)
		require.ErrorContains(t, e, "behind the server's")
	}
	server.Close()
	for api, c := range pings(t, server.URL, good) {
		assert.Equal(t, recall.ErrUnavailable, pingError(t, c.Ping(t.Context())).Kind, api)
	}
}

// A secret that changed in between is tried, once.
func TestPingRotation(t *testing.T) {
	server := neteasetest.NewServer()
	t.Cleanup(server.Close)
	asked := 0
	c := newClient(t, Config{Host: server.BaseURL(), AppKey: server.AppKey})
	c.secret = rest.ChangingSecret(func(context.Context) (string, error) {
		asked++
		if asked == 1 {
			return "old", nil
		}
		return server.AppSecret, nil
	}, rest.Trimmed)
	require.NoError(t, c.Ping(t.Context()))
	assert.Len(t, server.Requests(), 2)
}

func TestPingSendsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := newServer(t, vendortest.Answering(200, `{"code":200}`))
	var none context.Context
	for _, c := range pings(t, s.URL, Config{}) {
		assert.Equal(t, recall.ErrCanceled, pingError(t, c.Ping(ctx)).Kind)
		e := failure(t, c.Ping(none))
		assert.Equal(t, recall.ErrInvalidRequest, e.Kind)
		assert.Equal(t, "ping", e.Op)
	}
	assert.Empty(t, s.Requests())
}

func TestPingHidesTheSignature(t *testing.T) {
	for _, api := range []API{APIv1, APIv2} {
		call := func(host string) error { return pings(t, host, Config{})[api].Ping(t.Context()) }
		for name, e := range vendortest.CallEchoes(echoes(), checkSumOf, call) {
			t.Run(string(api)+" "+name, func(t *testing.T) {
				require.Equal(t, 1, e.Sent)
				require.Regexp(t, checkSumForm, e.Secret)
				assertHides(t, e.Err, e.Secret, testSecret)
				pingError(t, e.Err)
			})
		}
	}
}

func fuzzPing(f *testing.F, api API, decoder func(rest.Answer) (rest.Verdict, error)) {
	f.Helper()
	addAnswers(f)
	for _, name := range []string{"ping.answer.http", "ping.answer.unknown.http", "ping-v2.answer.http"} {
		m := fixture(f, name)
		f.Add(m.Status, "", true, m.Body)
	}
	f.Fuzz(func(t *testing.T, status int, date string, _ bool, body []byte) {
		verdict, err := decoder(rest.Answer{
			Status: status, Header: http.Header{"Date": {date}}, Body: body, At: time.UnixMilli(1751371200000),
		})
		if err != nil {
			requireHonestOfAll(t, verdict, err)
			return
		}
		require.Equal(t, http.StatusOK, status)
		code := lastValue(t, body, "code")
		assert.Equal(t, rest.Verdict{Code: code}, verdict)
		text := strings.ToLower(lastValue(t, body, "desc") + lastValue(t, body, "msg"))
		switch {
		case code == "200", code == "102404" && api == APIv2:
		case code == "414" && api == APIv1:
			assert.Contains(t, text, pingAccount)
		default:
			t.Errorf("%s is no yes", code)
		}
	})
}

func FuzzDecodePing(f *testing.F) { fuzzPing(f, APIv1, decodePing) }

func FuzzDecodePingV2(f *testing.F) { fuzzPing(f, APIv2, decodePingV2) }
