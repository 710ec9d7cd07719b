package goeasy

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// codeRow is a code that the vendor's pages or SDKs know, or one that HTTP
// does.
type codeRow struct {
	code int
	text string
	kind recall.Kind
}

var codeTable = []codeRow{
	{400, "Parameter Error", recall.ErrInvalidRequest},
	{401, "Unauthorized", recall.ErrUnauthorized},
	{408, "Unreachable or timeout", recall.ErrUnavailable},
	{409, "Please connect first", recall.ErrBadResponse}, // made by clients
	{500, "Internal Server Error", recall.ErrUnavailable},
	{507, "storage is not configured", recall.ErrNotEnabled},
	{10000, "Unknown Error", recall.ErrBadResponse},
	{403, "", recall.ErrForbidden}, // from here on: documented nowhere
	{404, "", recall.ErrMisconfigured},
	{405, "", recall.ErrMisconfigured},
	{413, "", recall.ErrInvalidRequest},
	{429, "", recall.ErrRateLimited},
	{502, "", recall.ErrUnavailable},
	{503, "", recall.ErrUnavailable},
	{504, "", recall.ErrUnavailable},
	{0, "", recall.ErrBadResponse},
	{-1, "", recall.ErrBadResponse},
	{201, "", recall.ErrBadResponse},
	{302, "", recall.ErrBadResponse},
	{418, "", recall.ErrBadResponse},
}

func TestCodes(t *testing.T) {
	for _, row := range codeTable {
		code := strconv.Itoa(row.code)
		t.Run(code, func(t *testing.T) {
			want := recall.Error{Kind: row.kind, Code: code, Message: row.text}
			content := `,"content":"` + row.text + `"}`
			requireError(t, want, http.StatusOK, nil, `{"code":`+code+content)
			requireError(t, want, http.StatusOK, nil, `{"code":"`+code+`"`+content)
			requireError(t, want, http.StatusOK, nil, `{"resultCode":`+code+content)
			requireError(t, want, http.StatusTeapot, nil, `{"code":`+code+content) // the code outranks the status
		})
	}
}

// requireError sends a recall, has it answered, and compares the error with
// want, for which it fills in what every answer's error has in common.
func requireError(t *testing.T, want recall.Error, status int, header http.Header, body string) {
	t.Helper()
	c, _ := mocked(t, status, header, body)
	receipt, err := c.Recall(t.Context(), params())
	require.Error(t, err)
	assert.Zero(t, receipt)
	e := failure(t, err)
	want.Vendor, want.App, want.Op = "goeasy", appName(testAppKey), "recall"
	want.Status, want.Attempts = status, 1
	want.MayHaveApplied = want.Kind == recall.ErrUnavailable || want.Kind == recall.ErrBadResponse
	want.Err = e.Err
	assert.Equal(t, want, *e)
	assert.NotContains(t, err.Error(), "\n")
}

func TestSuccessBodies(t *testing.T) {
	for _, body := range []string{
		`{"code":200,"content":"OK"}`, `{"code": 200, "content": "ok"}`, "{\n\"code\" : 200,\n\"content\":\"OK\"\n}", `{"content":"OK","code":"200"}`,
		`{"code":200}`, `{"code":200,"content":null}`, `{"code":200,"content":"success"}`, `{"resultCode":200,"content":"OK"}`,
		`{"resultCode":"200"}`, `{"code":200,"content":[{"id":"user1","data":{"nickname":"Jack"}}]}`,
		`{"code":200,"content":{"messages":[]}}`, `{"code":200,"content":"OK","guid":"x"}`,
	} {
		c, _ := mocked(t, http.StatusOK, nil, body)
		receipt, err := c.Recall(t.Context(), params())
		require.NoError(t, err, body)
		assert.Equal(t, recall.Accepted, receipt.Outcome, body)
		assert.Equal(t, "200", receipt.Code, body)
	}
}

// The code and its explanation in every JSON type.
func TestShapes(t *testing.T) {
	for _, row := range []struct {
		body          string
		kind          recall.Kind
		code, message string
	}{
		{`{"code":"401","content":"Unauthorized"}`, recall.ErrUnauthorized, "401", "Unauthorized"},
		{`{"resultCode":401,"content":"Unauthorized"}`, recall.ErrUnauthorized, "401", "Unauthorized"},
		{`{"code":401,"resultCode":200}`, recall.ErrUnauthorized, "401", ""},
		{`{"code":400,"content":["a", 1]}`, recall.ErrInvalidRequest, "400", `["a",1]`},
		{`{"code":400,"content":{"field": "messages"}}`, recall.ErrInvalidRequest, "400", `{"field":"messages"}`},
		{`{"code":400,"content":7}`, recall.ErrInvalidRequest, "400", `7`},
		{`{"code":400,"content":null}`, recall.ErrInvalidRequest, "400", ""},
		{`{"code":400,"content":"参数\n错误"}`, recall.ErrInvalidRequest, "400", "参数\n错误"},
		{`{"code":9223372036854775807}`, recall.ErrBadResponse, "9223372036854775807", ""},
		{`{"code":9223372036854775808}`, recall.ErrBadResponse, "", ""},
		{`{"code":200.0}`, recall.ErrBadResponse, "", ""},
		{`{"code":2e2}`, recall.ErrBadResponse, "", ""},
		{`{"code":"0200"}`, recall.ErrBadResponse, "", ""},
		{`{"code":"200 "}`, recall.ErrBadResponse, "", ""},
		{`{"code":"OK"}`, recall.ErrBadResponse, "", ""},
		{`{"code":"","resultCode":200}`, recall.ErrBadResponse, "", ""},
		{`{"code":null,"resultCode":200}`, recall.ErrBadResponse, "", ""},
		{`{"code":200,"resultCode":null}`, recall.ErrBadResponse, "", ""},
		{`{"code":true}`, recall.ErrBadResponse, "", ""},
		{`{"code":[200]}`, recall.ErrBadResponse, "", ""},
		{`{"content":"OK"}`, recall.ErrBadResponse, "", ""},
		{`{"content":{"code":200}}`, recall.ErrBadResponse, "", ""},
		{`{}`, recall.ErrBadResponse, "", ""},
		{`[]`, recall.ErrBadResponse, "", ""},
		{`[{"code":200}]`, recall.ErrBadResponse, "", ""},
		{`null`, recall.ErrBadResponse, "", ""},
		{`200`, recall.ErrBadResponse, "", ""},
		{`"OK"`, recall.ErrBadResponse, "", ""},
		{`OK`, recall.ErrBadResponse, "", ""},
		{``, recall.ErrBadResponse, "", ""},
		{`{"code":200}{"code":200}`, recall.ErrBadResponse, "", ""},
		{`{"code":200} x`, recall.ErrBadResponse, "", ""},
		{`{"code":200`, recall.ErrBadResponse, "", ""},
		{"\xef\xbb\xbf" + `{"code":200}`, recall.ErrBadResponse, "", ""},
		{`{"code":200,"content":{"messages":[{"time":1,"content":"a"} {"time":2}]}}`, recall.ErrBadResponse, "", ""},
		{`jsonp({"code":200})`, recall.ErrBadResponse, "", ""},
	} {
		t.Run(row.body, func(t *testing.T) {
			requireError(t, recall.Error{Kind: row.kind, Code: row.code, Message: row.message}, http.StatusOK, nil, row.body)
		})
	}
}

// Answers that say nothing themselves, or a yes that the status contradicts:
// the status alone speaks.
func TestStatusWithoutJSON(t *testing.T) {
	for _, row := range []struct {
		status int
		kind   recall.Kind
		wait   time.Duration // with a Retry-After of 7 seconds
	}{
		{200, recall.ErrBadResponse, 0},
		{201, recall.ErrBadResponse, 0},
		{204, recall.ErrBadResponse, 0},
		{400, recall.ErrBadResponse, 0},
		{401, recall.ErrUnauthorized, 0},
		{403, recall.ErrBadResponse, 0},
		{404, recall.ErrMisconfigured, 0},
		{405, recall.ErrMisconfigured, 0},
		{407, recall.ErrMisconfigured, 0},
		{408, recall.ErrUnavailable, 7 * time.Second},
		{413, recall.ErrInvalidRequest, 0},
		{415, recall.ErrMisconfigured, 0},
		{429, recall.ErrRateLimited, 7 * time.Second},
		{500, recall.ErrUnavailable, 7 * time.Second},
		{502, recall.ErrUnavailable, 7 * time.Second},
		{503, recall.ErrUnavailable, 7 * time.Second},
		{504, recall.ErrUnavailable, 7 * time.Second},
	} {
		for _, body := range []string{"<html>\n<h1>nginx</h1>", "", "null", "{}", `{"code":200,"content":"OK"}`} {
			if row.status == http.StatusOK && strings.Contains(body, "200") {
				continue
			}
			t.Run(strconv.Itoa(row.status)+body, func(t *testing.T) {
				want := recall.Error{Kind: row.kind, RetryAfter: row.wait}
				requireError(t, want, row.status, http.Header{"Retry-After": {"7"}}, body)
			})
		}
	}
}

// A pause that the vendor asks for counts where its own code says so too.
func TestRetryAfter(t *testing.T) {
	header := http.Header{"Retry-After": {"30"}}
	requireError(t, recall.Error{Kind: recall.ErrRateLimited, Code: "429", RetryAfter: 30 * time.Second}, 200, header, `{"code":429}`)
	requireError(t, recall.Error{Kind: recall.ErrUnavailable, Code: "503", RetryAfter: 30 * time.Second}, 503, header, `{"code":503}`)
	requireError(t, recall.Error{Kind: recall.ErrForbidden, Code: "403"}, 403, header, `{"code":403}`)
	requireError(t, recall.Error{Kind: recall.ErrRateLimited, Code: "429"}, 429, nil, `{"code":429}`)
}

// An error repeats the beginning of an answer that nobody can read.
func TestExcerpt(t *testing.T) {
	c, _ := mocked(t, http.StatusBadGateway, nil, "<html>gateway"+strings.Repeat("x", 300))
	_, err := c.Recall(t.Context(), params())
	assert.ErrorContains(t, err, "<html>gateway"+strings.Repeat("x", 187))
	assert.NotContains(t, err.Error(), strings.Repeat("x", 188))
}
