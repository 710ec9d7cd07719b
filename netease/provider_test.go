package netease

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// request returns a request that the provider needs nothing more for.
func request() recall.Request {
	return recall.Request{MessageID: "10386192", Chat: recall.ChatDirect, From: "t1", To: "t4"}
}

// requestForm is how the vendor gets it.
func requestForm() url.Values {
	return url.Values{"deleteMsgid": {"10386192"}, "type": {"7"}, "from": {"t1"}, "to": {"t4"}}
}

// mapping is the table of RecallMessage: each row sets a field, and names
// what of the form changes.
var mapping = []struct {
	field string
	set   func(*recall.Request)
	wire  map[string]string
}{
	{"MessageID", func(r *recall.Request) { r.MessageID = "4291065454174142469" }, map[string]string{"deleteMsgid": "4291065454174142469"}},
	{"Chat", func(r *recall.Request) { r.Chat = recall.ChatGroup }, map[string]string{"type": "8"}},
	{"From", func(r *recall.Request) { r.From = "用户" }, map[string]string{"from": "用户"}},
	{"To", func(r *recall.Request) { r.To = "13827" }, map[string]string{"to": "13827"}},
	{"SentAt", func(r *recall.Request) { r.SentAt = time.UnixMilli(1481528155741) }, map[string]string{"timetag": "1481528155741"}},
	{"SentAt", func(r *recall.Request) { r.SentAt = time.UnixMilli(1481528155741).UTC().In(time.FixedZone("x", 3600)) }, map[string]string{"timetag": "1481528155741"}},
	{"Reason", func(r *recall.Request) { r.Reason = "这是一条撤回消息" }, map[string]string{"msg": "这是一条撤回消息"}},
	{"Force", func(r *recall.Request) { r.Force = true }, map[string]string{"ignoreTime": "1"}},
	{"Extension", func(r *recall.Request) { r.Extension = `{"a":1}` }, map[string]string{"attach": `{"a":1}`}},
	{"Operator", func(r *recall.Request) { r.Operator = "admin\xff" }, nil}, // not sent
	{"Ref", func(r *recall.Request) { r.Ref = "ticket\xff" }, nil},          // not sent
	{"", func(*recall.Request) {}, nil},
}

func TestMapping(t *testing.T) {
	for _, row := range mapping {
		s := newServer(t, answering(http.StatusOK, `{"code":200}`))
		c := newClient(t, Config{Host: s.URL})
		req, want := request(), requestForm()
		row.set(&req)
		for name, value := range row.wire {
			want.Set(name, value)
		}
		require.NoError(t, c.ValidateRequest(req), row.field)
		assert.Empty(t, s.requests(), "ValidateRequest sent something")
		receipt, err := c.RecallMessage(t.Context(), req)
		require.NoError(t, err, row.field)
		require.Len(t, s.requests(), 1)
		got := s.requests()[0]
		assert.Equal(t, "/msg/recall.action", got.URI)
		assert.Equal(t, want, formOf(t, got.Body), row.field)
		assert.Equal(t, recall.Receipt{
			Vendor: "netease", App: testAppKey, MessageID: req.MessageID, Outcome: recall.Accepted, Code: "200",
			Attempts: 1, TraceID: got.Header.Get("RequestId"), At: receipt.At,
		}, receipt, row.field)
		assert.False(t, receipt.Outcome.Proven())
	}
}

func TestRequestRefused(t *testing.T) {
	const notUTF8 = "a\xffb"
	chinese := func(n int) string { return strings.Repeat("撤", n) }
	for _, row := range []struct {
		name  string
		spoil func(*recall.Request)
		kind  recall.Kind
		field string
		text  string
	}{
		{"no id", func(r *recall.Request) { r.MessageID = "" }, recall.ErrInvalidRequest, "MessageID", "is required"},
		{"id of letters", func(r *recall.Request) { r.MessageID = "AX1ab" }, recall.ErrInvalidRequest, "MessageID", "positive number"},
		{"id not UTF-8", func(r *recall.Request) { r.MessageID = notUTF8 }, recall.ErrInvalidRequest, "MessageID", "positive number"},
		{"no chat", func(r *recall.Request) { r.Chat = "" }, recall.ErrInvalidRequest, "Chat", "is required"},
		{"unknown chat", func(r *recall.Request) { r.Chat = "team" }, recall.ErrInvalidRequest, "Chat", "none of"},
		{"super-team", func(r *recall.Request) { r.Chat = recall.ChatSuperGroup }, recall.ErrUnsupported, "Chat", "super_group"},
		{"chat room", func(r *recall.Request) { r.Chat = recall.ChatRoom }, recall.ErrUnsupported, "Chat", "room"},
		{"no sender", func(r *recall.Request) { r.From = "" }, recall.ErrInvalidRequest, "From", "is required"},
		{"no sender in a group", func(r *recall.Request) { r.Chat, r.From = recall.ChatGroup, "" }, recall.ErrInvalidRequest, "From", "is required"},
		{"sender not UTF-8", func(r *recall.Request) { r.From = notUTF8 }, recall.ErrInvalidRequest, "From", "UTF-8"},
		{"no recipient", func(r *recall.Request) { r.To = "" }, recall.ErrInvalidRequest, "To", "is required"},
		{"recipient not UTF-8", func(r *recall.Request) { r.To = notUTF8 }, recall.ErrInvalidRequest, "To", "UTF-8"},
		{"time with microseconds", func(r *recall.Request) { r.SentAt = time.UnixMicro(1481528155741001) }, recall.ErrInvalidRequest, "SentAt", "whole milliseconds"},
		{"time before 1970", func(r *recall.Request) { r.SentAt = time.UnixMilli(-1) }, recall.ErrInvalidRequest, "SentAt", "1970"},
		{"time zero of Unix", func(r *recall.Request) { r.SentAt = time.Unix(0, 0) }, recall.ErrInvalidRequest, "SentAt", "1970"},
		{"reason too long", func(r *recall.Request) { r.Reason = chinese(129) }, recall.ErrInvalidRequest, "Reason", "128"},
		{"reason not UTF-8", func(r *recall.Request) { r.Reason = notUTF8 }, recall.ErrInvalidRequest, "Reason", "UTF-8"},
		{"extension too long", func(r *recall.Request) { r.Extension = chinese(5001) }, recall.ErrInvalidRequest, "Extension", "5000"},
		{"extension not UTF-8", func(r *recall.Request) { r.Extension = notUTF8 }, recall.ErrInvalidRequest, "Extension", "UTF-8"},
		{"everything", func(r *recall.Request) { *r = recall.Request{} }, recall.ErrInvalidRequest, "Chat", "is required"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, transport := mocked(t, http.StatusOK, nil, `{"code":200}`)
			req := request()
			row.spoil(&req)
			receipt, err := c.RecallMessage(t.Context(), req)
			assert.Zero(t, receipt)
			e := failure(t, err)
			assert.Equal(t, recall.Error{
				Kind: row.kind, Vendor: "netease", App: testAppKey, Op: "recall", Field: row.field, Err: e.Err,
			}, *e)
			assert.ErrorContains(t, e.Err, row.text)
			assert.Equal(t, err, c.ValidateRequest(req), "ValidateRequest and RecallMessage disagree")
			assert.Zero(t, transport.GetTotalCallCount(), "a refused request was sent")
		})
	}
}

// A request at every limit passes.
func TestRequestAtLimits(t *testing.T) {
	c, transport := mocked(t, http.StatusOK, nil, `{"code":200}`)
	req := request()
	req.MessageID = "9223372036854775807"
	req.Reason, req.Extension = strings.Repeat("撤", 128), strings.Repeat("撤", 5000)
	req.SentAt = time.UnixMilli(1)
	require.NoError(t, c.ValidateRequest(req))
	_, err := c.RecallMessage(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, 1, transport.GetTotalCallCount())
}

func TestCapabilities(t *testing.T) {
	got, err := json.Marshal(newClient(t, Config{}).Capabilities())
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"vendor": "netease",
		"chats": ["direct", "group"],
		"needs": ["MessageID", "Chat", "From", "To"],
		"sends": ["SentAt", "Reason", "Force", "Extension"],
		"force": true,
		"success": "accepted",
		"forced_success": "accepted"
	}`, string(got))
}

// What Capabilities lists is what the mapping does.
func TestCapabilitiesAreTrue(t *testing.T) {
	c := newClient(t, Config{})
	listed := map[string]bool{}
	for _, field := range c.Capabilities().Needs {
		listed[field] = true
	}
	for _, field := range c.Capabilities().Sends {
		listed[field] = true
	}
	sent := map[string]bool{}
	for _, row := range mapping {
		if row.wire != nil {
			sent[row.field] = true
		}
	}
	assert.Equal(t, sent, listed)
	for _, field := range c.Capabilities().Needs {
		req := request()
		clearField := map[string]func(){
			"MessageID": func() { req.MessageID = "" }, "Chat": func() { req.Chat = "" },
			"From": func() { req.From = "" }, "To": func() { req.To = "" },
		}
		require.Contains(t, clearField, field)
		clearField[field]()
		assert.Equal(t, field, failure(t, c.ValidateRequest(req)).Field)
	}
}

// The provider's errors are the native call's.
func TestProviderErrors(t *testing.T) {
	for _, row := range []struct {
		body string
		kind recall.Kind
	}{
		{`{"desc": "not allow!", "code": 403}`, recall.ErrForbidden},
		{`{"code":508}`, recall.ErrWindowExpired},
		{`{"code":416}`, recall.ErrRateLimited},
		{`<html>`, recall.ErrBadResponse},
	} {
		c, _ := mocked(t, http.StatusOK, nil, row.body)
		receipt, err := c.RecallMessage(t.Context(), request())
		assert.ErrorIs(t, err, row.kind)
		assert.Zero(t, receipt)
		assert.Equal(t, "recall", failure(t, err).Op)
	}
}
