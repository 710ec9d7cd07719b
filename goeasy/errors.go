package goeasy

import (
	"encoding/json"
	"net/http"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// answer is the body of every answer. The vendor's own client also accepts
// resultCode for code. Content is a text, or whatever the call returns.
type answer struct {
	Code       rest.Code `json:"code"`
	ResultCode rest.Code `json:"resultCode"`
	Content    rest.Text `json:"content"`
}

const codeOK = "200"

// decode reads an answer. The vendor's own server SDK goes by the HTTP status
// and its clients by the code in the body: a success is both.
func decode(a rest.Answer) (rest.Verdict, error) {
	var body answer
	if err := json.Unmarshal(a.Body, &body); err != nil {
		return rest.Verdict{}, rest.Unreadable(a, "the answer is not JSON of the documented form")
	}
	code := body.Code
	if code == "" {
		code = body.ResultCode
	}
	switch {
	case code == "":
		return rest.Verdict{}, rest.Unreadable(a, "the answer has no code")
	case code == codeOK && a.Status == http.StatusOK:
		return rest.Verdict{Outcome: recall.Accepted, Code: codeOK}, nil
	case code == codeOK:
		return rest.Verdict{}, rest.Unreadable(a, "the HTTP status contradicts the answer")
	}
	return rest.Verdict{}, &recall.Error{
		Kind: kindOf(string(code)), Code: string(code), Message: string(body.Content),
	}
}

// kindOf reads the code in the body. No table of the REST API's codes is
// published: 200 and 401 are on its pages, 400, 408 and 500 in the vendor's
// SDKs, and the rest follow HTTP, as the vendor's codes do.
func kindOf(code string) recall.Kind {
	switch code {
	case "400", "413":
		return recall.ErrInvalidRequest
	case "401":
		return recall.ErrUnauthorized
	case "403":
		return recall.ErrForbidden
	case "404", "405": // the path, not a message: the call finds none by id
		return recall.ErrMisconfigured
	case "429":
		return recall.ErrRateLimited
	case "408", "500", "502", "503", "504":
		return recall.ErrUnavailable
	case "507": // storage is not set up
		return recall.ErrNotEnabled
	}
	return recall.ErrBadResponse
}
