package easemobtest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/easemob/easemobtest"
)

const tokenPath = "/demo-org/demo-app/token"

func TestTokenAnswer(t *testing.T) {
	tests := map[string]struct {
		ttl     string // as it stands in the request
		expires string
	}{
		"default":       {"", "5184000"},
		"seconds":       {`,"ttl":1024000`, "1024000"},
		"quoted":        {`,"ttl":"1024000"`, "1024000"},
		"never expires": {`,"ttl":0`, "9223372036854775"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			status, body := send(t, srv, http.MethodPost, tokenPath, `{"grant_type":"client_credentials",`+
				`"client_id":"demo-client-id","client_secret":"demo-client-secret"`+tt.ttl+`}`)
			assert.Equal(t, http.StatusOK, status)
			assert.Regexp(t, `^\{"access_token":"YWMt[A-Z2-7]+","expires_in":`+tt.expires+
				`,"application":"8be024f0-e978-41e8-b697-5d598d5f8402"\}$`, body)
			assert.Equal(t, 1, srv.TokensIssued())
		})
	}
}

func TestTokenRefused(t *testing.T) {
	invalidRequest := failed("illegal_argument", "this is an invalid request.")
	tests := map[string]struct {
		body, want string
	}{
		"no client_id": {
			`{"grant_type":"client_credentials","client_secret":"x"}`,
			failed("illegal_argument", "client_id must be provided."),
		},
		"no client_secret": {
			`{"grant_type":"client_credentials","client_id":"x"}`,
			failed("illegal_argument", "client_secret must be provided"),
		},
		"wrong client_id": {
			`{"grant_type":"client_credentials","client_id":"x","client_secret":"demo-client-secret"}`,
			failed("invalid_grant", "client_id does not match"),
		},
		"wrong client_secret": {
			`{"grant_type":"client_credentials","client_id":"demo-client-id","client_secret":"x"}`,
			failed("invalid_grant", "client_secret does not match"),
		},
		"key in the wrong case": {
			`{"grant_type":"client_credentials","Client_ID":"demo-client-id","client_secret":"demo-client-secret"}`,
			failed("illegal_argument", "client_id must be provided."),
		},
		"other grant": {`{"grant_type":"password"}`, invalidRequest},
		"negative ttl": {
			`{"grant_type":"client_credentials","client_id":"demo-client-id","client_secret":"demo-client-secret","ttl":-1}`,
			invalidRequest,
		},
		"ttl beyond measure": {
			`{"grant_type":"client_credentials","client_id":"demo-client-id","client_secret":"demo-client-secret","ttl":9223372037}`,
			invalidRequest,
		},
		"wrong type": {
			`{"client_id":7}`,
			failed("invalid_request_body", "Request body is invalid. Please check body is correct."),
		},
		"not JSON": {`}`, failed("json_parse", "Unexpected character (invalid character '}' looking for beginning of value)")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			status, body := send(t, srv, http.MethodPost, tokenPath, tt.body)
			assert.Equal(t, http.StatusBadRequest, status)
			assert.Equal(t, tt.want, body)
			assert.Zero(t, srv.TokensIssued())
		})
	}
}

func TestContentType(t *testing.T) {
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "; broken"} {
		status, body := send(t, frozen(t), http.MethodPost, tokenPath, credentials, "Content-Type", contentType)
		assert.Equal(t, http.StatusUnsupportedMediaType, status)
		assert.Equal(t, failed("web_application", "Unsupported Media Type"), body)
	}
	status, _ := send(t, frozen(t), http.MethodPost, tokenPath, credentials, "Content-Type", "application/json;charset=UTF-8")
	assert.Equal(t, http.StatusOK, status)
}

func TestBearer(t *testing.T) {
	const security = "EasemobSecurityException"
	expired := usergridFailed("unauthorized", security, "Unable to authenticate due to expired access token")
	tests := map[string]struct {
		authorization string
		want          string
	}{
		"none":         {"", expired},
		"other scheme": {"Basic eDp5", expired},
		"empty":        {"Bearer ", expired},
		"corrupt":      {"Bearer xyz", failedWith("auth_bad_access_token", security, "Unable to authenticate due to corrupt access token")},
		"foreign":      {"Bearer YWMtxyz", failedWith("auth_bad_access_token", security, "Unable to authenticate")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := send(t, frozen(t), http.MethodPost, recallPath, recallBody("1", true), "Authorization", tt.authorization)
			assert.Equal(t, http.StatusUnauthorized, status)
			assert.Equal(t, tt.want, body)
		})
	}
}

func TestTokenExpiresByTheEmulatorsClock(t *testing.T) {
	srv := frozen(t)
	srv.TokenTTL = time.Hour
	token := bearer(t, srv)
	status := func() int {
		code, _ := send(t, srv, http.MethodPost, recallPath, recallBody("1", true), token...)
		return code
	}
	srv.Advance(time.Hour - time.Millisecond)
	assert.Equal(t, http.StatusOK, status())
	srv.Advance(time.Millisecond)
	assert.Equal(t, http.StatusUnauthorized, status())
}

func TestTokenWithoutTTLNeverExpires(t *testing.T) {
	srv := frozen(t)
	srv.TokenTTL = 0
	token := bearer(t, srv)
	srv.Advance(100 * 365 * 24 * time.Hour)
	status, _ := send(t, srv, http.MethodPost, recallPath, recallBody("1", true), token...)
	assert.Equal(t, http.StatusOK, status)
}

func TestRevokeTokens(t *testing.T) {
	srv := frozen(t)
	first, second := bearer(t, srv), bearer(t, srv)
	assert.Equal(t, http.StatusOK, statusWith(t, srv, first), "a new token leaves the old one valid")

	srv.RevokeTokens()
	for _, token := range [][]string{first, second} {
		status, body := send(t, srv, http.MethodPost, recallPath, recallBody("1", true), token...)
		assert.Equal(t, http.StatusUnauthorized, status)
		assert.Equal(t, usergridFailed("unauthorized", "EasemobSecurityException", "Unable to authenticate (OAuth)"), body)
	}
	assert.Equal(t, http.StatusOK, statusWith(t, srv, bearer(t, srv)))
	assert.Equal(t, 3, srv.TokensIssued())
}

func statusWith(t *testing.T, srv *easemobtest.Server, token []string) int {
	t.Helper()
	status, _ := send(t, srv, http.MethodPost, recallPath, recallBody("1", true), token...)
	return status
}
