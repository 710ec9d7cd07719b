package netease

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// codeTableV2 are the codes that v2 may answer with, from the vendor's list of
// error codes, and general ones that it shares with v1.
//
// https://doc.yunxin.163.com/messaging2/client-apis/DUxNjU3MzU?platform=client
var codeTableV2 = []codeRow{
	{398, recall.ErrRateLimited},
	{399, recall.ErrUnavailable},
	{403, recall.ErrForbidden},
	{404, recall.ErrInvalidRequest},
	{414, recall.ErrInvalidRequest},
	{416, recall.ErrRateLimited},
	{417, recall.ErrBadResponse},
	{431, recall.ErrBadResponse},
	{449, recall.ErrUnavailable},
	{463, recall.ErrForbidden},
	{500, recall.ErrUnavailable},
	{503, recall.ErrUnavailable},
	{511, recall.ErrUnavailable},
	{514, recall.ErrUnavailable},
	{599, recall.ErrUnavailable},
	{997, recall.ErrNotEnabled},
	{998, recall.ErrBadResponse},
	{999, recall.ErrBadResponse},
	{101301, recall.ErrNotEnabled},
	{101302, recall.ErrMisconfigured},
	{101303, recall.ErrMisconfigured},
	{101304, recall.ErrMisconfigured},
	{101305, recall.ErrMisconfigured},
	{102302, recall.ErrUnauthorized},
	{102404, recall.ErrForbidden}, // the account, not the message
	{102421, recall.ErrForbidden},
	{102422, recall.ErrForbidden},
	{102426, recall.ErrForbidden},
	{102434, recall.ErrForbidden},
	{102449, recall.ErrUnavailable},
	{107301, recall.ErrForbidden},
	{107303, recall.ErrForbidden},
	{107314, recall.ErrWindowExpired},
	{107315, recall.ErrForbidden},
	{107323, recall.ErrRateLimited},
	{107328, recall.ErrForbidden},
	{107335, recall.ErrNotEnabled},
	{107404, recall.ErrNotFound},
	{107410, recall.ErrNotEnabled},
	{107429, recall.ErrForbidden},
	{107439, recall.ErrInvalidRequest},
	{107449, recall.ErrRateLimited},
	{107451, recall.ErrForbidden},
	{108302, recall.ErrInvalidRequest},
	{108311, recall.ErrNotEnabled},
	{108404, recall.ErrInvalidRequest},
	{108423, recall.ErrForbidden},
	{108449, recall.ErrUnavailable},
	{108451, recall.ErrForbidden},
	{109404, recall.ErrForbidden}, // the member, not the message
	{109427, recall.ErrForbidden},
	{109432, recall.ErrForbidden},
	{109449, recall.ErrUnavailable},
	{110302, recall.ErrInvalidRequest},
	{110404, recall.ErrInvalidRequest},
	{110449, recall.ErrUnavailable},
	{111404, recall.ErrNotFound},
	{111410, recall.ErrNotEnabled},
	{113404, recall.ErrInvalidRequest},
	{113406, recall.ErrForbidden},
	{113410, recall.ErrNotEnabled},
	{113428, recall.ErrForbidden},
	{114404, recall.ErrForbidden},
	{114427, recall.ErrForbidden},
	{114432, recall.ErrForbidden},
	{114449, recall.ErrUnavailable},
	{190001, recall.ErrUnavailable},
	{190002, recall.ErrUnavailable},
	{191001, recall.ErrBadResponse}, // from here on: no server's
	{191004, recall.ErrBadResponse},
	{191006, recall.ErrBadResponse},
	{195002, recall.ErrBadResponse},
	{107999, recall.ErrBadResponse},
	{0, recall.ErrBadResponse},
	{-1, recall.ErrBadResponse},
}

// mockedBoth returns a client for both APIs whose every request gets the same
// answer.
func mockedBoth(t *testing.T, status int, header http.Header, body string) (*Client, *mock) {
	t.Helper()
	_, m := mocked(t, status, header, body)
	return newClient(t, Config{HostV2: "https://open.example.com", Policy: recall.Policy{Transport: m}}), m
}

// requireErrorOf is requireError for any endpoint.
func requireErrorOf(t *testing.T, e endpoint, want recall.Error, status int, header http.Header, body string) {
	t.Helper()
	c, transport := mockedBoth(t, status, header, body)
	receipt, err := e.good(c, t.Context())
	require.Error(t, err)
	assert.Zero(t, receipt)
	got := failure(t, err)
	want.Vendor, want.App, want.Op = "netease", testAppKey, e.op
	want.Status, want.Attempts = status, 1
	want.TraceID = transport.headers[0].Get("RequestId") + transport.headers[0].Get("X-Custom-Traceid")
	want.MayHaveApplied = want.Kind == recall.ErrUnavailable || want.Kind == recall.ErrBadResponse
	if want.Code == "416" {
		want.RetryAfter = 10 * time.Second
	}
	want.Err = got.Err
	assert.Equal(t, want, *got)
	assert.NotEmpty(t, got.TraceID)
}

func TestCodesV2(t *testing.T) {
	e := v2Endpoint()
	for _, row := range codeTableV2 {
		code := strconv.Itoa(row.code)
		t.Run(code, func(t *testing.T) {
			want := recall.Error{Kind: row.kind, Code: code, Message: "words of the vendor"}
			requireErrorOf(t, e, want, http.StatusOK, nil, `{"code":`+code+`,"msg":"words of the vendor"}`)
			requireErrorOf(t, e, want, http.StatusOK, nil, `{"msg":"words of the vendor","code":"`+code+`","data":{}}`)
			requireErrorOf(t, e, want, http.StatusOK, nil, `{"desc":"words of the vendor","code":`+code+`}`)
			requireErrorOf(t, e, want, http.StatusBadGateway, nil, `{"code":`+code+`,"msg":"words of the vendor"}`)
			want.Message = ""
			requireErrorOf(t, e, want, http.StatusOK, nil, `{"code":`+code+`}`)
		})
	}
}

// Every call of v1 reads v1's table.
func TestCodesOfEveryEndpoint(t *testing.T) {
	for _, e := range v1Endpoints() {
		t.Run(e.op, func(t *testing.T) {
			for _, row := range codeTable {
				code := strconv.Itoa(row.code)
				want := recall.Error{Kind: row.kind, Code: code, Message: "words"}
				requireErrorOf(t, e, want, http.StatusOK, nil, `{"code":`+code+`,"desc":"words"}`)
			}
		})
	}
}

// What cannot be read, and who asks, is the same for every call.
func TestBodiesOfEveryEndpoint(t *testing.T) {
	for _, e := range allEndpoints() {
		t.Run(e.op, func(t *testing.T) {
			for body, want := range map[string]recall.Error{
				"<html>":                                {Kind: recall.ErrBadResponse},
				"":                                      {Kind: recall.ErrBadResponse},
				`{}`:                                    {Kind: recall.ErrBadResponse},
				`{"code":null}`:                         {Kind: recall.ErrBadResponse},
				`{"code":200.5}`:                        {Kind: recall.ErrBadResponse},
				`{"msg":"success","data":{"code":200}}`: {Kind: recall.ErrBadResponse},
				`{"code":414,"msg":"checksum"}`:         {Kind: recall.ErrUnauthorized, Code: "414", Message: "checksum"},
				`{"desc":"CurTime is expired","code":414}`:          {Kind: recall.ErrUnauthorized, Code: "414", Message: "CurTime is expired"},
				`{"code":414,"msg":"appkey"}`:                       {Kind: recall.ErrMisconfigured, Code: "414", Message: "appkey"},
				`{"code":403,"desc":"forbidden in current region"}`: {Kind: recall.ErrMisconfigured, Code: "403", Message: "forbidden in current region"},
				`{"code":403,"msg":"func not enable"}`:              {Kind: recall.ErrNotEnabled, Code: "403", Message: "func not enable"},
				`{"desc": "not allow!", "code": 403}`:               {Kind: recall.ErrForbidden, Code: "403", Message: "not allow!"},
			} {
				requireErrorOf(t, e, want, http.StatusOK, nil, body)
			}
			requireErrorOf(t, e, recall.Error{Kind: recall.ErrUnavailable}, http.StatusBadGateway, nil, "<html>")
			requireErrorOf(t, e, recall.Error{Kind: recall.ErrMisconfigured}, http.StatusNotFound, nil, "<html>")
			requireErrorOf(t, e, recall.Error{Kind: recall.ErrUnavailable}, http.StatusInternalServerError, nil, okV2)
		})
	}
}

// A base URL that is not v2's must not look like a message that is not there.
func TestWrongBaseOfV2(t *testing.T) {
	want := recall.Error{Kind: recall.ErrMisconfigured, Code: "404", Message: "not found"}
	requireErrorOf(t, v2Endpoint(), want, http.StatusNotFound, nil, `{"code":404,"msg":"not found"}`)
	c, _ := mockedBoth(t, http.StatusNotFound, nil, `{"code":404}`)
	_, err := c.RecallV2(t.Context(), v2Params())
	assert.ErrorContains(t, err, "base URL")
}

// What the successes of v2 are worth.
func TestSuccessV2(t *testing.T) {
	for _, body := range []string{
		okV2, `{"code":"200"}`, `{"code":200,"data":{}}`, `{"code":200,"ret":{"a":1}}`, `{"code":200,"msg":null,"data":null,"new":[]}`,
	} {
		for typ, want := range map[int]recall.Outcome{
			RecallTypeOneWay: recall.Accepted, RecallTypeTwoWay: recall.Recalled, RecallTypeDelete: recall.Accepted,
		} {
			c, _ := mockedBoth(t, http.StatusOK, nil, body)
			receipt, err := c.RecallV2(t.Context(), spoilt(v2Params, func(p *RecallV2Params) { p.Type = typ }))
			require.NoError(t, err, body)
			assert.Equal(t, want, receipt.Outcome, "%d: %s", typ, body)
		}
	}
	verdict, err := decodeV2(rest.Answer{Status: http.StatusOK, Body: []byte(`{"code":431}`), Repeated: true})
	require.NoError(t, err)
	assert.Equal(t, rest.Verdict{Outcome: recall.Accepted, Code: "431"}, verdict)
}
