package rest

import (
	"bytes"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/imrecall/imrecall/recall"
)

// mark stands where a secret was.
const mark = "[secret]"

// longestMessage bounds what an error keeps of a vendor's text.
const longestMessage = 1024

// mask removes from e what must not be shown, and bounds its length.
func mask(e *recall.Error, secrets []string) {
	e.Code = cut(masked(e.Code, secrets), longestExcerpt)
	e.Message = cut(masked(e.Message, secrets), longestMessage)
	if e.Err == nil {
		return
	}
	text := e.Err.Error()
	if clean := masked(text, secrets); clean != text {
		e.Err = errors.New(clean)
	}
}

// maskedBody returns body without the secrets in it, and whether it held any:
// a server that echoes a request must not get it into an error or a log.
func maskedBody(body []byte, secrets []string) ([]byte, bool) {
	found := false
	for _, secret := range withPieces(secrets) {
		if bytes.Contains(body, []byte(secret)) {
			body = bytes.ReplaceAll(body, []byte(secret), []byte(mark))
			found = true
		}
	}
	return body, found
}

// shortestSecret keeps mask from tearing texts apart over a secret that is a
// letter or two.
const (
	shortestSecret = 4
	shortestPiece  = 8
)

func masked(s string, secrets []string) string {
	for _, secret := range withPieces(secrets) {
		s = strings.ReplaceAll(s, secret, mark)
	}
	return s
}

// withPieces returns what to look for: each secret, and its longer parts
// between the characters that JSON, HTML, URLs or quoting may change, because
// a server that echoes the request may show it in any of these forms.
func withPieces(secrets []string) []string {
	var all []string
	for _, secret := range secrets {
		if len(secret) < shortestSecret {
			continue
		}
		all = append(all, secret)
		for _, piece := range strings.FieldsFunc(secret, mayBeEscaped) {
			if len(piece) >= shortestPiece && piece != secret {
				all = append(all, piece)
			}
		}
	}
	return all
}

func mayBeEscaped(r rune) bool {
	return r != '-' && r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := limit
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
