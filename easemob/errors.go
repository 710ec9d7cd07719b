package easemob

import (
	"errors"
	"net/http"
	"strings"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// errorBody is the part that explains an error. Either field may be empty.
//
// https://doc.easemob.com/document/server-side/error.html
type errorBody struct {
	Code        rest.Text `json:"error"`
	Description rest.Text `json:"error_description"`
}

// refusal returns the error that an answer is, nil where it is none: a 200
// that could be parsed and does not speak of an error.
func refusal(a rest.Answer, parsed error, body errorBody) error {
	switch {
	case parsed != nil && (body == errorBody{}):
		return rest.Unreadable(a, "the answer is not JSON of the documented form")
	case parsed != nil || a.Status != http.StatusOK || body != errorBody{}:
		return classify(a, body)
	}
	return nil
}

// classify turns an error answer into an error. It goes by the vendor's code,
// then by its text, then by the HTTP status, which is overloaded: a wrong
// client secret is a 400, a feature that is not switched on a 403 or a 400, a
// wrong URL a 500.
func classify(a rest.Answer, body errorBody) *recall.Error {
	code, text := string(body.Code), string(body.Description)
	if code == "" && text == "" {
		return rest.Unreadable(a, "the answer does not explain itself")
	}
	err := &recall.Error{Kind: kindOf(a.Status, code, normal(text)), Code: code, Message: text}
	if err.Kind == recall.ErrInvalidRequest && wrongRecipient(normal(text)) {
		err.Field = "To"
	}
	return err
}

// classifyRecalled turns the text in place of "yes" into an error.
func classifyRecalled(a rest.Answer, text string) *recall.Error {
	if text == "" {
		return rest.Unreadable(a, "the answer does not say whether the message was recalled")
	}
	err := &recall.Error{Kind: kindOfRecall(normal(text)), Message: text}
	switch {
	case err.Kind == recall.ErrInvalidRequest && wrongRecipient(normal(text)):
		err.Field = "To"
	case err.Kind == "" && normal(text) == "internal error":
		err.Kind = recall.ErrUnavailable
	case err.Kind == "":
		err.Kind = recall.ErrBadResponse
	}
	return err
}

// userUnknown corrects the meaning of an error of a call with a user in its
// path: what the vendor does not know there is the user.
func userUnknown(err error, field string) error {
	var e *recall.Error
	if errors.As(err, &e) && (e.Code == "service_resource_not_found" || e.Kind == recall.ErrNotFound) {
		e.Kind, e.Field = recall.ErrInvalidRequest, field
	}
	return err
}

// normal makes texts comparable: the vendor's pages write the same one with
// either apostrophe, in quotes or with a full stop.
func normal(text string) string {
	text = strings.NewReplacer("’", "'", "‘", "'", "“", "", "”", "", `"`, "").Replace(text)
	return strings.ToLower(strings.Trim(text, ". "))
}

func wrongRecipient(text string) bool {
	return strings.HasPrefix(text, "can't find m") && strings.HasSuffix(text, " to")
}

// kindOfRecall reads the texts of a recall that failed, "" where there is
// none that is known. They are the same in the current and the legacy API.
//
// https://doc.easemob.com/document/server-side/message_recall_single.html
func kindOfRecall(text string) recall.Kind {
	switch {
	case strings.Contains(text, "not_found"):
		return recall.ErrNotFound
	case strings.Contains(text, "exceed") && strings.Contains(text, "time limit"):
		return recall.ErrWindowExpired
	case wrongRecipient(text), strings.HasSuffix(text, "can't be empty"):
		return recall.ErrInvalidRequest
	case notOpen(text):
		return recall.ErrNotEnabled
	}
	return ""
}

func notOpen(text string) bool {
	return strings.Contains(text, "unopened") || strings.Contains(text, "not open")
}

func kindOf(status int, code, text string) recall.Kind {
	refused := status == http.StatusBadRequest || status == http.StatusForbidden
	if code == "message_recall_error" || code == "" && refused {
		if kind := kindOfRecall(text); kind != "" {
			return kind
		}
	}
	if kind := kindOfCode(code, text); kind != "" {
		return kind
	}
	return kindOfUnknownCode(status)
}

// kindOfCode reads the vendor's code, "" where it is not a known one.
func kindOfCode(code, text string) recall.Kind {
	switch code {
	case "invalid_grant": // the client id or secret is wrong, as a 400
		return recall.ErrUnauthorized
	case "unauthorized", "auth_bad_access_token":
		if strings.Contains(text, "no organization access") || strings.Contains(text, "does not have permission") {
			return recall.ErrMisconfigured // a good token, of another application
		}
		return recall.ErrUnauthorized
	case "organization_application_not_found", // also said by every data centre but the application's own
		"service_resource_not_found", // the path itself is unknown, where no user stands in it; see userUnknown
		"web_application":            // no such URL
		return recall.ErrMisconfigured
	case "forbidden_op":
		if notOpen(text) {
			return recall.ErrNotEnabled
		}
		return recall.ErrForbidden
	case "forbidden_service_operation":
		return recall.ErrForbidden
	case "service open exception", "message_rewrite_error", "group_error", "FORBIDDEN":
		return recall.ErrNotEnabled
	case "resource_limited":
		return recall.ErrPlanExhausted
	case "reach_limit":
		return recall.ErrRateLimited
	case "unsupported_service_operation", "no_full_text_index": // permanent, though under a 500
		return recall.ErrUnsupported
	case "illegal_argument", "json_parse", "invalid_parameter", "required_property_not_found",
		"invalid_request_body", "param exception", "Bad Request":
		return recall.ErrInvalidRequest
	}
	return ""
}

// kindOfUnknownCode is for answers in the vendor's own form, but with a code
// that is not known: there a 403 is the vendor's, not a gateway's.
func kindOfUnknownCode(status int) recall.Kind {
	switch {
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge:
		return recall.ErrInvalidRequest
	case status == http.StatusUnauthorized:
		return recall.ErrUnauthorized
	case status == http.StatusPaymentRequired, status == http.StatusForbidden:
		return recall.ErrForbidden
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed,
		status == http.StatusUnsupportedMediaType:
		return recall.ErrMisconfigured
	case status == http.StatusTooManyRequests:
		return recall.ErrRateLimited
	case status == http.StatusRequestTimeout, status == http.StatusConflict, status >= 500:
		return recall.ErrUnavailable
	}
	return recall.ErrBadResponse
}
