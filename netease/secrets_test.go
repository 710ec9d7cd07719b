package netease

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// printings returns v as everything prints it that people log with.
func printings(t *testing.T, v any) []string {
	t.Helper()
	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
		out = append(out, fmt.Sprintf(verb, v))
	}
	out = append(out, fmt.Sprint(v), fmt.Errorf("wrapped: %v", v).Error())
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("x", "v", v)
		slog.New(handler).Info("x", slog.Group("g", slog.Any("v", v)))
	}
	encoded, err := json.Marshal(v)
	require.NoError(t, err)
	return append(out, log.String(), string(encoded))
}

// assertHidden checks that no way of printing v shows a secret, in plain or
// in hex.
func assertHidden(t *testing.T, v any, secrets ...string) {
	t.Helper()
	for _, text := range printings(t, v) {
		for _, secret := range secrets {
			require.NotEmpty(t, secret)
			for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), url.QueryEscape(secret)} {
				assert.NotContains(t, strings.ToLower(text), strings.ToLower(form), "%T", v)
			}
		}
	}
}

// assertChainHidden checks an error and everything that it wraps.
func assertChainHidden(t *testing.T, err error, secrets ...string) {
	t.Helper()
	assertHidden(t, err, secrets...)
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, cause := range e.Unwrap() {
			assertChainHidden(t, cause, secrets...)
		}
	case interface{ Unwrap() error }:
		if cause := e.Unwrap(); cause != nil {
			assertChainHidden(t, cause, secrets...)
		}
	}
}

func TestConfigAndClientAreHidden(t *testing.T) {
	cfg := Config{Host: "https://u:" + testSecret + "@h", AppKey: testAppKey, AppSecret: testSecret}
	c := newClient(t, Config{})
	type holder struct {
		Config  Config
		Pointer *Config
		Client  *Client
		Any     any
	}
	for _, v := range []any{
		cfg, &cfg,
		[]Config{cfg},
		map[string]Config{"a": cfg},
		holder{cfg, &cfg, c, cfg},
		&holder{cfg, &cfg, c, &cfg},
		c,
		[]*Client{c},
		*c,
	} {
		assertHidden(t, v, testSecret)
	}
}

// dumped returns the request as the server got it, headers included.
func dumped(r *http.Request) string {
	dump, _ := httputil.DumpRequest(r, true)
	return string(dump)
}

// jsonOf returns v as JSON.
func jsonOf(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// raw answers with bytes that need not be HTTP.
func raw(w http.ResponseWriter, text string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		io.WriteString(conn, text)
		conn.Close()
	}
}

// echoes are servers that repeat the whole request in an answer that becomes
// an error. Each gets the request in one line.
var echoes = map[string]func(w http.ResponseWriter, r *http.Request, all string){
	"text of an error": func(w http.ResponseWriter, _ *http.Request, all string) {
		io.WriteString(w, `{"code":414,"desc":`+jsonOf(all)+`,"content":`+jsonOf(all)+`}`)
	},
	"text of a failure": func(w http.ResponseWriter, _ *http.Request, all string) {
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, `{"code":500,"msg":`+jsonOf(all)+`,"content":`+jsonOf(all)+`}`)
	},
	"object": func(w http.ResponseWriter, r *http.Request, all string) {
		echo := jsonOf(map[string]any{"headers": r.Header, "all": all})
		io.WriteString(w, `{"code":403,"desc":`+echo+`,"content":`+echo+`}`)
	},
	"clock": func(w http.ResponseWriter, _ *http.Request, all string) {
		io.WriteString(w, `{"code":414,"desc":`+jsonOf("CurTime is expired "+all)+`}`)
	},
	"escaped JSON": func(w http.ResponseWriter, _ *http.Request, all string) {
		var escaped strings.Builder
		for _, r := range all {
			fmt.Fprintf(&escaped, `\u%04x`, r)
		}
		io.WriteString(w, `{"code":414,"desc":"`+escaped.String()+`","content":"`+escaped.String()+`"}`)
	},
	"code": func(w http.ResponseWriter, _ *http.Request, all string) {
		io.WriteString(w, `{"code":`+jsonOf(all)+`}`)
	},
	"plain": func(w http.ResponseWriter, _ *http.Request, all string) { io.WriteString(w, all) },
	"HTML": func(w http.ResponseWriter, _ *http.Request, all string) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "<pre>"+all+"</pre>")
	},
	"status line": func(w http.ResponseWriter, _ *http.Request, all string) {
		raw(w, "HTTP/1.1 "+strings.ReplaceAll(all, " ", "_")+"\r\n\r\n")
	},
	"no HTTP": func(w http.ResponseWriter, _ *http.Request, all string) {
		raw(w, strings.ReplaceAll(all, " ", "_")+"\r\n\r\n")
	},
	"header line": func(w http.ResponseWriter, _ *http.Request, all string) {
		raw(w, "HTTP/1.1 200 OK\r\n"+strings.ReplaceAll(all, ":", " ")+"\r\n\r\n")
	},
	"length": func(w http.ResponseWriter, _ *http.Request, all string) {
		raw(w, "HTTP/1.1 200 OK\r\nContent-Length: "+all+"\r\n\r\n")
	},
	"encoding": func(w http.ResponseWriter, _ *http.Request, all string) {
		raw(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "+all+"\r\n\r\n")
	},
	"other headers": func(w http.ResponseWriter, _ *http.Request, all string) {
		w.Header()["Date"] = []string{all}
		w.Header().Set("Retry-After", all)
		w.WriteHeader(http.StatusServiceUnavailable)
	},
}

// redirects are Location headers that hold the secret.
var redirects = []string{
	"https://evil.example.com/%s", "https://evil.example.com/?k=%s", "https://%s.example.com/", "https://u:%s@evil.example.com/",
	"https://%s@evil.example.com/", "//%s/", "/%s", "https://evil.example.com/#%s", "://%s", "%s://evil.example.com/",
}

// echoErrors returns the errors of calls to servers that echo the request,
// and what each server found in it by secretOf.
func echoErrors(t *testing.T, call func(host string) error, secretOf func(received) string) map[string]echoed {
	t.Helper()
	out := map[string]echoed{}
	run := func(name string, answer http.HandlerFunc) {
		s := newServer(t, answer)
		err := call(s.URL)
		require.Error(t, err, name)
		require.Len(t, s.requests(), 1, name)
		out[name] = echoed{err, secretOf(s.requests()[0])}
	}
	for name, echo := range echoes {
		run(name, func(w http.ResponseWriter, r *http.Request) {
			echo(w, r, strings.Join(strings.Fields(dumped(r)), " "))
		})
	}
	for _, location := range redirects {
		run("redirect to "+location, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			secret := secretOf(received{Header: r.Header, Body: string(body)})
			w.Header().Set("Location", fmt.Sprintf(location, secret))
			w.WriteHeader(http.StatusTemporaryRedirect)
		})
	}
	return out
}

// echoed is an error and the secret that the server put into its answer.
type echoed struct {
	err    error
	secret string
}

// A server that repeats the request gets the signature into no error.
func TestEchoedSignatureIsHidden(t *testing.T) {
	errs := echoErrors(t,
		func(host string) error {
			_, err := newClient(t, Config{Host: host}).Recall(t.Context(), params())
			return err
		},
		func(r received) string { return r.Header.Get("CheckSum") })
	for name, e := range errs {
		t.Run(name, func(t *testing.T) {
			require.Regexp(t, checkSumForm, e.secret)
			assertChainHidden(t, e.err, e.secret, testSecret)
			failure(t, e.err)
			if echoes[name] != nil && name != "other headers" {
				assert.ErrorContains(t, e.err, "[secret]", "the test does not reach the error")
			}
		})
	}
}

// Nothing else shows them either: refusals and receipts.
func TestOtherResultsAreHidden(t *testing.T) {
	c, transport := mocked(t, http.StatusOK, nil, `{"code":200}`)
	receipt, err := c.Recall(t.Context(), params())
	require.NoError(t, err)
	assertHidden(t, receipt, testSecret, transport.headers[0].Get("CheckSum"))
	_, err = c.Recall(t.Context(), RecallParams{})
	assertChainHidden(t, err, testSecret)
	_, err = New(Config{Host: "https://u:" + testSecret + "@h", AppKey: testAppKey, AppSecret: testSecret})
	assertChainHidden(t, err, testSecret)

	var signature string
	c, transport = mocked(t, http.StatusOK, nil, "")
	transport.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		signature = r.Header.Get("CheckSum")
		return nil, errors.New("proxy refused " + dumped(r))
	})
	_, err = c.Recall(t.Context(), params())
	assert.ErrorContains(t, err, "[secret]")
	assertChainHidden(t, err, signature)
}

// The secret itself is never sent.
func TestSecretIsNotSent(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		assert.NotContains(t, dumped(r), testSecret)
		answering(http.StatusOK, `{"code":200}`)(w, r)
	})
	_, err := newClient(t, Config{Host: s.URL}).Recall(t.Context(), params())
	require.NoError(t, err)
}
