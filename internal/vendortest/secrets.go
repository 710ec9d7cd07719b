package vendortest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Shows tells how a value shows one of the secrets when it is printed in one
// of the ways that people log with: the way and the text, and "" where none
// does. Of an error all that it wraps is looked at too. A secret counts as
// shown as it is, escaped for a URL or as bytes in hexadecimal; so does each
// part of 8 characters or more between two of its punctuation marks.
func Shows(v any, secrets ...string) string {
	forms := formsOf(secrets)
	for _, value := range unwrapped(v) {
		for way, text := range printed(value) {
			low := strings.ToLower(text)
			dense := strings.ReplaceAll(low, " ", "")
			for _, form := range forms {
				if strings.Contains(low, form) || strings.Contains(dense, form) {
					return fmt.Sprintf("%T by %s: %s", value, way, text)
				}
			}
		}
	}
	return ""
}

// formsOf returns what must not be seen, in lower case.
func formsOf(secrets []string) []string {
	var forms []string
	for _, secret := range secrets {
		parts := strings.FieldsFunc(secret, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		parts = slices.DeleteFunc(parts, func(part string) bool { return len(part) < 8 })
		for _, part := range append(parts, secret) {
			for _, form := range []string{part, hex.EncodeToString([]byte(part)), url.QueryEscape(part)} {
				forms = append(forms, strings.ToLower(form))
			}
		}
	}
	return forms
}

// unwrapped returns v and, of an error, all that it wraps.
func unwrapped(v any) []any {
	out := []any{v}
	switch e := v.(type) {
	case interface{ Unwrap() []error }:
		for _, cause := range e.Unwrap() {
			out = append(out, unwrapped(cause)...)
		}
	case interface{ Unwrap() error }:
		if cause := e.Unwrap(); cause != nil {
			out = append(out, unwrapped(cause)...)
		}
	}
	return out
}

// printed returns all the ways in which v may end up in a log.
func printed(v any) map[string]string {
	out := map[string]string{"Sprint": fmt.Sprint(v), "Errorf": fmt.Errorf("%v", v).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "% x", "%t", "%08.3f"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	for name, nested := range map[string]any{
		"itself": v, "pointer": &v, "field": struct{ V any }{v}, "list": []any{v}, "map": map[string]any{"v": v},
	} {
		out["nested %v: "+name] = fmt.Sprintf("%v %+v %#v", nested, nested, nested)
		if data, err := json.Marshal(nested); err == nil {
			out["JSON: "+name] = string(data)
		}
		var text, structured bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&structured, nil)} {
			slog.New(handler).Info("m", "v", nested, slog.Group("g", "v", nested))
		}
		out["slog text: "+name], out["slog JSON: "+name] = text.String(), structured.String()
	}
	return out
}
