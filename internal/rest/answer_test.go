package rest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestCode(t *testing.T) {
	for in, want := range map[string]Code{
		`200`: "200", `"200"`: "200", `-1`: "-1", `0`: "0", `9223372036854775807`: "9223372036854775807",
	} {
		var code Code
		require.NoError(t, json.Unmarshal([]byte(in), &code), in)
		assert.Equal(t, want, code)
	}
	for _, in := range []string{
		`null`, `200.0`, `2e2`, `"200.0"`, `""`, `"+200"`, `"0200"`, `" 200"`, `true`, `[200]`, `{}`,
		`9223372036854775808`, `"two"`, `1e400`,
	} {
		var code Code
		require.Error(t, json.Unmarshal([]byte(in), &code), in)
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]Text{
		`"not allow!"`: "not allow!", `null`: "", `""`: "", `{ "success": true }`: `{"success":true}`,
		`[1, 2]`: `[1,2]`, `42`: "42", `9223372036854775807`: "9223372036854775807", `true`: "true",
	} {
		var text Text
		require.NoError(t, json.Unmarshal([]byte(in), &text), in)
		assert.Equal(t, want, text)
	}
}

func TestUnreadable(t *testing.T) {
	for status, kind := range map[int]recall.Kind{
		200: recall.ErrBadResponse, 400: recall.ErrBadResponse, 403: recall.ErrBadResponse,
		401: recall.ErrUnauthorized, 404: recall.ErrMisconfigured, 405: recall.ErrMisconfigured,
		407: recall.ErrMisconfigured, 415: recall.ErrMisconfigured, 408: recall.ErrUnavailable,
		413: recall.ErrInvalidRequest, 429: recall.ErrRateLimited, 500: recall.ErrUnavailable,
		502: recall.ErrUnavailable, 503: recall.ErrUnavailable, 504: recall.ErrUnavailable,
	} {
		e := Unreadable(Answer{Status: status, Body: []byte("<html>\n<b>网关</b>")}, "not JSON")
		assert.Equal(t, kind, e.Kind, status)
		assert.Equal(t, `not JSON: "<html>\n<b>网关</b>"`, e.Err.Error())
	}
	long := Unreadable(Answer{Status: 200, Body: []byte(strings.Repeat("网", 1000))}, "not JSON")
	assert.Less(t, len(long.Err.Error()), 240, "at most 200 bytes of it")
	assert.True(t, utf8.ValidString(long.Err.Error()))
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "1.5": 0,
		"99999999999999999999":          0,
		"2147483647":                    longestRetryAfter,
		"Wed, 04 Mar 2026 05:06:37 GMT": 30 * time.Second,
		"Wed, 04 Mar 2026 05:06:00 GMT": 0,
		"Wed, 04 Mar 2099 05:06:00 GMT": longestRetryAfter,
	} {
		a := Answer{Header: http.Header{"Retry-After": {value}}, At: now}
		assert.Equal(t, want, retryAfter(a), value)
	}
}

func TestMask(t *testing.T) {
	e := &recall.Error{
		Code: "x" + secret, Message: "token " + secret + " is bad; " + secret,
		Err: errors.New("echo: " + secret),
	}
	mask(e, []string{"", "ab", secret})
	assert.Equal(t, "x[secret]", e.Code)
	assert.Equal(t, "token [secret] is bad; [secret]", e.Message)
	require.EqualError(t, e.Err, "echo: [secret]")

	kept := http.ErrSchemeMismatch
	e = &recall.Error{Err: kept, Message: strings.Repeat("长", 1000)}
	mask(e, []string{secret})
	assert.Equal(t, kept, e.Err, "a cause without secrets is kept as it is")
	assert.LessOrEqual(t, len(e.Message), longestMessage+len("…"))
	assert.True(t, utf8.ValidString(e.Message))
}

// A server that echoes the request gets none of its secret into the error,
// also where the excerpt would cut the secret in two.
func TestEchoIsMasked(t *testing.T) {
	for _, padding := range []int{0, longestExcerpt - len(secret)/2} {
		for name, body := range map[string]string{
			"HTML": strings.Repeat("x", padding) + secret + "</html>",
			"JSON": `{"code":400,"text":"` + strings.Repeat("x", padding) + secret + `"}`,
		} {
			e := failure(t.Context(), t, newClient(t, serve(t, answerWith(400, body)), recall.Policy{}), aCall())
			text := e.Error()
			for i := 0; i+8 <= len(secret); i++ {
				assert.NotContains(t, text, secret[i:i+8], name)
			}
		}
	}
}

func FuzzCode(f *testing.F) {
	for _, seed := range []string{`200`, `"200"`, `null`, `1e5`, `"\u0032"`, "`2`", `'2'`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var code Code
		if json.Unmarshal(data, &code) != nil {
			return
		}
		again, err := json.Marshal(code)
		require.NoError(t, err)
		var back Code
		require.NoError(t, json.Unmarshal(again, &back))
		assert.Equal(t, code, back)
	})
}
