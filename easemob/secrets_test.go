package easemob

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
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
func echoes() map[string]vendortest.Echo {
	all := vendortest.Echoes()
	maps.Copy(all, map[string]vendortest.Echo{
		"error_description": func(w http.ResponseWriter, _ *http.Request, all string) {
			reply(w, 403, errorJSON("forbidden_op", all))
		},
		"error": func(w http.ResponseWriter, _ *http.Request, all string) { reply(w, 400, errorJSON(all, "x")) },
		"error, as an object": func(w http.ResponseWriter, _ *http.Request, all string) {
			reply(w, 400, `{"error":{"request":`+quoted(all)+`},"error_description":[`+quoted(all)+`]}`)
		},
		"401": func(w http.ResponseWriter, _ *http.Request, all string) {
			reply(w, 401, errorJSON("unauthorized", all))
		},
		"recalled": func(w http.ResponseWriter, _ *http.Request, all string) {
			reply(w, 200, `{"data":{"recalled":`+quoted(all)+`}}`)
		},
		"HTML, cut within": func(w http.ResponseWriter, _ *http.Request, all string) {
			at := strings.Index(all, "Bearer ")
			if at < 0 {
				at = strings.Index(all, "client_secret")
			}
			reply(w, 502, strings.Repeat("x", 180)+all[at:])
		},
		"redirect": func(w http.ResponseWriter, _ *http.Request, all string) {
			w.Header().Set("Location", "https://login.example.com/?from="+url.QueryEscape(all))
			reply(w, 307, all)
		},
		"other JSON": func(w http.ResponseWriter, _ *http.Request, all string) { reply(w, 200, quoted(all)) },
	})
	return all
}

func TestErrorsHideWhatTheServerEchoes(t *testing.T) {
	for name, echo := range echoes() {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) { echo(w, r, vendortest.InOneLine(r)) })
			for _, secret := range []string{secretPlain, secretQuoted} {
				c := newClient(t, func(cfg *Config) {
					cfg.Host, cfg.Token, cfg.ClientID, cfg.ClientSecret = server, "", "id", secret
				})
				_, err := c.Recall(t.Context(), recallOf(theMessage))
				e := failure(t, err)
				assert.Equal(t, "token", e.Op)
				assertHides(t, err, secret)
			}
			c := newClient(t, func(cfg *Config) { cfg.Host, cfg.Token = server, tokenPlain })
			_, err := c.Recall(t.Context(), recallOf(theMessage))
			e := failure(t, err)
			assert.Equal(t, "recall", e.Op)
			assertHides(t, err, tokenPlain)
			assertHides(t, errors.Join(err, err), tokenPlain)
		})
	}
}

// TestErrorsHideRenewedTokens: the second token of a call is as secret as the first.
func TestErrorsHideRenewedTokens(t *testing.T) {
	vendor := &vendorMock{}
	vendor.recall = func(_ int, r *http.Request) (int, string) {
		return 401, errorJSON("unauthorized", vendortest.InOneLine(r)+" was given "+tokenPlain)
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
