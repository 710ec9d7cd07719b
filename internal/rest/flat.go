package rest

import "bytes"

// Flat reads a JSON object that holds no object and no list, and whose strings
// have no escapes, as in most answers. It hands each key and value to field,
// the value as JSON. The result is false where the object is of another form,
// which may turn out after some calls of field: encoding/json has to read it
// then. Were that to read a part of every answer, it would cost as much as all
// the rest of the answer.
//
// data is JSON that encoding/json has found valid. Keys have to be in small
// letters, because it would take some others for the same.
func Flat(data []byte, field func(key, value []byte) error) (bool, error) {
	data = bytes.TrimSpace(data)
	if len(data) < 2 || data[0] != '{' || data[len(data)-1] != '}' {
		return false, nil
	}
	data = afterSpace(data[1 : len(data)-1])
	for len(data) > 0 {
		key, rest := flatValue(data)
		if !plainKey(key) || len(rest) == 0 || rest[0] != ':' {
			return false, nil
		}
		value, rest := flatValue(afterSpace(rest[1:]))
		if value == nil {
			return false, nil
		}
		if err := field(key[1:len(key)-1], value); err != nil {
			return true, err
		}
		if len(rest) > 0 {
			if rest = afterComma(rest); len(rest) == 0 {
				return false, nil
			}
		}
		data = rest
	}
	return true, nil
}

// flatValue splits a string without escapes, a number, true, false or null
// off the beginning of data, with the space behind it. It returns nil where
// there is another value.
func flatValue(data []byte) (value, rest []byte) {
	if len(data) == 0 || data[0] == '{' || data[0] == '[' {
		return nil, nil
	}
	end := 0
	if data[0] == '"' {
		end = bytes.IndexByte(data[1:], '"') + 2
		if end < 2 || bytes.IndexByte(data[:end], '\\') >= 0 {
			return nil, nil
		}
	}
	for end < len(data) && data[end] != ',' && data[end] != ':' && !isSpace(data[end]) {
		end++
	}
	return data[:end], afterSpace(data[end:])
}

// afterComma returns what follows a comma, nothing where there is none.
func afterComma(data []byte) []byte {
	if data[0] != ',' {
		return nil
	}
	return afterSpace(data[1:])
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }

func afterSpace(data []byte) []byte {
	for len(data) > 0 && isSpace(data[0]) {
		data = data[1:]
	}
	return data
}

// plainKey tells whether a JSON string consists of small letters, digits and
// underscores.
func plainKey(key []byte) bool {
	if len(key) < 2 || key[0] != '"' {
		return false
	}
	for _, b := range key[1 : len(key)-1] {
		if b != '_' && (b < 'a' || b > 'z') && (b < '0' || b > '9') {
			return false
		}
	}
	return true
}
