package emulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
)

// JSON returns v as compact JSON. It leaves <, > and & as they are: no vendor is known to escape them as
// encoding/json does by default.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// WriteJSON answers with v as [JSON] writes it.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	b, err := JSON(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	Write(w, status, string(b))
}

// Write answers with JSON text, byte for byte.
func Write(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	// The client may have hung up already, which is for the test to notice, not for the emulator.
	_, _ = io.WriteString(w, body)
}
