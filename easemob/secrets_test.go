package easemob

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// Secrets that can't be mistaken for anything else. The second kind has to be escaped in JSON.
const (
	secretPlain  = "YXA6s3cr3t-5b1c9e2f/9c1fb7d2=="
	secretQuoted = `YXA6s3cr3t"4e7d0a35\<6f2c8b19>&'`
	tokenPlain   = "YWMtt0k3n-77ab03de_1f4c6a80+b2=="
	tokenNewer   = "YWMtn3w3r-9d5e11cd+e08f7b63=="
	tokenSourced = "YWMts0urc3d-a46c90e1"
)

// printed returns all the ways in which v may end up in a log.
func printed(t *testing.T, v any) map[string]string {
	t.Helper()
	out := map[string]string{"Sprint": fmt.Sprint(v), "Errorf": fmt.Errorf("%v", v).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "% x", "%t", "%08.3f"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	for name, nested := range map[string]any{
		"itself": v, "pointer": &v, "field": struct{ V any }{v}, "list": []any{v}, "map": map[string]any{"v": v},
	} {
		out["nested %v: "+name] = fmt.Sprintf("%v %+v %#v", nested, nested, nested)
		data, err := json.Marshal(nested)
		if err == nil {
			out["JSON: "+name] = string(data)
		}
		var text, structured bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", nested, slog.Group("g", "v", nested))
		slog.New(slog.NewJSONHandler(&structured, nil)).Info("m", "v", nested, slog.Group("g", "v", nested))
		out["slog text: "+name], out["slog JSON: "+name] = text.String(), structured.String()
	}
	return out
}

// assertHides asserts that none of the ways to print v shows one of the secrets, or a part of one between
// two of its punctuation marks, as it is or as bytes in hexadecimal.
func assertHides(t *testing.T, v any, secrets ...string) {
	t.Helper()
	parts := strings.FieldsFunc(strings.Join(secrets, " "), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	for way, text := range printed(t, v) {
		low := strings.ToLower(strings.ReplaceAll(text, " ", ""))
		for _, part := range parts {
			if len(part) < 8 {
				continue
			}
			if strings.Contains(text, part) || strings.Contains(low, hex.EncodeToString([]byte(part))) {
				t.Errorf("%s shows a secret: %s", way, text)
				return
			}
		}
	}
}

func TestConfigHidesSecrets(t *testing.T) {
	source := &struct {
		sourceFunc
		Secret string
	}{Secret: tokenSourced}
	cfg := Config{
		Host: "https://me:" + secretPlain + "@a1.easemob.com", Org: "org", App: "app", ClientID: "the-client-id",
		ClientSecret: secretQuoted, Token: tokenPlain, TokenSource: source,
	}
	all := []string{secretPlain, secretQuoted, tokenPlain, tokenSourced}
	assertHides(t, cfg, all...)
	assertHides(t, &cfg, all...)
	for _, want := range []string{"easemob.Config{", "Org: org", "App: app", "ClientID: the-client-id"} {
		assert.Contains(t, fmt.Sprintf("%+v", cfg), want)
	}
	_, err := New(cfg)
	assertHides(t, err, all...)
	cfg.TokenSource, cfg.Token = nil, ""
	_, err = New(cfg)
	assert.Equal(t, "Host", failure(t, err).Field)
	assertHides(t, err, all...)
	assert.NotContains(t, fmt.Sprint(Config{}), "secret")
}

func TestClientHidesSecrets(t *testing.T) {
	vendor := &vendorMock{recall: refusing(tokenPlain)}
	vendor.token = func(int, *http.Request) (int, string) { return 200, tokenJSON(tokenPlain, 3600) }
	fetching := newClient(t, func(cfg *Config) {
		cfg.Token, cfg.ClientID, cfg.ClientSecret = "", "id", secretQuoted
		cfg.Policy.Transport = vendor.transport()
	})
	fixed := newClient(t, func(cfg *Config) { cfg.Token, cfg.Policy.Transport = tokenPlain, vendor.transport() })
	for _, c := range []*Client{fetching, fixed} {
		_, err := c.Recall(t.Context(), recallOf(theMessage))
		require.NoError(t, err)
		assertHides(t, c, secretQuoted, tokenPlain)
		assertHides(t, *c, secretQuoted, tokenPlain)
		assertHides(t, struct{ c *Client }{c}, secretQuoted, tokenPlain)
		assertHides(t, struct{ c Client }{*c}, secretQuoted, tokenPlain)
		assert.Equal(t, "easemob.Client{App: org#app, Base: https://easemob.test}", fmt.Sprint(c))
	}
	assert.Equal(t, "<nil>", fmt.Sprint((*Client)(nil)))
}

func TestTokenHidesItsValue(t *testing.T) {
	token := Token{Value: tokenPlain}
	assertHides(t, token, tokenPlain)
	assertHides(t, &token, tokenPlain)
}

// echoes are servers that repeat the request, headers included, in what they answer.
var echoes = map[string]func(w http.ResponseWriter, request string){
	"error_description": func(w http.ResponseWriter, request string) {
		reply(w, 403, errorJSON("forbidden_op", request))
	},
	"error": func(w http.ResponseWriter, request string) { reply(w, 400, errorJSON(request, "x")) },
	"error, as an object": func(w http.ResponseWriter, request string) {
		reply(w, 400, `{"error":{"request":`+quoted(request)+`},"error_description":[`+quoted(request)+`]}`)
	},
	"401": func(w http.ResponseWriter, request string) { reply(w, 401, errorJSON("unauthorized", request)) },
	"recalled": func(w http.ResponseWriter, request string) {
		reply(w, 200, `{"data":{"recalled":`+quoted(request)+`}}`)
	},
	"HTML": func(w http.ResponseWriter, request string) {
		reply(w, 502, "<html><pre>"+html.EscapeString(request)+"</pre></html>")
	},
	"HTML, cut within": func(w http.ResponseWriter, request string) {
		at := strings.Index(request, "Bearer ")
		if at < 0 {
			at = strings.Index(request, "client_secret")
		}
		reply(w, 502, strings.Repeat("x", 180)+request[at:])
	},
	"text":       func(w http.ResponseWriter, request string) { reply(w, 200, request) },
	"other JSON": func(w http.ResponseWriter, request string) { reply(w, 200, quoted(request)) },
	"redirect": func(w http.ResponseWriter, request string) {
		w.Header().Set("Location", "https://login.example.com/?from="+url.QueryEscape(request))
		reply(w, 307, request)
	},
	"status line": func(w http.ResponseWriter, request string) { hijacked(w, "HTTP/1.1 "+request+"\r\n\r\n") },
	"no status":   func(w http.ResponseWriter, request string) { hijacked(w, request+"\r\n\r\n") },
	"header":      func(w http.ResponseWriter, request string) { hijacked(w, "HTTP/1.1 200 OK\r\n"+request+"\r\n\r\n") },
	"length": func(w http.ResponseWriter, request string) {
		hijacked(w, "HTTP/1.1 200 OK\r\nContent-Length: "+request+"\r\n\r\n")
	},
	"encoding": func(w http.ResponseWriter, request string) {
		hijacked(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "+request+"\r\n\r\n")
	},
}

// hijacked answers in raw bytes, all in one line.
func hijacked(w http.ResponseWriter, answer string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, answer)
}

// inOneLine returns a request with its headers and body in one line.
func inOneLine(r *http.Request) string {
	dump, _ := httputil.DumpRequest(r, true)
	return strings.Join(strings.Fields(string(dump)), " ")
}

func TestErrorsHideWhatTheServerEchoes(t *testing.T) {
	for name, echo := range echoes {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) { echo(w, inOneLine(r)) })
			for _, secret := range []string{secretPlain, secretQuoted} {
				c := newClient(t, func(cfg *Config) {
					cfg.Host, cfg.Token, cfg.ClientID, cfg.ClientSecret = server, "", "id", secret
				})
				_, err := c.Recall(t.Context(), recallOf(theMessage))
				e := failure(t, err)
				assert.Equal(t, "token", e.Op)
				assertHides(t, err, secret)
				assertHides(t, e.Err, secret)
			}
			c := newClient(t, func(cfg *Config) { cfg.Host, cfg.Token = server, tokenPlain })
			_, err := c.Recall(t.Context(), recallOf(theMessage))
			e := failure(t, err)
			assert.Equal(t, "recall", e.Op)
			assertHides(t, err, tokenPlain)
			assertHides(t, e.Err, tokenPlain)
			assertHides(t, errors.Join(err, err), tokenPlain)
		})
	}
}

// TestErrorsHideRenewedTokens: the second token of a call is as secret as the first.
func TestErrorsHideRenewedTokens(t *testing.T) {
	vendor := &vendorMock{}
	vendor.recall = func(_ int, r *http.Request) (int, string) {
		return 401, errorJSON("unauthorized", inOneLine(r)+" was given "+tokenPlain)
	}
	c := sourceClient(t, vendor, func(_ context.Context, stale string) (Token, error) {
		if stale == "" {
			return Token{Value: tokenPlain}, nil
		}
		return Token{Value: tokenNewer}, nil
	})
	_, err := c.Recall(t.Context(), recallOf(theMessage))
	assert.Equal(t, 2, failure(t, err).Attempts)
	assertHides(t, err, tokenPlain, tokenNewer)
}

// TestErrorHidesATokenThatCantBeUsed: an answer that holds a token in another form is not shown.
func TestErrorHidesATokenThatCantBeUsed(t *testing.T) {
	for _, body := range []string{
		`{"access_token":"` + tokenPlain + `\n"}`,
		`{"access_token":["` + tokenPlain + `"]}`,
		`{"access_token":"` + tokenPlain + `"`,
		`{"access_token":"` + tokenPlain + `"}{}`,
		`{"data":{"access_token":"` + tokenPlain + `"}}`,
		tokenPlain,
	} {
		c, _ := tokenAnswers(t, 200, body)
		_, err := c.Recall(t.Context(), recallOf(theMessage))
		assert.Equal(t, recall.ErrBadResponse, failure(t, err).Kind)
		assertHides(t, err, tokenPlain)
	}
}
