package emulator

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
)

// DecodeJSON reads a JSON object into the struct T. Unlike json.Unmarshal it takes the top-level keys only
// as they are spelled in T's tags: a client that writes appKey for appkey must not pass here and then fail
// at the vendor.
func DecodeJSON[T any](body []byte) (T, error) {
	var v T
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(body, &keys); err != nil {
		return v, err
	}
	known := tagNames(reflect.TypeFor[T]())
	maps.DeleteFunc(keys, func(key string, _ json.RawMessage) bool { return !known[key] })
	exact, err := JSON(keys) // values as they came
	if err != nil {
		return v, err
	}
	err = json.Unmarshal(exact, &v)
	return v, err
}

func tagNames(t reflect.Type) map[string]bool {
	names := make(map[string]bool)
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names[name] = true
	}
	return names
}
