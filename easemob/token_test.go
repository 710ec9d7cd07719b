package easemob

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// tokenAnswers returns a client that fetches its token, which is answered so, and the transport: a recall
// that got as far would succeed.
func tokenAnswers(t *testing.T, status int, body string) (*Client, *vendorMock) {
	t.Helper()
	mock := &vendorMock{
		token: func(int, *http.Request) (int, string) { return status, body },
		recall: func(int, *http.Request) (int, string) {
			return 200, recalledJSON("1")
		},
	}
	return newClient(t, func(cfg *Config) {
		useCredentials(cfg)
		cfg.Policy.Transport = mock.transport()
	}), mock
}

func TestTokenSendsTheVendorsSample(t *testing.T) {
	url, arrived := capture(t, 200, string(readGolden(t, "token.answer.http").Body))
	c := newClient(t, func(cfg *Config) {
		cfg.Host, cfg.Org, cfg.App = url, "easemob-demo", "testapp"
		cfg.Token, cfg.ClientID, cfg.ClientSecret = "", "an-example-client-id", "an-example-client-secret"
	})
	_, err := c.Recall(t.Context(), recallOf("1"))
	require.Error(t, err, "the server answers the recall with a token")
	assertGolden(t, readGolden(t, "token.request.http"), <-arrived)
	assert.Equal(t, "Bearer YWMt-an-example-token", (<-arrived).Header.Get("Authorization"))
}

func TestTokenReadsTheVendorsSample(t *testing.T) {
	m := readGolden(t, "token.answer.http")
	now := time.Now()
	token, err := decodeToken(rest.Answer{Status: m.Status, Body: m.Body, At: now})
	require.NoError(t, err)
	assert.Equal(t, Token{Value: "YWMt-an-example-token", Expires: now.Add(1024000 * time.Second)}, token)
}

// TestTokenErrors holds what the token endpoint refuses with. None of it is about a message, or a field of
// a request.
func TestTokenErrors(t *testing.T) {
	appNotFound := readGolden(t, "app_not_found.answer.http")
	for name, test := range map[string]struct {
		status     int
		body       string
		kind       recall.Kind
		code, text string
	}{
		"no id": {
			400, errorJSON("illegal_argument", "client_id must be provided."),
			recall.ErrMisconfigured, "illegal_argument", "client_id must be provided.",
		},
		"no secret": {
			400, errorJSON("illegal_argument", "client_secret must be provided"),
			recall.ErrMisconfigured, "illegal_argument", "client_secret must be provided",
		},
		"wrong id": {
			400, errorJSON("invalid_grant", "client_id does not match"),
			recall.ErrUnauthorized, "invalid_grant", "client_id does not match",
		},
		"wrong secret": {
			400, errorJSON("invalid_grant", "client_secret does not match"),
			recall.ErrUnauthorized, "invalid_grant", "client_secret does not match",
		},
		"wrong app": {
			404, errorJSON("organization_application_not_found", "Could not find application for XXX/XXX from URI: XXX/XXX/users"),
			recall.ErrMisconfigured, "organization_application_not_found",
			"Could not find application for XXX/XXX from URI: XXX/XXX/users",
		},
		"wrong app, as it was seen": {
			404, string(appNotFound.Body), recall.ErrMisconfigured, "organization_application_not_found",
			"Could not find application for {org}/{app} from URI: {org}/{app}/token",
		},
		"banned": {
			403, errorJSON("forbidden_service_operation", "Service operation not allowed"),
			recall.ErrMisconfigured, "forbidden_service_operation", "Service operation not allowed",
		},
		"too often": {
			429, errorJSON("reach_limit", "This request has reached api limit"),
			recall.ErrRateLimited, "reach_limit", "This request has reached api limit",
		},
		"plan": {429, errorJSON("resource_limited", "x"), recall.ErrPlanExhausted, "resource_limited", "x"},
		"recall's words": {
			403, errorJSON("message_recall_error", "not_found msg"),
			recall.ErrMisconfigured, "message_recall_error", "not_found msg",
		},
		"recall's recipient": {
			400, errorJSON("message_recall_error", "can't find msg to"),
			recall.ErrMisconfigured, "message_recall_error", "can't find msg to",
		},
		"error under a 200":     {200, errorJSON("invalid_grant", "x"), recall.ErrUnauthorized, "invalid_grant", "x"},
		"internal error":        {500, errorJSON("", "internal error"), recall.ErrUnavailable, "", "internal error"},
		"gateway":               {502, "<html>", recall.ErrUnavailable, "", ""},
		"gateway, 400":          {400, "<html>", recall.ErrBadResponse, "", ""},
		"gateway, 404":          {404, "<html>", recall.ErrMisconfigured, "", ""},
		"gateway, 413":          {413, "<html>", recall.ErrMisconfigured, "", ""},
		"gateway, 413 and JSON": {413, "{}", recall.ErrMisconfigured, "", ""},
		"gateway, 200":          {200, "<html>", recall.ErrBadResponse, "", ""},
		"nothing":               {200, "", recall.ErrBadResponse, "", ""},
		"null":                  {200, "null", recall.ErrBadResponse, "", ""},
		"list":                  {200, "[]", recall.ErrBadResponse, "", ""},
		"object":                {200, "{}", recall.ErrBadResponse, "", ""},
		"no token":              {200, `{"expires_in":1}`, recall.ErrBadResponse, "", ""},
		"empty token":           {200, tokenJSON("", 1), recall.ErrBadResponse, "", ""},
		"null token":            {200, `{"access_token":null}`, recall.ErrBadResponse, "", ""},
		"token that is no text": {200, `{"access_token":17}`, recall.ErrBadResponse, "", ""},
		"token with a space":    {200, tokenJSON("a b", 1), recall.ErrBadResponse, "", ""},
		"token with a new line": {200, tokenJSON("a\nX-Header: b", 1), recall.ErrBadResponse, "", ""},
		"token not in ASCII":    {200, tokenJSON("ä", 1), recall.ErrBadResponse, "", ""},
		"two answers":           {200, tokenJSON("t", 1) + "{}", recall.ErrBadResponse, "", ""},
		"token under a 201":     {201, tokenJSON("t", 1), recall.ErrBadResponse, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, mock := tokenAnswers(t, test.status, test.body)
			receipt, err := c.Recall(t.Context(), recallOf("1"))
			assert.Zero(t, receipt)
			e := failure(t, err)
			assert.Equal(t, test.kind, e.Kind)
			assert.Equal(t, test.code, e.Code)
			assert.Equal(t, test.text, e.Message)
			assert.Equal(t, test.status, e.Status)
			assert.Equal(t, "token", e.Op)
			assert.Equal(t, "org#app", e.App)
			assert.Empty(t, e.Field)
			assert.Zero(t, e.Attempts, "nothing was sent about the message")
			assert.False(t, e.MayHaveApplied)
			assert.Equal(t, 1, mock.tokens())
			assert.Zero(t, mock.recalls())
		})
	}
}

// TestTokenEndpointSays401: there is no token that the vendor refused, so there is nothing to renew.
func TestTokenEndpointSays401(t *testing.T) {
	m := readGolden(t, "unauthorized.answer.http")
	c, mock := tokenAnswers(t, m.Status, string(m.Body))
	_, err := c.Recall(t.Context(), recallOf("1"))
	e := failure(t, err)
	assert.Equal(t, recall.ErrUnauthorized, e.Kind)
	assert.Equal(t, "Unable to authenticate (OAuth)", e.Message)
	assert.Equal(t, "token", e.Op)
	assert.Equal(t, 1, mock.tokens())
}

func TestRecallOfAnotherApplication(t *testing.T) {
	m := readGolden(t, "app_not_found.answer.http")
	_, err := clientFor(t, m.Status, string(m.Body)).Recall(t.Context(), recallOf("1"))
	require.ErrorIs(t, err, recall.ErrMisconfigured)
	assert.Equal(t, "recall", failure(t, err).Op)
}

// expiries holds what expires_in, as JSON, means. Zero stands for not known.
var expiries = map[string]time.Duration{
	`3600`:                   time.Hour,
	`1024000`:                1024000 * time.Second,
	`"1024000"`:              1024000 * time.Second,
	`3600.5`:                 time.Hour + 500*time.Millisecond,
	`"3600.5"`:               time.Hour + 500*time.Millisecond,
	`3.6e3`:                  time.Hour,
	`1`:                      time.Second,
	`9223372036854775`:       longestLife, // a token for ever, by the vendor's ancestor
	`"9223372036854775"`:     longestLife,
	`9223372036854775807`:    longestLife,
	`99999999999999999999`:   longestLife,
	`1e30`:                   longestLife,
	`1e999`:                  longestLife,
	`"Inf"`:                  longestLife,
	`0`:                      0,
	`"0"`:                    0,
	`-0`:                     0,
	`-1`:                     0,
	`"-3600"`:                0,
	`-9223372036854775808`:   0,
	`-1e999`:                 0,
	`"-Inf"`:                 0,
	`"NaN"`:                  0,
	`""`:                     0,
	`" 3600"`:                0,
	`"soon"`:                 0,
	`"3600s"`:                0,
	`"2030-01-01T00:00:00Z"`: 0,
	`null`:                   0,
	`true`:                   0,
	`{}`:                     0,
	`[3600]`:                 0,
}

func TestExpiry(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	bodies := map[string]time.Duration{`{"access_token":"t"}`: 0}
	for expiresIn, life := range expiries {
		bodies[`{"access_token":"t","expires_in":`+expiresIn+`}`] = life
	}
	for body, life := range bodies {
		t.Run(body, func(t *testing.T) {
			token, err := decodeToken(rest.Answer{Status: 200, Body: []byte(body), At: now})
			require.NoError(t, err)
			assert.Equal(t, "t", token.Value)
			if life == 0 {
				assert.True(t, token.Expires.IsZero(), token.Expires)
				return
			}
			assert.Equal(t, life, token.Expires.Sub(now))
		})
	}
}

func TestTokenIsUsedUntilRefusedWhereItsLifeIsUnknown(t *testing.T) {
	c, mock := tokenAnswers(t, 200, `{"access_token":"t"}`)
	for range 10 {
		_, err := c.Recall(t.Context(), recallOf("1"))
		require.NoError(t, err)
	}
	assert.Equal(t, 1, mock.tokens())
}

// TestTokenPrints: what is left to see of a token. That nothing else is, is in secrets_test.go.
func TestTokenPrints(t *testing.T) {
	token := Token{Value: "a-token", Expires: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	assert.Equal(t, "easemob.Token{Value: [secret], Expires: 2026-01-02T03:04:05Z}", fmt.Sprint(token))
	data, err := json.Marshal(token)
	require.NoError(t, err)
	assert.JSONEq(t, quoted(token.String()), string(data))
	assert.True(t, strings.HasPrefix(Token{}.String(), "easemob.Token{"))
	assert.NotContains(t, Token{}.String(), "secret")
}
