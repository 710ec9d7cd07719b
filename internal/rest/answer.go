package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/imrecall/imrecall/recall"
)

// longestExcerpt bounds what an error repeats of an answer that was not JSON.
const longestExcerpt = 200

// Unreadable classifies an answer that is not what the vendor documents, such
// as a gateway's HTML page, by its status alone.
func Unreadable(a Answer, why string) *recall.Error {
	excerpt := strings.ToValidUTF8(string(a.Body[:min(len(a.Body), longestExcerpt)]), "?")
	return &recall.Error{Kind: kindOfStatus(a.Status), Err: fmt.Errorf("%s: %q", why, excerpt)}
}

// kindOfStatus says what an HTTP status means without a body that explains
// it. A bare 403 or 400 is not a refusal by the vendor: a gateway or a
// firewall said it, and the message may be recalled another time.
func kindOfStatus(status int) recall.Kind {
	switch {
	case status == http.StatusUnauthorized:
		return recall.ErrUnauthorized
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed,
		status == http.StatusProxyAuthRequired, status == http.StatusUnsupportedMediaType:
		return recall.ErrMisconfigured
	case status == http.StatusRequestTimeout, status >= 500:
		return recall.ErrUnavailable
	case status == http.StatusRequestEntityTooLarge:
		return recall.ErrInvalidRequest
	case status == http.StatusTooManyRequests:
		return recall.ErrRateLimited
	}
	return recall.ErrBadResponse
}

// errTwice refuses an answer that contradicts itself: encoding/json would take
// the last of several keys, whatever their case.
var errTwice = errors.New("a key is given twice")

// Code is a vendor's result code: in JSON an integer, or a string that holds
// one. The zero value stands for a code that is missing.
type Code string

// UnmarshalJSON reads a whole number, bare or in quotes.
func (c *Code) UnmarshalJSON(data []byte) error {
	if *c != "" {
		return errTwice
	}
	if string(data) == "200" { // nearly always, and without an allocation
		*c = "200"
		return nil
	}
	text := string(data)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != text {
		return errors.New("code is not a whole number")
	}
	*c = Code(text)
	return nil
}

// Text is a vendor's explanation: a string, or any other JSON value, kept as
// JSON.
type Text string

// UnmarshalJSON reads any JSON value.
func (t *Text) UnmarshalJSON(data []byte) error {
	if *t != "" {
		return errTwice
	}
	if plainString(data) {
		*t = Text(data[1 : len(data)-1])
		return nil
	}
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = Text(s)
		return nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return err
	}
	*t = Text(strings.ToValidUTF8(compact.String(), "\uFFFD"))
	return nil
}

// plainString tells whether a JSON value is a string that stands for itself:
// most are, and to decode them costs more than to read the rest of an answer.
func plainString(data []byte) bool {
	if len(data) < 2 || data[0] != '"' || data[len(data)-1] != '"' {
		return false
	}
	for _, b := range data[1 : len(data)-1] {
		if b < ' ' || b == '"' || b == '\\' || b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
