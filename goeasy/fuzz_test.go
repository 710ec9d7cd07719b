package goeasy

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"recall.answer.http", "recall.answer.401.http"} {
		m := fixture(f, name)
		f.Add(m.Status, m.Body)
	}
	for _, row := range codeTable {
		f.Add(http.StatusOK, []byte(`{"code":`+strconv.Itoa(row.code)+`,"content":"`+row.text+`"}`))
	}
	for _, body := range []string{
		``, `null`, `[]`, `{}`, `OK`, `{"code":"200"}`, `{"code":200.0}`, `{"code":1e999}`, `{"Code":200}`, `{"code":401,"code":200}`,
		`{"resultCode":200}`, `{"code":200,"resultCode":500}`, `{"code":200}{}`, "\xef\xbb\xbf{\"code\":200}", `<html>`,
		`{"code":400,"content":[{"a":1}]}`, `{"code":200,"content":null}`, `{"code":"\u0032\u0030\u0030"}`,
	} {
		f.Add(http.StatusOK, []byte(body))
		f.Add(http.StatusBadGateway, []byte(body))
	}

	f.Fuzz(func(t *testing.T, status int, body []byte) {
		verdict, err := decode(rest.Answer{Status: status, Body: body, At: time.UnixMilli(1751371200000)})
		if err != nil {
			requireHonest(t, verdict, err)
			return
		}
		assert.Equal(t, rest.Verdict{Outcome: recall.Accepted, Code: "200"}, verdict)
		assert.Equal(t, http.StatusOK, status)
		require.True(t, json.Valid(body))
		code := lastValue(t, body, "code")
		if code == "" {
			code = lastValue(t, body, "resultCode")
		}
		assert.Equal(t, "200", code)
	})
}

// requireHonest checks what holds for every error of a decoder.
func requireHonest(t *testing.T, verdict rest.Verdict, err error) {
	t.Helper()
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	require.Zero(t, verdict)
	require.NotEmpty(t, e.Kind)
	require.NotContains(t, []recall.Kind{
		recall.ErrCanceled, recall.ErrNotFound, recall.ErrWindowExpired, recall.ErrUnsupported,
	}, e.Kind, "nothing that an answer says")
	require.True(t, utf8.ValidString(err.Error()))
	require.True(t, utf8.ValidString(e.Message))
	require.NotContains(t, err.Error(), "\n")
	encoded, jsonErr := json.Marshal(e)
	require.NoError(t, jsonErr)
	require.True(t, utf8.Valid(encoded))
}

// Parameters that pass arrive as they were given.
func FuzzParams(f *testing.F) {
	f.Add("user001", "user002", "", int64(1581111111111), int64(1582222222222), true, "admin", []byte(`{"name":"Wallace"}`))
	f.Add("", "", "group001", int64(1), int64(2), false, "", []byte(nil))
	f.Add("a", "", "g", int64(0), int64(-1), true, "\xff", []byte(`{`))
	f.Add("a", "\u2028<", "", int64(1), int64(1), true, "", []byte("\"\xff\""))
	f.Add("a", "b", "", int64(1), int64(2), true, "", []byte(` 1e400 `))
	f.Fuzz(func(t *testing.T, a, b, group string, first, second int64, withRecaller bool, id string, data []byte) {
		p := RecallParams{UserAID: a, UserBID: b, GroupID: group, Messages: []int64{first, second}}
		if withRecaller {
			p.Recaller = &Recaller{ID: id, Data: data}
		}
		if err := p.validate(); err != nil {
			require.Equal(t, recall.ErrInvalidRequest, err.Kind)
			require.NotEmpty(t, err.Field)
			return
		}
		require.NotEqual(t, first, second)
		require.Equal(t, group == "", a != "" && b != "")
		body, err := json.Marshal(recallBody{AppKey: "k", RecallParams: p})
		require.NoError(t, err)
		var back recallBody
		require.NoError(t, json.Unmarshal(body, &back))
		if p.Recaller != nil && len(p.Recaller.Data) > 0 {
			require.NotNil(t, back.Recaller)
			assert.Equal(t, valueOf(t, data), valueOf(t, back.Recaller.Data))
			back.Recaller.Data = p.Recaller.Data
		} else if p.Recaller != nil {
			require.Empty(t, back.Recaller.Data)
			back.Recaller.Data = p.Recaller.Data
		}
		assert.Equal(t, recallBody{AppKey: "k", RecallParams: p}, back)
	})
}

// valueOf reads a JSON value that keeps the digits of numbers.
func valueOf(t *testing.T, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v))
	return v
}
