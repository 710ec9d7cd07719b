package netease

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// answer is the body of every answer, of both APIs. An error of v1 has its
// text in desc, which is an object in some, or in msg, or none; v2 uses msg and
// leaves it out in some. What data holds (ret, by the vendor's Go SDK) is not
// documented for the calls here.
type answer struct {
	Code rest.Code `json:"code"`
	Desc rest.Text `json:"desc"`
	Msg  rest.Text `json:"msg"`
}

const (
	codeOK       = "200"
	codeRepeated = "431"
)

// decodeV1 reads an answer of the form-encoded API.
func decodeV1(a rest.Answer) (rest.Verdict, error) { return decode(a, recall.Accepted, kindOf) }

// decode reads an answer, where success is what a 200 proves and kinds gives
// the meaning of other codes. Errors come under HTTP 200 too; the code in the
// body decides.
func decode(a rest.Answer, success recall.Outcome, kinds func(code, text string) recall.Kind) (rest.Verdict, error) {
	var body answer
	if json.Unmarshal(a.Body, &body) != nil || body.Code == "" {
		return rest.Verdict{}, rest.Unreadable(a, "the answer is not JSON with a code")
	}
	code, text := string(body.Code), string(body.Desc)
	if text == "" {
		text = string(body.Msg)
	}
	switch {
	case code == codeOK && a.Status != http.StatusOK:
		return rest.Verdict{}, rest.Unreadable(a, "the HTTP status contradicts the answer")
	case code == codeOK:
		return rest.Verdict{Outcome: success, Code: code}, nil
	case code == codeRepeated && a.Repeated && a.Status == http.StatusOK:
		// A repeated request means that the one before it, never answered, had
		// arrived; not how it ended.
		return rest.Verdict{Outcome: recall.Accepted, Code: code}, nil
	}
	return rest.Verdict{}, classify(a, kinds(code, strings.ToLower(text)), code, text)
}

// classify describes the refusal that a code other than 200 is.
func classify(a rest.Answer, kind recall.Kind, code, text string) *recall.Error {
	err := &recall.Error{Kind: kind, Code: code, Message: text}
	switch {
	case code == "416":
		err.RetryAfter = blocked
	case kind == recall.ErrUnauthorized && isClock(strings.ToLower(text)):
		err.Err = clockSkew(a)
	case code == codeRepeated:
		err.Err = errors.New("the vendor has had this request before, though it was sent once")
	}
	return err
}

// blocked is how long the vendor blocks an application that was too fast.
const blocked = 10 * time.Second

// kindOf gives the meaning of a code of v1.
//
// https://doc.commsease.com/en/messaging/server-apis/TM5NTk2Mzc?platform=server
func kindOf(code, text string) recall.Kind {
	switch code {
	case "403":
		return kindOf403(text)
	case "414":
		return kindOf414(text)
	case "508":
		return recall.ErrWindowExpired
	case "416":
		return recall.ErrRateLimited
	case "302", "402": // wrong user or password; a wrong checksum in documents of 2015
		return recall.ErrUnauthorized
	case "315": // the address is not allowed in
		return recall.ErrMisconfigured
	case "405", "805", // parameter too long, wrong type of team
		// Object, team not found: not the message, whose absence v1 answers with
		// 200. ErrNotFound would let a caller take it for recalled.
		"404", "803":
		return recall.ErrInvalidRequest
	case "201", "509": // wrong client version, illegal protocol
		return recall.ErrUnsupported
	case "408", "415", "500", "503", "514":
		return recall.ErrUnavailable
	case "301", "406", "419", "422", "423", // banned, read-only, too many, disabled, muted
		"801", "802", "804", "806", "807", "808", "809", "810", "811", "812", "813", "814", "815": // team rules
		return recall.ErrForbidden
	}
	// Among them 417 (a repeated operation, which does not say how the first one
	// ended), 431 where nothing of ours went unanswered, 998 and 999 (the vendor
	// could not unpack or pack), and whatever may be new.
	return recall.ErrBadResponse
}

// kindOf403 tells apart the two meanings that the vendor gives 403: wrong
// credentials, and a recall that is not allowed.
func kindOf403(text string) recall.Kind {
	switch {
	case strings.Contains(text, "not enable"):
		return recall.ErrNotEnabled
	case strings.Contains(text, "not support"):
		return recall.ErrUnsupported
	}
	if kind := kindOfCredentials(text); kind != "" {
		return kind
	}
	return recall.ErrForbidden
}

// kindOf414 tells apart a bad signature and a bad parameter. A message that
// synchronous moderation caught is refused with 414 as well.
func kindOf414(text string) recall.Kind {
	if kind := kindOfCredentials(text); kind != "" {
		return kind
	}
	return recall.ErrInvalidRequest
}

// kindOfCredentials reads the texts about who asks, "" for all others.
func kindOfCredentials(text string) recall.Kind {
	switch {
	case strings.Contains(text, "checksum"), isClock(text):
		return recall.ErrUnauthorized
	case strings.Contains(text, "current region"), strings.Contains(text, "appkey"):
		return recall.ErrMisconfigured
	}
	return ""
}

func isClock(text string) bool { return strings.Contains(text, "curtime") }

// clockSkew says how far the local clock is from the server's, the usual
// cause of a CurTime that is refused.
func clockSkew(a rest.Answer) error {
	server, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return errors.New("the local clock differs from the server's, which sent no date to tell by how much")
	}
	skew := a.At.Sub(server).Round(time.Second)
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	return errors.New("the local clock is " + skew.Abs().String() + " " + direction + " the server's")
}
