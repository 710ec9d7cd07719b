package easemob

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// errorRow is a row of the vendor's error tables and what it means to a recall.
type errorRow struct {
	status     int
	code, text string
	kind       recall.Kind
	field      string
}

// recallErrors is the table of the pages on recalling.
//
// https://doc.easemob.com/document/server-side/message_recall_single.html
var recallErrors = []errorRow{
	{400, "message_recall_error", "param msg_id can't be empty", recall.ErrInvalidRequest, ""},
	{400, "message_recall_error", "param to can't be empty", recall.ErrInvalidRequest, ""},
	{400, "message_recall_error", "param chat_type can't be empty", recall.ErrInvalidRequest, ""},
	{400, "message_recall_error", "param force can't be empty", recall.ErrInvalidRequest, ""},
	{400, "message_recall_error", "can't find msg to", recall.ErrInvalidRequest, "To"},
	{400, "message_recall_error", "can’t find msg to", recall.ErrInvalidRequest, "To"},
	{403, "message_recall_error", "exceed recall time limit", recall.ErrWindowExpired, ""},
	{403, "message_recall_error", "not_found msg", recall.ErrNotFound, ""},
	{403, "forbidden_op", "message recall service is unopened", recall.ErrNotEnabled, ""},
	{500, "", "internal error", recall.ErrUnavailable, ""},
	// The words of Agora Chat, which is the same server under another name.
	{400, "message_recall_error", "can't find message to", recall.ErrInvalidRequest, "To"},
	{403, "message_recall_error", "exceed call time limit", recall.ErrWindowExpired, ""},
	// Not documented: texts that nobody knows yet, and none.
	{400, "message_recall_error", "something new", recall.ErrInvalidRequest, ""},
	{403, "message_recall_error", "something new", recall.ErrForbidden, ""},
	{403, "message_recall_error", "", recall.ErrForbidden, ""},
	{500, "message_recall_error", "internal error", recall.ErrUnavailable, ""},
}

// commonErrors is the table of the page on statuses, with the older rows that it has lost.
//
// https://doc.easemob.com/document/server-side/error.html
var commonErrors = []errorRow{
	{400, "invalid_grant", "client_id does not match", recall.ErrUnauthorized, ""},
	{400, "invalid_grant", "client_secret does not match", recall.ErrUnauthorized, ""},
	{400, "illegal_argument", "client_id must be provided.", recall.ErrInvalidRequest, ""},
	{400, "illegal_argument", "client_secret must be provided", recall.ErrInvalidRequest, ""},
	{400, "illegal_argument", "this is an invalid request.", recall.ErrInvalidRequest, ""},
	{400, "illegal_argument", "field channel cannot be null or empty", recall.ErrInvalidRequest, ""},
	{400, "illegal_argument", "field delete_roam cannot be null", recall.ErrInvalidRequest, ""},
	{400, "json_parse", "Unexpected character ('=' (code 61))", recall.ErrInvalidRequest, ""},
	{400, "invalid_parameter", "x", recall.ErrInvalidRequest, ""},
	{400, "required_property_not_found", "x", recall.ErrInvalidRequest, ""},
	{400, "invalid_request_body", "Request body is invalid. Please check body is correct.", recall.ErrInvalidRequest, ""},
	{400, "service open exception", "this appKey not open message roaming", recall.ErrNotEnabled, ""},
	{400, "param exception", "delete msg list limit can not greater than 50", recall.ErrInvalidRequest, ""},
	{400, "Bad Request", "Bad Request", recall.ErrInvalidRequest, ""},

	{401, "unauthorized", "Unable to authenticate due to expired access token", recall.ErrUnauthorized, ""},
	{401, "unauthorized", "Unable to authenticate (OAuth)", recall.ErrUnauthorized, ""},
	{401, "unauthorized", "token is illegal.", recall.ErrUnauthorized, ""},
	{401, "unauthorized", "No organization access authorized", recall.ErrMisconfigured, ""},
	{
		401, "unauthorized", "Subject does not have permission [applications:post:8be024f0:/messages]",
		recall.ErrMisconfigured, "",
	},
	{401, "auth_bad_access_token", "Unable to authenticate due to corrupt access token", recall.ErrUnauthorized, ""},
	{401, "auth_bad_access_token", "Unable to authenticate", recall.ErrUnauthorized, ""},
	{
		401, "unauthorized", "registration is not open, please contact the app admin",
		recall.ErrUnauthorized, "",
	},
	{402, "payment", "x", recall.ErrForbidden, ""},

	{403, "forbidden_op", "user: u1 doesn't exist in group: 1", recall.ErrForbidden, ""},
	{403, "forbidden_service_operation", "Service operation not allowed", recall.ErrForbidden, ""},
	{403, "message_rewrite_error", "x", recall.ErrNotEnabled, ""},
	{403, "group_error", "x", recall.ErrNotEnabled, ""},
	{403, "FORBIDDEN", "x", recall.ErrNotEnabled, ""},

	{
		404, "organization_application_not_found",
		"Could not find application for XXX/XXX from URI: XXX/XXX/users", recall.ErrMisconfigured, "",
	},
	{404, "service_resource_not_found", "Service resource not found", recall.ErrMisconfigured, ""},
	{405, "method", "x", recall.ErrMisconfigured, ""},
	{408, "timeout", "x", recall.ErrUnavailable, ""},
	{409, "conflict", "x", recall.ErrUnavailable, ""},
	{413, "Request Entity Too Large", "Request Entity Too Large", recall.ErrInvalidRequest, ""},
	{415, "web_application", "Unsupported Media Type", recall.ErrMisconfigured, ""},

	{
		429, "resource_limited", "You have exceeded the limit of the Free edition. Please upgrade to higher edition.",
		recall.ErrPlanExhausted, "",
	},
	{
		429, "resource_limited",
		"You have exceeded the limit of the community edition,Please upgrade to the enterprise edition",
		recall.ErrPlanExhausted, "",
	},
	{429, "reach_limit", "This request has reached api limit", recall.ErrRateLimited, ""},
	{429, "reach_limit", "This request has reached api limit.", recall.ErrRateLimited, ""},
	{429, "something new", "x", recall.ErrRateLimited, ""},

	{500, "unsupported_service_operation", "Service operation not supported", recall.ErrUnsupported, ""},
	{500, "web_application", "javax.ws.rs.WebApplicationException", recall.ErrMisconfigured, ""},
	{500, "no_full_text_index", "x", recall.ErrUnsupported, ""},
	{500, "something new", "x", recall.ErrUnavailable, ""},
	{501, "something new", "", recall.ErrUnavailable, ""},
	{502, "", "x", recall.ErrUnavailable, ""},
	{503, "something new", "x", recall.ErrUnavailable, ""},
	{504, "something new", "x", recall.ErrUnavailable, ""},
	{418, "something new", "x", recall.ErrBadResponse, ""},
	{200, "something new", "x", recall.ErrBadResponse, ""},
}

// allErrors is both tables.
func allErrors() []errorRow { return append(append([]errorRow(nil), recallErrors...), commonErrors...) }

// unsettled tells whether an answer of that kind leaves open what became of the message.
func unsettled(kind recall.Kind) bool {
	return kind == recall.ErrUnavailable || kind == recall.ErrBadResponse
}

// assert asserts that err is the row, verbatim, with what a recall adds.
func (row errorRow) assert(t *testing.T, err error) {
	t.Helper()
	row.assertOf(t, err, "recall")
}

// assertOf asserts that err is the row, verbatim, with what a call of that operation adds.
func (row errorRow) assertOf(t *testing.T, err error, op string) {
	t.Helper()
	e := failure(t, err)
	assert.Equal(t, row.kind, e.Kind)
	assert.Equal(t, row.code, e.Code)
	assert.Equal(t, row.text, e.Message)
	assert.Equal(t, row.status, e.Status)
	assert.Equal(t, row.field, e.Field)
	assert.Equal(t, "org#app", e.App)
	assert.Equal(t, op, e.Op)
	assert.Equal(t, 1, e.Attempts)
	assert.Equal(t, unsettled(row.kind), e.MayHaveApplied)
	require.NoError(t, e.Err)
}

func TestErrorTables(t *testing.T) {
	for _, row := range allErrors() {
		t.Run(row.code+"/"+row.text, func(t *testing.T) {
			receipt, err := clientFor(t, row.status, errorJSON(row.code, row.text)).Recall(t.Context(), recallOf("1"))
			assert.Zero(t, receipt)
			row.assert(t, err)
		})
	}
}

// TestErrorTablesWhateverThePunctuation writes the tables' texts in the other ways that the vendor's pages
// do: each means the same, and is told verbatim.
func TestErrorTablesWhateverThePunctuation(t *testing.T) {
	for name, rewrite := range map[string]func(string) string{
		"other apostrophe": func(s string) string { return strings.ReplaceAll(s, "'", "’") },
		"first apostrophe": func(s string) string { return strings.ReplaceAll(s, "'", "‘") },
		"full stop":        func(s string) string { return s + "." },
		"quotes":           func(s string) string { return "“" + s + "”" },
		"quotes, stop":     func(s string) string { return "“" + s + ".”" },
		"plain quotes":     func(s string) string { return `"` + s + `"` },
		"white space":      func(s string) string { return " " + s + " " },
		"upper case":       strings.ToUpper,
	} {
		t.Run(name, func(t *testing.T) {
			for _, row := range allErrors() {
				if row.text == "" {
					continue
				}
				row.text = rewrite(row.text)
				_, err := clientFor(t, row.status, errorJSON(row.code, row.text)).Recall(t.Context(), recallOf("1"))
				row.assert(t, err)
			}
		})
	}
}

// TestLegacyTexts holds the reasons that stand in place of "yes" under a 200.
func TestLegacyTexts(t *testing.T) {
	for _, row := range []errorRow{
		{200, "", "can't find msg to", recall.ErrInvalidRequest, "To"},
		{200, "", "can’t find msg to", recall.ErrInvalidRequest, "To"},
		{200, "", "can't find message to", recall.ErrInvalidRequest, "To"},
		{200, "", "exceed recall time limit", recall.ErrWindowExpired, ""},
		{200, "", "exceed call time limit.", recall.ErrWindowExpired, ""},
		{200, "", "not_found msg", recall.ErrNotFound, ""},
		{200, "", "internal error", recall.ErrUnavailable, ""},
		{200, "", "“internal error”.", recall.ErrUnavailable, ""},
		{200, "", "message recall service is unopened", recall.ErrNotEnabled, ""},
		{200, "", "something new", recall.ErrBadResponse, ""},
	} {
		for form, body := range map[string]string{
			"legacy":  `{"msgs":[{"msg_id":"1","recalled":` + quoted(row.text) + `}]}`,
			"current": `{"action":"post","data":{"msg_id":"1","recalled":` + quoted(row.text) + `},"duration":8}`,
			"list":    `{"data":[{"msg_id":"2","recalled":"yes"},{"msg_id":"1","recalled":` + quoted(row.text) + `}]}`,
		} {
			t.Run(form+"/"+row.text, func(t *testing.T) {
				_, err := clientFor(t, 200, body).Recall(t.Context(), recallOf("1"))
				row.assert(t, err)
			})
		}
	}
}

// TestErrorFieldOrder: neither the order of the fields nor the exception matters.
func TestErrorFieldOrder(t *testing.T) {
	row := errorRow{403, "message_recall_error", "not_found msg", recall.ErrNotFound, ""}
	for _, body := range []string{
		`{"error_description":"not_found msg","error":"message_recall_error"}`,
		`{"exception":null,"error":"message_recall_error","duration":"0","error_description":"not_found msg"}`,
		`{"error":"message_recall_error","error_description":"not_found msg","data":{},"msgs":[]}`,
		`{"error":"message_recall_error","error_description":"not_found msg","data":null}`,
	} {
		_, err := clientFor(t, 403, body).Recall(t.Context(), recallOf("1"))
		row.assert(t, err)
	}
}

// TestErrorThatIsNoText: what the vendor says is kept even where it is no string.
func TestErrorThatIsNoText(t *testing.T) {
	_, err := clientFor(t, 403, `{"error": 17, "error_description": {"reason": "x"}}`).Recall(t.Context(), recallOf("1"))
	errorRow{403, "17", `{"reason":"x"}`, recall.ErrForbidden, ""}.assert(t, err)
}

// Some answers leave the code empty, or spoil what stands beside it; the
// vendor's words still count.
func TestErrorsThatAreHalfTheDocumentedForm(t *testing.T) {
	for body, want := range map[string]recall.Kind{
		`{"error":"","error_description":"exceed recall time limit"}`:          recall.ErrWindowExpired,
		`{"error":"","error_description":"not_found msg"}`:                     recall.ErrNotFound,
		`{"error":"forbidden_op","error_description":"unopened","data":"odd"}`: recall.ErrNotEnabled,
	} {
		_, err := clientFor(t, 403, body).Recall(t.Context(), recallOf("1"))
		require.ErrorIs(t, err, want, body)
	}
	_, err := clientFor(t, 404, `{"error":"","error_description":"not_found here"}`).Recall(t.Context(), recallOf("1"))
	require.ErrorIs(t, err, recall.ErrMisconfigured, "a wrong address must not look like finished work")
}
