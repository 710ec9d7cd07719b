package netease

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// addAnswers seeds a target with the golden answers, with every code of both
// tables, and with shapes that are none.
func addAnswers(f *testing.F) {
	f.Helper()
	for _, name := range []string{
		"oneway.answer.http", "delete.answer.malformed.http", "roaming.answer.http", "roaming.answer.414.http",
		"chatroom.answer.object.http", "v2.answer.http", "v2.answer.ret.http", "v2.answer.107404.http", "v2.answer.108404.http",
	} {
		m := fixture(f, name)
		f.Add(m.Status, "", false, m.Body)
	}
	for _, row := range append(codeTable, codeTableV2...) {
		f.Add(http.StatusOK, "", false, []byte(`{"msg":"checksum","code":`+strconv.Itoa(row.code)+`,"data":{}}`))
	}
	for _, body := range []string{``, `null`, `{}`, `{"code":"200"}`, `{"code":2e2}`, `{"CODE":200}`, `{"code":404}`, `{"code":431}`, `{"code":200}{}`} {
		f.Add(http.StatusOK, "Tue, 01 Jul 2025 12:00:00 GMT", true, []byte(body))
		f.Add(http.StatusNotFound, "", false, []byte(body))
	}
}

// fuzzDecoder checks what holds for every decoder: an error is honest, and a
// success is the vendor's word, worth no more than success says.
func fuzzDecoder(f *testing.F, decoder func(rest.Answer) (rest.Verdict, error), success, repeated recall.Outcome) {
	f.Helper()
	addAnswers(f)
	f.Fuzz(func(t *testing.T, status int, date string, again bool, body []byte) {
		a := rest.Answer{
			Status: status, Header: http.Header{"Date": {date}}, Body: body, At: time.UnixMilli(1751371200000), Repeated: again,
		}
		verdict, err := decoder(a)
		if err != nil {
			requireHonestOfAll(t, verdict, err)
			return
		}
		require.Equal(t, http.StatusOK, status)
		require.True(t, json.Valid(body))
		code := lastValue(t, body, "code")
		require.Equal(t, code, verdict.Code)
		if code == "431" {
			assert.True(t, again)
			assert.Equal(t, repeated, verdict.Outcome)
			return
		}
		assert.Equal(t, "200", code)
		assert.Equal(t, success, verdict.Outcome)
	})
}

// requireHonestOfAll is requireHonest, for codes too that ask for a pause
// without saying how long.
func requireHonestOfAll(t *testing.T, verdict rest.Verdict, err error) {
	t.Helper()
	e := failure(t, err)
	require.Zero(t, verdict)
	require.NotContains(t, []recall.Kind{recall.ErrCanceled, recall.ErrPlanExhausted}, e.Kind, "nothing that an answer says")
	require.True(t, utf8.ValidString(err.Error()))
	require.NotContains(t, err.Error(), "\n")
	require.GreaterOrEqual(t, e.RetryAfter, time.Duration(0))
	require.False(t, e.Code == "416" && e.RetryAfter == 0, "no pause after 416")
	encoded, jsonErr := json.Marshal(e)
	require.NoError(t, jsonErr)
	require.True(t, utf8.Valid(encoded))
}

func FuzzDecodeV2(f *testing.F) { fuzzDecoder(f, decodeV2, recall.Recalled, recall.Accepted) }

func FuzzDecodeV2NotForAll(f *testing.F) {
	fuzzDecoder(f, decodeV2NotForAll, recall.Accepted, recall.Accepted)
}

func FuzzDecodeRoamSession(f *testing.F) { fuzzDecoder(f, decodeRoamSession, "", "") }

// Parameters of v2 that pass arrive as they were given.
func FuzzV2Path(f *testing.F) {
	f.Add("t1", 1, "t4", "10386192", 2, int64(1481528155741), "撤回", "push", "{}", "env", "attach", true, true)
	f.Add("../..", 2, "?type=3#", "1", 1, int64(0), "a+b&c=d", "", "", "", "", false, false)
	f.Add("a|b", 3, "\xff", "", 3, int64(-1), "", "x", "", "", "\r\n", true, false)
	f.Fuzz(func(
		t *testing.T, sender string, conversation int, receiver, id string, typ int, at int64,
		description, push, payload, env, attach string, ignore, skip bool,
	) {
		p := RecallV2Params{
			SenderID: sender, ConversationType: conversation, ReceiverID: receiver, MessageServerID: id, Type: typ, MessageTime: at,
			Description: description, PushContent: push, PushPayload: payload, RouteEnvironment: env, Attach: attach,
			IgnoreRevokeTime: ignore, SkipTeamMemberCheck: skip,
		}
		if err := p.validate(); err != nil {
			require.Equal(t, recall.ErrInvalidRequest, err.Kind)
			require.NotEmpty(t, err.Field)
			return
		}
		u, err := url.ParseRequestURI(p.path())
		require.NoError(t, err)
		require.Equal(t, p.path(), u.RequestURI())
		require.Equal(t, "/im/v2/conversations/"+sender+"|"+strconv.Itoa(conversation)+"|"+receiver+"/messages/"+id, u.Path)
		query := u.Query()
		back := RecallV2Params{
			SenderID: sender, ConversationType: conversation, ReceiverID: receiver, MessageServerID: id,
			Description: query.Get("description"), PushContent: query.Get("push_content"), PushPayload: query.Get("push_payload"),
			RouteEnvironment: query.Get("route_environment"), Attach: query.Get("attach"),
			IgnoreRevokeTime:    query.Get("ingore_revoke_time") == "1" && query.Get("ignore_revoke_time") == "1",
			SkipTeamMemberCheck: query.Get("check_team_member_valid") == "false",
		}
		back.Type, _ = strconv.Atoi(query.Get("type"))
		back.MessageTime, _ = strconv.ParseInt(query.Get("message_time"), 10, 64)
		assert.Equal(t, p, back)
	})
}
