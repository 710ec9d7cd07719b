package rest

import "bytes"

// Flat reads a JSON object that holds no object and no list, and whose strings
// have no escapes, as in most answers. It hands each key and value to field,
// the value as JSON. The result is false where the object is of another form,
// which may turn out after some calls of field: encoding/json has to read it
// then. To let it read a part of every answer costs as much as the rest of it.
//
// data is JSON that encoding/json has found valid. Keys have to be in small
// letters, because it would take some others for the same.
func Flat(data []byte, field func(key, value []byte) error) (bool, error) {
	data = bytes.TrimSpace(data)
	if len(data) < 2 || data[0] != '{' || data[len(data)-1] != '}' {
		return false, nil
	}
	data = bytes.TrimSpace(data[1 : len(data)-1])
	for len(data) > 0 {
		key, rest := flatValue(data)
		rest, colon := bytes.CutPrefix(rest, []byte(":"))
		if !colon || !plainKey(key) {
			return false, nil
		}
		value, rest := flatValue(bytes.TrimSpace(rest))
		if value == nil {
			return false, nil
		}
		if err := field(key[1:len(key)-1], value); err != nil {
			return true, err
		}
		rest, comma := bytes.CutPrefix(rest, []byte(","))
		if comma != (len(rest) > 0) {
			return false, nil
		}
		data = bytes.TrimSpace(rest)
	}
	return true, nil
}

// flatValue splits a string without escapes, a number, true, false or null
// off the beginning of data. It returns nil where there is another value.
func flatValue(data []byte) (value, rest []byte) {
	end := bytes.IndexAny(data, ",:} \t\r\n")
	if bytes.HasPrefix(data, []byte(`"`)) {
		end = 1 + bytes.IndexAny(data[1:], `"\`)
		if end == 0 || data[end] == '\\' {
			return nil, nil
		}
		end++
	}
	if end < 0 {
		end = len(data)
	}
	if end == 0 || data[0] == '{' || data[0] == '[' {
		return nil, nil
	}
	return data[:end], bytes.TrimSpace(data[end:])
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
