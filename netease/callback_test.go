package netease

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

const callbackSecret = "0123456789ab" // of the golden files

// newCallbacks returns the callbacks of the test's application.
func newCallbacks(t testing.TB, secrets ...string) *Callbacks {
	t.Helper()
	c, err := NewCallbacks(CallbackConfig{AppKey: testAppKey, Secrets: secrets})
	require.NoError(t, err)
	return c
}

// callbackHeader signs a body as the vendor does.
func callbackHeader(secret string, body []byte) http.Header {
	sum := md5.Sum(body)
	digest, curTime := hex.EncodeToString(sum[:]), "1487308054709"
	h := http.Header{}
	h.Set("AppKey", testAppKey)
	h.Set("CurTime", curTime)
	h.Set("MD5", digest)
	h.Set("CheckSum", checkSum(secret, digest, curTime))
	return h
}

// parsed reads a body that is signed.
func parsed(t testing.TB, body string) ([]recall.Event, error) {
	t.Helper()
	return newCallbacks(t, callbackSecret).ParseEvents(t.Context(), callbackHeader(callbackSecret, []byte(body)), []byte(body))
}

func millisecond(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func sentEvent(id string, req recall.Request) recall.Event {
	return recall.Event{Kind: recall.MessageSent, Vendor: "netease", App: testAppKey, ID: id, At: req.SentAt, Request: req}
}

func recalledEvent(id string, at time.Time, req recall.Request) recall.Event {
	return recall.Event{Kind: recall.MessageRecalled, Vendor: "netease", App: testAppKey, ID: id, At: at, Request: req}
}

// What the vendor's own examples say.
func TestGoldenCallbacks(t *testing.T) {
	for name, want := range map[string][]recall.Event{
		"message": {sentEvent("1/direct/3456789", recall.Request{
			MessageID: "3456789", Chat: recall.ChatDirect, From: "111", To: "222", SentAt: millisecond(1441977355557),
		})},
		"picture": {sentEvent("1/direct/8364613", recall.Request{
			MessageID: "8364613", Chat: recall.ChatDirect, From: "zhangsan", To: "lisi", SentAt: millisecond(1456888195062),
		})},
		"team": {sentEvent("1/group/779872108546", recall.Request{
			MessageID: "779872108546", Chat: recall.ChatGroup, From: "zhangsan", To: "11621", SentAt: millisecond(1456810468999),
		})},
		"superteam": {sentEvent("1/super_group/780006326278", recall.Request{
			MessageID: "780006326278", Chat: recall.ChatSuperGroup, From: "lisi", To: "11623", SentAt: millisecond(1456817802118),
		})},
		"room": {sentEvent("4/2016/zqpret1101/1456123424339/e4d9065fdb5fde927b16d87b7e861d46", recall.Request{
			MessageID: "e4d9065fdb5fde927b16d87b7e861d46", Chat: recall.ChatRoom, From: "zqpret1101", To: "2016",
			SentAt: millisecond(1456123424339),
		})},
		"recall": {recalledEvent("7/11555996/1487308054709", millisecond(1487308054709), recall.Request{
			MessageID: "11555996", Chat: recall.ChatDirect, From: "zhangsan", To: "lisi", SentAt: millisecond(1487308046652),
		})},
		"recall.team": {recalledEvent("8/927914262574/1487309158801", millisecond(1487309158801), recall.Request{
			MessageID: "927914262574", Chat: recall.ChatGroup, From: "zhangsan", To: "13827", SentAt: millisecond(1487309155228),
		})},
		"recall.superteam": {recalledEvent("25/927914262574/1487309158801", millisecond(1487309158801), recall.Request{
			MessageID: "927914262574", Chat: recall.ChatSuperGroup, From: "zhangsan", To: "13827", SentAt: millisecond(1487309155228),
		})},
		"friend": nil,
		"login":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			m := fixture(t, "callback."+name+".request.http")
			events, err := newCallbacks(t, callbackSecret).ParseEvents(t.Context(), m.Header, m.Body)
			require.NoError(t, err)
			assert.Equal(t, want, events)
			text, err := json.Marshal(events)
			require.NoError(t, err)
			for _, private := range []string{"hello", "thisisattach", "撤回了一条消息", "mike"} {
				assert.NotContains(t, string(text), private)
			}

			numbers := regexp.MustCompile(`"(\d+)"`).ReplaceAll(m.Body, []byte("$1"))
			require.NotEqual(t, string(m.Body), string(numbers))
			events, err = parsed(t, string(numbers))
			require.NoError(t, err, "as numbers")
			assert.Equal(t, want, events, "as numbers")
		})
	}
}

// What the event of a message says is what a recall needs.
func TestCallbackRequestsAreValid(t *testing.T) {
	c := newClient(t, Config{})
	for _, name := range []string{"message", "team", "superteam", "room"} {
		m := fixture(t, "callback."+name+".request.http")
		events, err := newCallbacks(t, callbackSecret).ParseEvents(t.Context(), m.Header, m.Body)
		require.NoError(t, err)
		req := events[0].Request
		if req.Chat == recall.ChatRoom {
			assert.Equal(t, "Operator", failure(t, c.ValidateRequest(req)).Field, "the one thing that a copy can't know")
			req.Operator = "admin"
		}
		assert.NoError(t, c.ValidateRequest(req), name)
	}
}

// Copies of other things are not ours, and are answered as received.
func TestCallbacksAboutOtherThings(t *testing.T) {
	for _, body := range []string{
		`{"eventType":"2"}`, `{"eventType":3}`, `{"eventType":"9","roomId":[1]}`, `{"eventType":"30","objects":"[]"}`,
		`{"eventType":"CREATE_ROOM"}`, `{"eventType":null}`, `{"type":"CALL"}`, `null`,
		`{"eventType":"1","convType":"PERSON","antispam":"true"}`, `{"eventType":"1","convType":"TEAM","blacklist":true,"msgidServer":""}`,
		`{"eventType":"1","convType":"CUSTOM_PERSON"}`, `{"eventType":"1","convType":"CUSTOM_TEAM"}`, `{"eventType":1,"convType":"NEW"}`,
	} {
		events, err := parsed(t, body)
		assert.NoError(t, err, body)
		assert.Empty(t, events, body)
	}
}

const secretText = "a private text"

// edited returns a golden callback with one field set to a JSON value, or
// without it where that is empty.
func edited(t testing.TB, golden, field, value string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(fixture(t, "callback."+golden+".request.http").Body, &fields))
	require.Contains(t, fields, field)
	fields[field] = json.RawMessage(value)
	if value == "" {
		delete(fields, field)
	}
	fields["body"] = json.RawMessage(`"` + secretText + `"`)
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(text)
}

func TestOddCallbacks(t *testing.T) {
	for golden, fields := range map[string]string{
		"message":          "convType fromAccount to msgTimestamp msgidServer",
		"superteam":        "convType fromAccount to msgTimestamp msgidServer",
		"room":             "fromAccount roomId msgTimestamp msgidClient",
		"recall":           "msgId",
		"recall.superteam": "msgId",
	} {
		for field := range strings.FieldsSeq(fields) {
			for _, value := range []string{
				``, `null`, `""`, `true`, `1.5`, `1e3`, `{}`, `["1"]`, `{"a":"` + secretText + `"}`, `"\ud800"`, `"1\u0000"`, "\"\xff\"",
			} {
				body := strings.ReplaceAll(edited(t, golden, field, `"@"`), `"@"`, value)
				if value == "" {
					body = edited(t, golden, field, "")
				}
				_, err := parsed(t, body)
				assert.ErrorIs(t, err, recall.ErrBadResponse, "%s: %q", field, value)
				assert.ErrorContains(t, err, field)
				assert.NotContains(t, err.Error(), secretText)
			}
		}
	}
	for _, row := range []struct{ golden, field, value string }{
		{"message", "msgidServer", `"x"`},
		{"message", "msgidServer", `0`},
		{"message", "msgidServer", `-1`},
		{"message", "msgidServer", `"01"`},
		{"message", "msgidServer", `"9223372036854775808"`},
		{"room", "roomId", `"lobby"`},
		{"recall", "msgId", `"` + secretText + `"`},
		{"message", "msgTimestamp", `"99999999999999999999"`},
		{"message", "eventType", `[1]`},
		{"message", "eventType", `1.0`},
	} {
		_, err := parsed(t, edited(t, row.golden, row.field, row.value))
		assert.ErrorIs(t, err, recall.ErrBadResponse, row)
		assert.ErrorContains(t, err, row.field)
		assert.NotContains(t, err.Error(), secretText)
	}
	for _, body := range []string{
		`[]`, `"` + secretText + `"`, secretText, `{"eventType":"1",` + secretText, `{"eventType":"7","msgId":"1"} ` + secretText,
		`{"eventType":"7","msgId":"1","msgId":"2"}`, `{"eventType":"7","msgId":"1","MsgID":"2"}`, `{"eventType":"2","eventType":"7","msgId":"1"}`,
	} {
		_, err := parsed(t, body)
		e := failure(t, err)
		assert.Equal(t, recall.ErrBadResponse, e.Kind, body)
		assert.Equal(t, []string{"netease", testAppKey, "callback"}, []string{e.Vendor, e.App, e.Op})
		assertHides(t, err, secretText)
	}
}

// What moderation held back may have an id all the same.
func TestHeldBackCallbacks(t *testing.T) {
	for _, flag := range []string{`true`, `"true"`, `"false"`, `{}`} {
		body := strings.Replace(edited(t, "message", "msgidServer", `"3456789"`), "{", `{"antispam":`+flag+`,`, 1)
		events, err := parsed(t, body)
		require.NoError(t, err, body)
		assert.Len(t, events, 1)
	}
	_, err := parsed(t, strings.Replace(edited(t, "message", "msgidServer", ""), "{", `{"antispam":"false",`, 1))
	assert.ErrorIs(t, err, recall.ErrBadResponse)
}

// A recall's copy may lack what is not needed.
func TestRecallCallbackWithMissingFields(t *testing.T) {
	for _, field := range []string{"from", "to", "sendTime", "deleteTime", "selfMsg", "clientId", "fromClientType"} {
		events, err := parsed(t, edited(t, "recall", field, ""))
		require.NoError(t, err, field)
		assert.Equal(t, "11555996", events[0].Request.MessageID)
		assert.Equal(t, recall.MessageRecalled, events[0].Kind)
	}
}

// What is odd about a recall's copy must not cost the proof that the message is
// gone, and is never taken for something else.
func TestRecallCallbackWithOddFields(t *testing.T) {
	for _, row := range []struct{ field, value string }{
		{"from", `{}`},
		{"from", `"a\u0000"`},
		{"to", `[]`},
		{"sendTime", `"yesterday"`},
		{"sendTime", `1487308046`},
		{"deleteTime", `-1487308054709`},
		{"deleteTime", `"01487308054709"`},
		{"deleteTime", `1487308054709000`},
	} {
		events, err := parsed(t, edited(t, "recall", row.field, row.value))
		require.NoError(t, err, row)
		event := events[0]
		assert.Equal(t, "11555996", event.Request.MessageID, row)
		assert.Equal(t, recall.MessageRecalled, event.Kind, row)
		assert.Empty(t, map[string]any{
			"from": event.Request.From, "to": event.Request.To,
			"sendTime": event.Request.SentAt, "deleteTime": event.At,
		}[row.field], row)
	}
}

// Two rooms, senders or times never make one event of two messages.
func TestRoomEventIDs(t *testing.T) {
	seen := map[string]string{}
	for _, body := range []string{
		edited(t, "room", "roomId", `1`),
		edited(t, "room", "roomId", `2`),
		edited(t, "room", "fromAccount", `"a/1456123424339"`),
		edited(t, "room", "fromAccount", `"a"`),
		edited(t, "room", "msgTimestamp", `"1456123424340"`),
		edited(t, "room", "msgidClient", `"x"`),
		edited(t, "room", "msgidClient", `"x/y"`),
		edited(t, "room", "msgidClient", `"x%2Fy"`),
	} {
		events, err := parsed(t, body)
		require.NoError(t, err)
		assert.Empty(t, seen[events[0].ID], body)
		seen[events[0].ID] = body
	}
}
