package vendortest

import (
	"bytes"
	"encoding/json"
	"strings"
)

// LastValue returns the text of a field of a JSON object, read in another way
// than by the code under test: of several the last, as encoding/json reads
// them, which also takes upper case for lower. A string is unquoted. It is ""
// where there is no such field.
func LastValue(body []byte, name string) (string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	if _, err := d.Token(); err != nil {
		return "", err
	}
	text := ""
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return "", err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return "", err
		}
		if key, ok := key.(string); !ok || !strings.EqualFold(key, name) {
			continue
		}
		text = string(value)
		if strings.HasPrefix(text, `"`) {
			if err := json.Unmarshal(value, &text); err != nil {
				return "", err
			}
		}
	}
	return text, nil
}
