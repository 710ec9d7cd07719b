package recall_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestRequestJSON(t *testing.T) {
	full := recall.Request{
		MessageID: "4291065454174142469", Chat: recall.ChatGroup, From: "user1", To: "群组",
		SentAt: time.Date(2026, 3, 4, 5, 6, 7, 891e6, time.UTC), Operator: "admin", Reason: "撤回",
		Force: true, Extension: `{"type":"chat"}`, Ref: "queue/42",
	}
	const want = `{"message_id":"4291065454174142469","chat":"group","from":"user1","to":"群组",` +
		`"sent_at":"2026-03-04T05:06:07.891Z","operator":"admin","reason":"撤回","force":true,` +
		`"extension":"{\"type\":\"chat\"}","ref":"queue/42"}`
	roundTrip(t, full, want)
	roundTrip(t, recall.Request{}, `{}`)
}

func TestRequestJSONKeepsTheInstant(t *testing.T) {
	sent := time.UnixMilli(1700000000123).In(time.FixedZone("CST", 8*3600))
	data, err := json.Marshal(recall.Request{SentAt: sent})
	require.NoError(t, err)
	assert.JSONEq(t, `{"sent_at":"2023-11-15T06:13:20.123+08:00"}`, string(data))
	var back recall.Request
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, int64(1700000000123), back.SentAt.UnixMilli())
}

func TestReceiptJSON(t *testing.T) {
	full := recall.Receipt{
		Vendor: "netease", App: "key", MessageID: "42", Outcome: recall.Accepted, Code: "200",
		Attempts: 2, TraceID: "t", At: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
	}
	roundTrip(t, full, `{"vendor":"netease","app":"key","message_id":"42","outcome":"accepted","code":"200",`+
		`"attempts":2,"trace_id":"t","at":"2026-03-04T05:06:07Z"}`)
}

func TestEventJSON(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 891e6, time.UTC)
	roundTrip(t, recall.Event{
		Kind: recall.MessageRecalled, Vendor: "easemob", App: "org#app", ID: "org#app_9", At: at,
		Request: recall.Request{MessageID: "8", Chat: recall.ChatRoom, From: "user1", To: "room1", SentAt: at}, RecalledBy: "admin",
	}, `{"kind":"message_recalled","vendor":"easemob","app":"org#app","id":"org#app_9","at":"2026-03-04T05:06:07.891Z",`+
		`"request":{"message_id":"8","chat":"room","from":"user1","to":"room1","sent_at":"2026-03-04T05:06:07.891Z"},"recalled_by":"admin"}`)
	roundTrip(t, recall.Event{Kind: recall.MessageSent, Vendor: "v", ID: "1"}, `{"kind":"message_sent","vendor":"v","id":"1","request":{}}`)
}

func roundTrip[T any](t *testing.T, value T, want string) {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	assert.Equal(t, want, string(data))
	var back T
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, value, back)
}

func fullError() *recall.Error {
	return &recall.Error{
		Kind: recall.ErrRateLimited, Vendor: "netease", App: "key", Op: "recall", Field: "To",
		Code: "416", Message: "太快了", Status: 200, TraceID: "t", Attempts: 3,
		RetryAfter: 10 * time.Second, MayHaveApplied: true, Err: context.DeadlineExceeded,
	}
}

func TestErrorJSON(t *testing.T) {
	data, err := json.Marshal(fullError())
	require.NoError(t, err)
	assert.Equal(t, `{"kind":"rate_limited","vendor":"netease","app":"key","op":"recall","field":"To",`+
		`"code":"416","message":"太快了","status":200,"trace_id":"t","attempts":3,"retry_after":"10s",`+
		`"may_have_applied":true,"cause":"context deadline exceeded"}`, string(data))

	var back recall.Error
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, fullError(), &back)
	assert.ErrorIs(t, &back, recall.ErrRateLimited)
	assert.ErrorIs(t, &back, context.DeadlineExceeded)
}

func TestErrorJSONKeepsTheTextOfAnyCause(t *testing.T) {
	data, err := json.Marshal(&recall.Error{Kind: recall.ErrUnavailable, Err: errors.New("dial tcp: refused")})
	require.NoError(t, err)
	assert.Equal(t, `{"kind":"unavailable","may_have_applied":false,"cause":"dial tcp: refused"}`, string(data))
	var back recall.Error
	require.NoError(t, json.Unmarshal(data, &back))
	assert.EqualError(t, back.Err, "dial tcp: refused")
}

func TestErrorJSONRefusesNonsense(t *testing.T) {
	kept := recall.Error{Kind: recall.ErrNotFound}
	for _, data := range []string{`{"retry_after":"soon"}`, `{"status":"x"}`, `[]`} {
		require.Error(t, json.Unmarshal([]byte(data), &kept), data)
		assert.Equal(t, recall.ErrNotFound, kept.Kind, "a failed read leaves the error as it was")
	}
}

func FuzzErrorJSON(f *testing.F) {
	data, err := json.Marshal(fullError())
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"kind":"","retry_after":"-1ns"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second recall.Error
		if json.Unmarshal(data, &first) != nil {
			return
		}
		again, err := json.Marshal(&first)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(again, &second))
		assert.Equal(t, first.Error(), second.Error())
		assert.NotContains(t, first.Error(), "\n")
	})
}
