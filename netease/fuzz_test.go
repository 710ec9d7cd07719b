package netease

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
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
	for _, name := range []string{
		"recall.answer.http", "recall.answer.403.http", "recall.answer.414.http", "recall.answer.malformed.http",
	} {
		m := fixture(f, name)
		f.Add(m.Status, m.Header.Get("Date"), false, m.Body)
	}
	for _, row := range codeTable {
		f.Add(http.StatusOK, "", false, []byte(`{"desc":"checksum","code":`+strconv.Itoa(row.code)+`}`))
	}
	for _, body := range []string{
		``, `null`, `[]`, `{}`, `{"code":"200"}`, `{"code":200.0}`, `{"code":1e999}`, `{"Code":200}`, `{"code":414,"code":200}`,
		`{"code":200}{}`, "\xef\xbb\xbf{\"code\":200}", `<html>`, `{"code":508,"desc":{"a":[1]}}`, `{"code":200,"desc":null}`,
		`{"code":"\u0032\u0030\u0030"}`,
	} {
		f.Add(http.StatusOK, "", false, []byte(body))
		f.Add(http.StatusBadGateway, "", true, []byte(body))
	}
	f.Add(http.StatusOK, "", true, []byte(`{"code":431}`))
	f.Add(http.StatusOK, "Tue, 01 Jul 2025 12:00:00 GMT", false, []byte(`{"code":414,"desc":"CurTime is expired"}`))

	f.Fuzz(func(t *testing.T, status int, date string, repeated bool, body []byte) {
		a := rest.Answer{
			Status: status, Header: http.Header{"Date": {date}}, Body: body, At: time.UnixMilli(1751371200000), Repeated: repeated,
		}
		verdict, err := decodeV1(a)
		if err != nil {
			requireHonest(t, verdict, err)
			return
		}
		assert.Equal(t, recall.Accepted, verdict.Outcome)
		require.True(t, json.Valid(body))
		code := lastValue(t, body, "code")
		assert.Equal(t, code, verdict.Code)
		if code != "200" || status != http.StatusOK {
			assert.True(t, code == "431" && repeated, "status %d, code %s", status, code)
		}
	})
}

// requireHonest checks what holds for every error of a decoder.
func requireHonest(t *testing.T, verdict rest.Verdict, err error) {
	t.Helper()
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	require.Zero(t, verdict)
	require.NotEmpty(t, e.Kind)
	require.NotContains(t, []recall.Kind{recall.ErrCanceled, recall.ErrPlanExhausted}, e.Kind, "nothing that an answer says")
	require.True(t, utf8.ValidString(err.Error()))
	require.True(t, utf8.ValidString(e.Message))
	require.NotContains(t, err.Error(), "\n")
	require.GreaterOrEqual(t, e.RetryAfter, time.Duration(0))
	require.False(t, errors.Is(err, recall.ErrRateLimited) && e.Code != "" && e.RetryAfter == 0, "no pause after 416")
	encoded, jsonErr := json.Marshal(e)
	require.NoError(t, jsonErr)
	require.True(t, utf8.Valid(encoded))
}

func FuzzClockSkew(f *testing.F) {
	for _, date := range []string{
		"", "yesterday", "Tue, 01 Jul 2025 12:00:00 GMT", "Tuesday, 01-Jul-25 12:00:00 GMT", "Tue Jul  1 12:00:00 2025",
		"Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		f.Add(date, int64(1751371200000))
		f.Add(date, int64(-1))
	}
	form := regexp.MustCompile(`^the local clock is \d[0-9hms.]* (ahead of|behind) the server's$`)
	f.Fuzz(func(t *testing.T, date string, ms int64) {
		at := time.UnixMilli(ms)
		text := clockSkew(rest.Answer{Header: http.Header{"Date": {date}}, At: at}).Error()
		server, err := http.ParseTime(date)
		if err != nil {
			assert.Contains(t, text, "sent no date")
			return
		}
		require.Regexp(t, form, text)
		if at.Sub(server) < -time.Second {
			assert.Contains(t, text, "behind")
		}
		if at.Sub(server) > time.Second {
			assert.Contains(t, text, "ahead of")
		}
	})
}

func FuzzMessageID(f *testing.F) {
	for _, id := range []string{
		"", "0", "1", "-1", "+1", "01", "10386192", "9223372036854775807", "9223372036854775808", "42910654541741424690", "1_000", "0x1", "１",
	} {
		f.Add(id)
	}
	form := regexp.MustCompile(`^[1-9][0-9]{0,18}\z`)
	f.Fuzz(func(t *testing.T, id string) {
		n, ok := new(big.Int).SetString(id, 10)
		want := form.MatchString(id) && ok && n.IsInt64()
		assert.Equal(t, want, positiveID("DeleteMsgID", id) == nil, "%q", id)
	})
}

// Parameters that pass arrive as they were given.
func FuzzParams(f *testing.F) {
	f.Add("10386192", int64(1481528155741), TypeP2P, "t1", "t4", "这是一条撤回消息", true, "push", `{"a":1}`, "env", "attach")
	f.Add("1", int64(0), TypeTeam, "a+b&c=d", "%zz;\x00", "", false, "", "", "", "\r\n")
	f.Add("1", int64(-1), 13, "\xff", "", "", false, "", "{", "", "")
	f.Fuzz(func(t *testing.T, id string, timeTag int64, typ int, from, to, msg string, ignore bool, push, payload, env, attach string) {
		p := RecallParams{
			DeleteMsgID: id, TimeTag: timeTag, Type: typ, From: from, To: to, Msg: msg, IgnoreTime: ignore,
			PushContent: push, Payload: payload, Env: env, Attach: attach,
		}
		if err := p.validate(); err != nil {
			require.Equal(t, recall.ErrInvalidRequest, err.Kind)
			require.NotEmpty(t, err.Field)
			return
		}
		form, err := url.ParseQuery(string(p.form()))
		require.NoError(t, err)
		back := RecallParams{
			DeleteMsgID: form.Get("deleteMsgid"), From: form.Get("from"), To: form.Get("to"), Msg: form.Get("msg"),
			IgnoreTime: form.Get("ignoreTime") == "1", PushContent: form.Get("pushcontent"), Payload: form.Get("payload"),
			Env: form.Get("env"), Attach: form.Get("attach"),
		}
		back.Type, _ = strconv.Atoi(form.Get("type"))
		back.TimeTag, _ = strconv.ParseInt(form.Get("timetag"), 10, 64)
		assert.Equal(t, p, back)
		for name, values := range form {
			require.Len(t, values, 1, name)
			require.NotEmpty(t, values[0], name)
			require.True(t, utf8.ValidString(values[0]), name)
		}
	})
}
