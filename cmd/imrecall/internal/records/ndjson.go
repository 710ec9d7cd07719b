package records

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/imrecall/imrecall/recall"
)

// Parse reads one message as a line of NDJSON has it. Its errors are those of a Record.
func Parse(text []byte) (recall.Request, error) {
	req, _, err := parseJSON(text)
	return req, err
}

// parseJSON reads a request, or a line of a failures file that holds one.
func parseJSON(text []byte) (req recall.Request, mayBeGone bool, err error) {
	members, err := membersOf(text)
	if err != nil {
		return req, false, err
	}
	if inner, ok := members["request"]; ok {
		return fromResult(members, inner)
	}
	if _, ok := members["input"]; ok {
		return req, false, invalid("", `this was not readable in an earlier run; put the message under "request"`)
	}
	req, err = fromMembers(members)
	return req, false, err
}

// fromResult reads what a failures file or --json has for each message.
func fromResult(members map[string]json.RawMessage, inner json.RawMessage) (req recall.Request, mayBeGone bool, err error) {
	for name := range members {
		switch name {
		case "request", "error", "line", "class":
		case "receipt":
			return req, false, invalid("", "it has a receipt: this message was recalled already")
		default:
			return req, false, unknown(name)
		}
	}
	var before recall.Error
	if raw, ok := members["error"]; ok && json.Unmarshal(raw, &before) != nil {
		return req, false, invalid("", `its "error" is not one of an earlier run`)
	}
	request, err := membersOf(inner)
	if err != nil {
		return req, false, err
	}
	req, err = fromMembers(request)
	return req, before.MayHaveApplied, err
}

func unknown(name string) error {
	return invalid("", fmt.Sprintf("it has %q, which is no field of a message; the fields are %s", name, known()))
}

func fromMembers(members map[string]json.RawMessage) (recall.Request, error) {
	var req recall.Request
	for name := range members {
		if !isField(name) {
			return recall.Request{}, unknown(name)
		}
	}
	for _, c := range fields() { // in this order, so that of two errors always the same is told
		raw, ok := members[jsonName(c.field)]
		if !ok || string(raw) == "null" {
			continue
		}
		value, err := valueOf(c.field, raw)
		if err == nil {
			err = c.set(&req, value)
		}
		if err != nil {
			return recall.Request{}, err
		}
	}
	return req, nil
}

func isField(name string) bool {
	for _, c := range fields() {
		if jsonName(c.field) == name {
			return true
		}
	}
	return false
}

func jsonName(field string) string {
	switch field {
	case "MessageID":
		return "message_id"
	case "SentAt":
		return "sent_at"
	}
	return strings.ToLower(field)
}

// valueOf returns a member as text. Ids may be numbers, whose digits are taken as they are.
func valueOf(field string, raw json.RawMessage) (string, error) {
	switch {
	case raw[0] == '"' && field != "Force":
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return "", invalid(field, "is not a string")
		}
		if strings.ContainsRune(text, '\ufffd') && !bytes.Contains(raw, []byte("\ufffd")) &&
			!bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`)) {
			return "", invalid(field, "holds half of a surrogate pair")
		}
		return text, nil
	case field == "Force" && (string(raw) == "true" || string(raw) == "false"):
		return string(raw), nil
	case field == "Force":
		return "", invalid(field, "is neither true nor false")
	case takesNumber(field) && integer.Match(raw):
		return string(raw), nil
	case field == "SentAt":
		return "", invalid(field, "is neither a string in RFC 3339 nor a whole number of milliseconds")
	case takesNumber(field):
		return "", invalid(field, "is neither a string nor a whole number")
	}
	return "", invalid(field, "is not a string")
}

func takesNumber(field string) bool {
	switch field {
	case "MessageID", "From", "To", "SentAt", "Operator", "Ref":
		return true
	}
	return false
}

// membersOf returns the members of an object. Unlike json.Unmarshal it refuses one that is there twice, of which the
// first would be lost.
func membersOf(text []byte) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, invalid("", "it is not a JSON object")
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, notJSON(err)
		}
		name, _ := key.(string) // the decoder takes nothing else for a key
		if _, twice := members[name]; twice {
			return nil, invalid("", fmt.Sprintf("it has %q twice", name))
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, notJSON(err)
		}
		members[name] = value
	}
	if _, err := decoder.Token(); err != nil { // the closing brace
		return nil, notJSON(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, invalid("", "there is something after the JSON object")
	}
	return members, nil
}

func notJSON(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return invalid("", "it is not JSON: it ends too soon")
	}
	return invalid("", "it is not JSON: "+err.Error())
}
