package netease

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
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

// Computed with other software: body, its MD5, and the CheckSum with the
// secret 0123456789ab and CurTime 1487308054709.
func TestCallbackVectors(t *testing.T) {
	for _, row := range []struct {
		body, md5, checkSum string
		events              []recall.Event
	}{
		{
			`{"eventType":"7","msgId":"11555996"}`, "f01fe8e5b6c168c98eba0c563df9c5b2", "ccfd181bdc7cfb4bdb372e9442ddbbacbcee0882",
			[]recall.Event{recalledEvent("7/11555996/", time.Time{}, recall.Request{MessageID: "11555996", Chat: recall.ChatDirect})},
		},
		{"{}", "99914b932bd37a50b983c5e7c90ae93b", "a5440e984fccaaf51d47b0262853bbc2fc5fe0b1", nil},
		{"", "d41d8cd98f00b204e9800998ecf8427e", "a2dd66fdde073258ef01e0d1d4d8a52554d05c74", nil},
	} {
		h := http.Header{}
		h.Set("AppKey", testAppKey)
		h.Set("CurTime", "1487308054709")
		h.Set("MD5", row.md5)
		h.Set("CheckSum", row.checkSum)
		assert.Equal(t, h, callbackHeader(callbackSecret, []byte(row.body)), row.body)
		events, err := newCallbacks(t, callbackSecret).ParseEvents(t.Context(), h, []byte(row.body))
		require.NoError(t, err, row.body)
		assert.Equal(t, row.events, events, row.body)
	}
}

// The console's probe needs no signature, and nothing else goes without.
func TestCallbackProbe(t *testing.T) {
	c := newCallbacks(t, callbackSecret)
	for _, body := range []string{"", "{}", " {}\r\n"} {
		events, err := c.ParseEvents(t.Context(), http.Header{}, []byte(body))
		require.NoError(t, err)
		assert.Empty(t, events)
	}
	for _, body := range []string{"null", "[]", "{ }", `{"eventType":"2"}`, "x"} {
		_, err := c.ParseEvents(t.Context(), http.Header{}, []byte(body))
		assert.ErrorIs(t, err, recall.ErrUnauthorized, body)
	}
}

// flipped returns s with one bit after the other turned over.
func flipped(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range len(s) * 8 {
			b := []byte(s)
			b[i/8] ^= 1 << (i % 8)
			if !yield(string(b)) {
				return
			}
		}
	}
}

func TestCallbackBitFlips(t *testing.T) {
	m := fixture(t, "callback.recall.request.http")
	m.Header.Set("AppKey", testAppKey)
	c := newCallbacks(t, callbackSecret)
	_, err := c.ParseEvents(t.Context(), m.Header, m.Body)
	require.NoError(t, err)

	for body := range flipped(string(m.Body)) {
		_, err := c.ParseEvents(t.Context(), m.Header, []byte(body))
		require.ErrorIs(t, err, recall.ErrUnauthorized)
	}
	for name, kind := range map[string]recall.Kind{
		"MD5": recall.ErrUnauthorized, "CheckSum": recall.ErrUnauthorized, "CurTime": recall.ErrUnauthorized,
		"AppKey": recall.ErrMisconfigured,
	} {
		for value := range flipped(m.Header.Get(name)) {
			h := m.Header.Clone()
			h.Set(name, value)
			_, err := c.ParseEvents(t.Context(), h, m.Body)
			require.ErrorIs(t, err, kind, "%s: %q", name, value)
		}
	}
	for secret := range flipped(callbackSecret) {
		if other, err := NewCallbacks(CallbackConfig{AppKey: testAppKey, Secrets: []string{secret}}); err == nil {
			_, err := other.ParseEvents(t.Context(), m.Header, m.Body)
			require.ErrorIs(t, err, recall.ErrUnauthorized, "%q", secret)
		}
	}
}

func TestCallbackHeadersMissing(t *testing.T) {
	body := []byte(`{"eventType":"7","msgId":"11555996"}`)
	c := newCallbacks(t, callbackSecret)
	for _, name := range []string{"MD5", "CheckSum", "CurTime"} {
		h := callbackHeader(callbackSecret, body)
		h.Del(name)
		_, err := c.ParseEvents(t.Context(), h, body)
		assert.ErrorIs(t, err, recall.ErrUnauthorized, name)
	}
	for _, name := range []string{"MD5", "CheckSum"} {
		h := callbackHeader(callbackSecret, body)
		h.Set(name, strings.ToUpper(h.Get(name)))
		_, err := c.ParseEvents(t.Context(), h, body)
		assert.ErrorIs(t, err, recall.ErrUnauthorized, name)
	}
	h := callbackHeader(callbackSecret, body)
	h.Del("AppKey")
	_, err := c.ParseEvents(t.Context(), h, body)
	assert.NoError(t, err, "the pages' examples have no AppKey, and the secret is the application's")
}

// Copies of other things are not ours, and are answered as received.
func TestCallbacksAboutOtherThings(t *testing.T) {
	for _, body := range []string{
		`{"eventType":"2"}`, `{"eventType":3}`, `{"eventType":"9","roomId":[1]}`, `{"eventType":"30","objects":"[]"}`,
		`{"eventType":"CREATE_ROOM"}`, `{"eventType":null}`, `{"type":"CALL"}`, `null`,
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
				``, `null`, `""`, `true`, `1.5`, `1e3`, `{}`, `["1"]`, `{"a":"` + secretText + `"}`, `"\ud800"`, "\"\xff\"",
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
		{"recall", "from", `{}`},
		{"recall", "to", `[]`},
		{"recall", "sendTime", `"yesterday"`},
		{"recall", "sendTime", `1487308046`},
		{"recall", "deleteTime", `-1487308054709`},
		{"recall", "deleteTime", `"01487308054709"`},
		{"recall", "deleteTime", `1487308054709000`},
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
		assertChainHidden(t, err, secretText)
	}
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

func TestCallbackSecretsRotate(t *testing.T) {
	body := []byte(`{"eventType":"7","msgId":"11555996"}`)
	c := newCallbacks(t, "old-secret", "new-secret")
	for secret, want := range map[string]error{"old-secret": nil, "new-secret": nil, "other-secret": recall.ErrUnauthorized} {
		_, err := c.ParseEvents(t.Context(), callbackHeader(secret, body), body)
		assert.ErrorIs(t, err, want, secret)
	}

	var secrets []string
	var failed error
	c, err := NewCallbacks(CallbackConfig{AppKey: testAppKey, SecretsFunc: func(context.Context) ([]string, error) {
		return secrets, failed
	}})
	require.NoError(t, err)
	for _, row := range []struct {
		secrets []string
		failed  error
		want    error
	}{
		{secrets: []string{testSecret}},
		{secrets: []string{"old-secret", testSecret}},
		{secrets: []string{"old-secret"}, want: recall.ErrUnauthorized},
		{want: recall.ErrUnavailable},
		{secrets: []string{testSecret, ""}, want: recall.ErrUnavailable},
		{secrets: []string{testSecret + "\n"}, want: recall.ErrUnavailable},
		{failed: errors.New("vault is sealed"), want: recall.ErrUnavailable},
		{failed: &recall.Error{Kind: recall.ErrUnauthorized, Vendor: "vault"}, want: recall.ErrUnavailable},
	} {
		secrets, failed = row.secrets, row.failed
		_, err := c.ParseEvents(t.Context(), callbackHeader(testSecret, body), body)
		assert.ErrorIs(t, err, row.want, row)
		assertHidden(t, err, testSecret, "old-secret")
	}
	failed = context.Canceled
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.ParseEvents(ctx, callbackHeader(testSecret, body), body)
	assert.ErrorIs(t, err, recall.ErrCanceled)
}

func TestCallbackConfig(t *testing.T) {
	get := func(context.Context) ([]string, error) { return nil, nil }
	for field, cfg := range map[string]CallbackConfig{
		"AppKey: is required":                        {Secrets: []string{testSecret}},
		"AppKey: has characters that no key has":     {AppKey: "a b", Secrets: []string{testSecret}},
		"Secrets: is required":                       {AppKey: testAppKey},
		"Secrets: holds an empty one":                {AppKey: testAppKey, Secrets: []string{testSecret, ""}},
		"Secrets: holds one that begins":             {AppKey: testAppKey, Secrets: []string{testSecret + "\n"}},
		"SecretsFunc: is given beside Secrets; give": {AppKey: testAppKey, Secrets: []string{testSecret}, SecretsFunc: get},
	} {
		c, err := NewCallbacks(cfg)
		assert.Nil(t, c)
		assert.ErrorIs(t, err, recall.ErrMisconfigured)
		assert.ErrorContains(t, err, field)
		assertChainHidden(t, err, testSecret)
	}
	cfg := CallbackConfig{AppKey: testAppKey, Secrets: []string{"old-secret"}}
	c, err := NewCallbacks(cfg)
	require.NoError(t, err)
	cfg.Secrets[0] = testSecret // later changes of the slice are not the callbacks' business
	body := []byte(`{"eventType":"7","msgId":"11555996"}`)
	_, err = c.ParseEvents(t.Context(), callbackHeader(testSecret, body), body)
	assert.ErrorIs(t, err, recall.ErrUnauthorized)
}

func TestCallbackSecretsAreHidden(t *testing.T) {
	cfg := CallbackConfig{AppKey: testAppKey, Secrets: []string{testSecret, "old-secret"}}
	c, err := NewCallbacks(cfg)
	require.NoError(t, err)
	type holder struct {
		Config    CallbackConfig
		Pointer   *CallbackConfig
		Callbacks *Callbacks
	}
	for _, v := range []any{cfg, &cfg, []CallbackConfig{cfg}, holder{cfg, &cfg, c}, &holder{cfg, &cfg, c}, c, []*Callbacks{c}, *c} {
		assertHidden(t, v, testSecret, "old-secret")
	}
	assert.Equal(t, "netease.CallbackConfig{AppKey: "+testAppKey+", Secrets: [secret]}", cfg.String())

	body := []byte(`{"eventType":"7","msgId":"11555996","selfMsg":"` + secretText + `"}`)
	h := callbackHeader(testSecret, body)
	_, err = c.ParseEvents(t.Context(), h, append(bytes.Clone(body), ' '))
	assertChainHidden(t, err, testSecret, "old-secret", secretText, h.Get("CheckSum"), h.Get("MD5"))
}

func TestCallbackRules(t *testing.T) {
	rules := newCallbacks(t, callbackSecret).CallbackRules()
	assert.Equal(t, 5*time.Second, rules.Deadline)
	assert.Equal(t, "ok", string(rules.Answer))
}
