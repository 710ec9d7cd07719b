package netease

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// codeRow is one row of the vendor's table of status codes.
type codeRow struct {
	code int
	kind recall.Kind
}

// codeTable is the whole table, and some codes that are not in it.
//
// https://doc.commsease.com/en/messaging/server-apis/TM5NTk2Mzc?platform=server
var codeTable = []codeRow{
	{201, recall.ErrUnsupported},
	{301, recall.ErrForbidden},
	{302, recall.ErrUnauthorized},
	{315, recall.ErrMisconfigured},
	{403, recall.ErrForbidden},
	{404, recall.ErrInvalidRequest},
	{405, recall.ErrInvalidRequest},
	{406, recall.ErrForbidden},
	{408, recall.ErrUnavailable},
	{413, recall.ErrBadResponse}, // text messages to phones: not about recalling
	{414, recall.ErrInvalidRequest},
	{415, recall.ErrUnavailable},
	{416, recall.ErrRateLimited},
	{417, recall.ErrBadResponse}, // a repeated operation: how the first one ended, it does not say
	{418, recall.ErrBadResponse}, // as 413
	{419, recall.ErrForbidden},
	{422, recall.ErrForbidden},
	{423, recall.ErrForbidden},
	{431, recall.ErrBadResponse}, // to a request that was sent once
	{500, recall.ErrUnavailable},
	{503, recall.ErrUnavailable},
	{508, recall.ErrWindowExpired},
	{509, recall.ErrUnsupported},
	{514, recall.ErrUnavailable},
	{801, recall.ErrForbidden},
	{802, recall.ErrForbidden},
	{803, recall.ErrInvalidRequest},
	{804, recall.ErrForbidden},
	{805, recall.ErrInvalidRequest},
	{806, recall.ErrForbidden},
	{807, recall.ErrForbidden},
	{808, recall.ErrForbidden},
	{809, recall.ErrForbidden},
	{810, recall.ErrForbidden},
	{811, recall.ErrForbidden},
	{812, recall.ErrForbidden},
	{813, recall.ErrForbidden},
	{814, recall.ErrForbidden},
	{815, recall.ErrForbidden},
	{998, recall.ErrBadResponse},
	{999, recall.ErrBadResponse},
	{13001, recall.ErrBadResponse}, // chat rooms, 13001 to 13005
	{13005, recall.ErrBadResponse},
	{402, recall.ErrUnauthorized}, // from here on: not in the table
	{501, recall.ErrBadResponse},
	{1000, recall.ErrBadResponse},
	{0, recall.ErrBadResponse},
	{-1, recall.ErrBadResponse},
}

func TestCodes(t *testing.T) {
	for _, row := range codeTable {
		code := strconv.Itoa(row.code)
		t.Run(code, func(t *testing.T) {
			want := recall.Error{Kind: row.kind, Code: code, Message: "words of the vendor"}
			body := `{"code":` + code + `,"desc":"words of the vendor"}`
			requireError(t, want, http.StatusOK, nil, body)
			requireError(t, want, http.StatusBadGateway, nil, body) // the code outranks the status
			requireError(t, want, http.StatusOK, nil, `{"desc":"words of the vendor","code":"`+code+`"}`)
		})
	}
}

// requireError sends a recall, has it answered, and compares the error with
// want, for which it fills in what every answer's error has in common.
func requireError(t *testing.T, want recall.Error, status int, header http.Header, body string) {
	t.Helper()
	c, transport := mocked(t, status, header, body)
	receipt, err := c.Recall(t.Context(), params())
	require.Error(t, err)
	assert.Zero(t, receipt)
	e := failure(t, err)
	want.Vendor, want.App, want.Op = "netease", testAppKey, "recall"
	want.Status, want.Attempts = status, 1
	want.TraceID = transport.headers[0].Get("RequestId")
	want.MayHaveApplied = want.Kind == recall.ErrUnavailable || want.Kind == recall.ErrBadResponse
	if want.Code == "416" {
		want.RetryAfter = 10 * time.Second // how long the vendor blocks an application
	}
	want.Err = e.Err
	assert.Equal(t, want, *e)
	assert.NotEmpty(t, e.TraceID)
	assert.NotContains(t, err.Error(), "\n")
}

// Bodies that the vendor's pages, and those who met them, report.
func TestBodies(t *testing.T) {
	for _, row := range []struct {
		body          string
		kind          recall.Kind
		code, message string
	}{
		{`{"desc":"checksum","code":414}`, recall.ErrUnauthorized, "414", "checksum"},
		{`{"desc":"appkey","code":414}`, recall.ErrMisconfigured, "414", "appkey"},
		{`{"desc":"CurTime is expired","code":414}`, recall.ErrUnauthorized, "414", "CurTime is expired"},
		{`{"code":414,"desc":"CurTime is expired"}`, recall.ErrUnauthorized, "414", "CurTime is expired"},
		{`{"code":403,"desc":"forbidden in current region"}`, recall.ErrMisconfigured, "403", "forbidden in current region"},
		{`{"desc": "not allow!", "code": 403}`, recall.ErrForbidden, "403", "not allow!"},
		{`{"code":403,"desc":"func not enable"}`, recall.ErrNotEnabled, "403", "func not enable"},
		{`{"code":403,"desc":"not support"}`, recall.ErrUnsupported, "403", "not support"},
		{`{"code":403,"desc":"checksum"}`, recall.ErrUnauthorized, "403", "checksum"},
		{`{"desc":"timetag not long","code":414}`, recall.ErrInvalidRequest, "414", "timetag not long"},
		{`{"code":414,"desc":"msgidclient is null"}`, recall.ErrInvalidRequest, "414", "msgidclient is null"},
		{`{"code":414,"desc":"illegal type!"}`, recall.ErrInvalidRequest, "414", "illegal type!"},
		{`{"code": 414, "desc": "type must be 1 or 2"}`, recall.ErrInvalidRequest, "414", "type must be 1 or 2"},
		{`{"code":414,"desc":"accid is empty"}`, recall.ErrInvalidRequest, "414", "accid is empty"},
		{`{"code":414,"desc":"bad members"}`, recall.ErrInvalidRequest, "414", "bad members"},
		{`{"code":414,"desc":"operator_id is required"}`, recall.ErrInvalidRequest, "414", "operator_id is required"},
		{`{"desc":"already register","code":414}`, recall.ErrInvalidRequest, "414", "already register"},
		{`{"code":107404,"msg":"message not exist"}`, recall.ErrBadResponse, "107404", "message not exist"}, // of the v2 API
		{`{"code":108404,"msg":"team not exist"}`, recall.ErrBadResponse, "108404", "team not exist"},
		{"{\n    \"code\":414\n    \"desc\":\"msgidclient is null\"  // deleteMsgid is empty\n}", recall.ErrBadResponse, "", ""},
		{"{\n  \"code\": 414\n  \"desc\": \"illegal type!\"  // invalid type value\n}", recall.ErrBadResponse, "", ""},
	} {
		t.Run(row.body, func(t *testing.T) {
			requireError(t, recall.Error{Kind: row.kind, Code: row.code, Message: row.message}, http.StatusOK, nil, row.body)
		})
	}
}

// Successes come with all kinds of things beside the code.
func TestSuccessBodies(t *testing.T) {
	for _, body := range []string{
		`{"code":200}`, `{"code":"200"}`, " {\n\"code\" : 200 }\n",
		`{"code":200,"data":{"msgid":4291065454174142469,"timetag":1,"antispam":false}}`,
		`{"desc":{"success":true},"code":200}`, `{"code":200,"msg":"success","data":{}}`,
		`{"code":200,"msg":{"broadcastId":1}}`, `{"code":200,"unregister":["a"],"msgids":{"accid":1}}`,
		`{"code":200,"desc":null,"ret":[]}`,
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
		{`{"code":"416"}`, recall.ErrRateLimited, "416", ""},
		{`{"code":508}`, recall.ErrWindowExpired, "508", ""},
		{`{"code":508,"desc":null,"msg":"late"}`, recall.ErrWindowExpired, "508", "late"},
		{`{"code":508,"desc":"","msg":"late"}`, recall.ErrWindowExpired, "508", "late"},
		{`{"code":508,"desc":"this","msg":"that"}`, recall.ErrWindowExpired, "508", "this"},
		{`{"code":508,"desc":{"a": [1, "b"]}}`, recall.ErrWindowExpired, "508", `{"a":[1,"b"]}`},
		{`{"code":508,"desc":[1, 2]}`, recall.ErrWindowExpired, "508", `[1,2]`},
		{`{"code":508,"desc":7}`, recall.ErrWindowExpired, "508", `7`},
		{`{"code":414,"desc":{"reason": "CheckSum"}}`, recall.ErrUnauthorized, "414", `{"reason":"CheckSum"}`},
		{`{"code":508,"desc":"超过\n时间"}`, recall.ErrWindowExpired, "508", "超过\n时间"},
		{`{"code":9223372036854775807}`, recall.ErrBadResponse, "9223372036854775807", ""},
		{`{"code":9223372036854775808}`, recall.ErrBadResponse, "", ""},
		{`{"code":200.0}`, recall.ErrBadResponse, "", ""},
		{`{"code":2e2}`, recall.ErrBadResponse, "", ""},
		{`{"code":"2e2"}`, recall.ErrBadResponse, "", ""},
		{`{"code":"0200"}`, recall.ErrBadResponse, "", ""},
		{`{"code":"200 "}`, recall.ErrBadResponse, "", ""},
		{`{"code":"+200"}`, recall.ErrBadResponse, "", ""},
		{`{"code":"OK"}`, recall.ErrBadResponse, "", ""},
		{`{"code":""}`, recall.ErrBadResponse, "", ""},
		{`{"code":null}`, recall.ErrBadResponse, "", ""},
		{`{"code":true}`, recall.ErrBadResponse, "", ""},
		{`{"code":[200]}`, recall.ErrBadResponse, "", ""},
		{`{"code":{"code":200}}`, recall.ErrBadResponse, "", ""},
		{`{"desc":"no code"}`, recall.ErrBadResponse, "", ""},
		{`{"resultCode":200}`, recall.ErrBadResponse, "", ""},
		{`{"data":{"code":200}}`, recall.ErrBadResponse, "", ""},
		{`{}`, recall.ErrBadResponse, "", ""},
		{`[]`, recall.ErrBadResponse, "", ""},
		{`[{"code":200}]`, recall.ErrBadResponse, "", ""},
		{`null`, recall.ErrBadResponse, "", ""},
		{`200`, recall.ErrBadResponse, "", ""},
		{`"200"`, recall.ErrBadResponse, "", ""},
		{``, recall.ErrBadResponse, "", ""},
		{`{"code":200}{"code":200}`, recall.ErrBadResponse, "", ""},
		{`{"code":200} x`, recall.ErrBadResponse, "", ""},
		{`{"code":200`, recall.ErrBadResponse, "", ""},
		{"\xef\xbb\xbf" + `{"code":200}`, recall.ErrBadResponse, "", ""},
		{`callback({"code":200})`, recall.ErrBadResponse, "", ""},
	} {
		t.Run(row.body, func(t *testing.T) {
			requireError(t, recall.Error{Kind: row.kind, Code: row.code, Message: row.message}, http.StatusOK, nil, row.body)
		})
	}
}

// Answers that are not the vendor's: the status alone speaks.
func TestStatusWithoutJSON(t *testing.T) {
	for _, row := range []struct {
		status int
		kind   recall.Kind
		wait   time.Duration // with a Retry-After of 7 seconds
	}{
		{200, recall.ErrBadResponse, 0},
		{204, recall.ErrBadResponse, 0},
		{400, recall.ErrBadResponse, 0},
		{401, recall.ErrUnauthorized, 0},
		{403, recall.ErrBadResponse, 0},
		{404, recall.ErrMisconfigured, 0},
		{405, recall.ErrMisconfigured, 0},
		{407, recall.ErrMisconfigured, 0},
		{408, recall.ErrUnavailable, 7 * time.Second},
		{413, recall.ErrInvalidRequest, 0},
		{429, recall.ErrRateLimited, 7 * time.Second},
		{431, recall.ErrBadResponse, 0},
		{500, recall.ErrUnavailable, 7 * time.Second},
		{502, recall.ErrUnavailable, 7 * time.Second},
		{503, recall.ErrUnavailable, 7 * time.Second},
		{504, recall.ErrUnavailable, 7 * time.Second},
	} {
		for _, body := range []string{"<html>\n<h1>nginx</h1>", "", "null", "{}", `{"code":200}`} {
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

// An error repeats the beginning of an answer that nobody can read.
func TestExcerpt(t *testing.T) {
	c, _ := mocked(t, http.StatusBadGateway, nil, "<html>gateway"+strings.Repeat("x", 300))
	_, err := c.Recall(t.Context(), params())
	assert.ErrorContains(t, err, "<html>gateway"+strings.Repeat("x", 187))
	assert.NotContains(t, err.Error(), strings.Repeat("x", 188))
}

// clockAnswer is a refused CurTime, by a server whose clock is ahead of the
// local one by skew.
func clockAnswer(skew time.Duration) rest.Answer {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	return rest.Answer{
		Status: http.StatusOK, At: now, Body: []byte(`{"desc":"CurTime is expired","code":414}`),
		Header: http.Header{"Date": {now.Add(skew).Format(http.TimeFormat)}},
	}
}

func TestClockSkew(t *testing.T) {
	noDate, badDate := clockAnswer(0), clockAnswer(0)
	noDate.Header = nil
	badDate.Header.Set("Date", "yesterday")
	for _, row := range []struct {
		answer rest.Answer
		text   string
	}{
		{clockAnswer(10 * time.Minute), "the local clock is 10m0s behind the server's"},
		{clockAnswer(-90 * time.Second), "the local clock is 1m30s ahead of the server's"},
		{clockAnswer(8 * time.Hour), "the local clock is 8h0m0s behind the server's"},
		{clockAnswer(0), "the local clock is 0s ahead of the server's"},
		{noDate, "sent no date"},
		{badDate, "sent no date"},
	} {
		_, err := decodeV1(row.answer)
		assert.ErrorIs(t, err, recall.ErrUnauthorized)
		assert.ErrorContains(t, err, row.text)
	}
}

// The same through a whole call: what is compared is when the answer came.
func TestClockSkewOfCall(t *testing.T) {
	server := time.Now().Add(30 * time.Minute)
	header := http.Header{"Date": {server.UTC().Format(http.TimeFormat)}}
	c, _ := mocked(t, http.StatusOK, header, `{"desc":"CurTime is expired","code":414}`)
	_, err := c.Recall(t.Context(), params())
	assert.ErrorIs(t, err, recall.ErrUnauthorized)
	assert.Regexp(t, `the local clock is (30m0s|29m\d\ds) behind the server's`, err.Error())
}
