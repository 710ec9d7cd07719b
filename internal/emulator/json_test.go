package emulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/emulator"
)

type wire struct {
	Key  string   `json:"appkey"`
	IDs  []int64  `json:"ids,omitempty"`
	Next *float64 `json:"next,omitempty"`
}

func TestDecodeJSON(t *testing.T) {
	got, err := emulator.DecodeJSON[wire]([]byte(`{"appkey":"k","ids":[9007199254740993],"more":{"a":1}}`))
	require.NoError(t, err)
	assert.Equal(t, wire{Key: "k", IDs: []int64{9007199254740993}}, got)

	got, err = emulator.DecodeJSON[wire]([]byte(`{"appKey":"k"}`))
	require.NoError(t, err)
	assert.Empty(t, got.Key, "a key in the wrong case is another key")

	for _, body := range []string{"", "{", `{"appkey":"k"} {}`} {
		_, err = emulator.DecodeJSON[wire]([]byte(body))
		var syntax *json.SyntaxError
		require.ErrorAs(t, err, &syntax, body)
	}
	for _, body := range []string{"[]", `{"appkey":1}`} {
		_, err = emulator.DecodeJSON[wire]([]byte(body))
		var mismatch *json.UnmarshalTypeError
		require.ErrorAs(t, err, &mismatch, body)
	}
}

func TestWriteJSON(t *testing.T) {
	w := httptest.NewRecorder()
	emulator.WriteJSON(w, http.StatusTeapot, wire{Key: "a<b&c>"})
	assert.Equal(t, http.StatusTeapot, w.Code)
	assert.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
	assert.Equal(t, `{"appkey":"a<b&c>"}`, w.Body.String())

	w = httptest.NewRecorder()
	emulator.WriteJSON(w, http.StatusOK, make(chan int))
	assert.Equal(t, http.StatusInternalServerError, w.Code)
}
