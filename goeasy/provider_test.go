package goeasy

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// request returns a request that the provider needs nothing more for.
func request() recall.Request {
	return recall.Request{Chat: recall.ChatDirect, From: "user001", To: "user002", SentAt: time.UnixMilli(1581111111111)}
}

// mapping is the table of RecallMessage: each row sets a field, and gives the
// body beside the key.
var mapping = []struct {
	field string
	set   func(*recall.Request)
	wire  string
}{
	{"", func(*recall.Request) {}, `"userAId":"user001","userBId":"user002","messages":[1581111111111]`},
	{
		"Chat", func(r *recall.Request) { r.Chat, r.To = recall.ChatGroup, "group001" },
		`"groupId":"group001","messages":[1581111111111]`,
	},
	{
		"Chat", func(r *recall.Request) { r.Chat, r.From, r.To = recall.ChatGroup, "not sent\xff", "group001" },
		`"groupId":"group001","messages":[1581111111111]`,
	},
	{"From", func(r *recall.Request) { r.From = "用户" }, `"userAId":"用户","userBId":"user002","messages":[1581111111111]`},
	{"To", func(r *recall.Request) { r.To = "a/b" }, `"userAId":"user001","userBId":"a/b","messages":[1581111111111]`},
	{"SentAt", func(r *recall.Request) { r.SentAt = time.UnixMilli(1).UTC() }, `"userAId":"user001","userBId":"user002","messages":[1]`},
	{
		"Operator", func(r *recall.Request) { r.Operator = "admin" },
		`"recaller":{"id":"admin"},"userAId":"user001","userBId":"user002","messages":[1581111111111]`,
	},
	{
		"Extension", func(r *recall.Request) { r.Extension = `{"a": "<撤>"}` },
		`"recaller":{"data":"{\"a\": \"<撤>\"}"},"userAId":"user001","userBId":"user002","messages":[1581111111111]`,
	},
	{
		"Operator", func(r *recall.Request) { r.Operator, r.Extension = "admin", "x" },
		`"recaller":{"id":"admin","data":"x"},"userAId":"user001","userBId":"user002","messages":[1581111111111]`,
	},
	// Not sent:
	{"", func(r *recall.Request) { r.MessageID = "f2685e80\xff" }, `"userAId":"user001","userBId":"user002","messages":[1581111111111]`},
	{"", func(r *recall.Request) { r.Reason = "spam\xff" }, `"userAId":"user001","userBId":"user002","messages":[1581111111111]`},
	{"", func(r *recall.Request) { r.Force = true }, `"userAId":"user001","userBId":"user002","messages":[1581111111111]`},
	{"", func(r *recall.Request) { r.Ref = "ticket\xff" }, `"userAId":"user001","userBId":"user002","messages":[1581111111111]`},
}

func TestMapping(t *testing.T) {
	for _, row := range mapping {
		s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200,"content":"OK"}`))
		c := newClient(t, Config{Host: s.URL})
		req := request()
		row.set(&req)
		require.NoError(t, c.ValidateRequest(req), row.wire)
		assert.Empty(t, s.Requests(), "ValidateRequest sent something")
		receipt, err := c.RecallMessage(t.Context(), req)
		require.NoError(t, err, row.wire)
		require.Len(t, s.Requests(), 1)
		got := s.Requests()[0]
		assert.Equal(t, "/v2/im/history/recall", got.URI)
		assert.Equal(t, fieldsOf(t, `{"appkey":"`+testAppKey+`",`+row.wire+`}`), fieldsOf(t, got.Body))
		assert.Equal(t, recall.Receipt{
			Vendor: "goeasy", App: appName(testAppKey), MessageID: req.MessageID, Outcome: recall.Accepted, Code: "200",
			Attempts: 1, At: receipt.At,
		}, receipt)
		assert.False(t, receipt.Outcome.Proven())
	}
}

func TestRequestRefused(t *testing.T) {
	const notUTF8 = "a\xffb"
	group := func(r *recall.Request) { r.Chat, r.From, r.To = recall.ChatGroup, "", "group001" }
	for _, row := range []struct {
		name  string
		spoil func(*recall.Request)
		kind  recall.Kind
		field string
		text  string
	}{
		{"no chat", func(r *recall.Request) { r.Chat = "" }, recall.ErrInvalidRequest, "Chat", "is required"},
		{"unknown chat", func(r *recall.Request) { r.Chat = "private" }, recall.ErrInvalidRequest, "Chat", "none of"},
		{"super-group", func(r *recall.Request) { r.Chat = recall.ChatSuperGroup }, recall.ErrUnsupported, "Chat", "super_group"},
		{"chat room", func(r *recall.Request) { r.Chat = recall.ChatRoom }, recall.ErrUnsupported, "Chat", "room"},
		{"no sender", func(r *recall.Request) { r.From = "" }, recall.ErrInvalidRequest, "From", "is required"},
		{"sender not UTF-8", func(r *recall.Request) { r.From = notUTF8 }, recall.ErrInvalidRequest, "From", "UTF-8"},
		{"no recipient", func(r *recall.Request) { r.To = "" }, recall.ErrInvalidRequest, "To", "is required"},
		{"recipient not UTF-8", func(r *recall.Request) { r.To = notUTF8 }, recall.ErrInvalidRequest, "To", "UTF-8"},
		{"no group", func(r *recall.Request) { group(r); r.To = "" }, recall.ErrInvalidRequest, "To", "is required"},
		{"group not UTF-8", func(r *recall.Request) { group(r); r.To = notUTF8 }, recall.ErrInvalidRequest, "To", "UTF-8"},
		{"no time", func(r *recall.Request) { r.SentAt = time.Time{} }, recall.ErrInvalidRequest, "SentAt", "is required"},
		{"time with microseconds", func(r *recall.Request) { r.SentAt = time.UnixMicro(1581111111111001) }, recall.ErrInvalidRequest, "SentAt", "whole milliseconds"},
		{"time with nanoseconds", func(r *recall.Request) { r.SentAt = r.SentAt.Add(1) }, recall.ErrInvalidRequest, "SentAt", "whole milliseconds"},
		{"time before 1970", func(r *recall.Request) { r.SentAt = time.UnixMilli(-1) }, recall.ErrInvalidRequest, "SentAt", "1970"},
		{"time zero of Unix", func(r *recall.Request) { r.SentAt = time.Unix(0, 0) }, recall.ErrInvalidRequest, "SentAt", "1970"},
		{"operator not UTF-8", func(r *recall.Request) { r.Operator = notUTF8 }, recall.ErrInvalidRequest, "Operator", "UTF-8"},
		{"extension not UTF-8", func(r *recall.Request) { r.Extension = notUTF8 }, recall.ErrInvalidRequest, "Extension", "UTF-8"},
		{"everything", func(r *recall.Request) { *r = recall.Request{} }, recall.ErrInvalidRequest, "Chat", "is required"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, transport := mocked(t, http.StatusOK, nil, `{"code":200,"content":"OK"}`)
			req := request()
			row.spoil(&req)
			receipt, err := c.RecallMessage(t.Context(), req)
			assert.Zero(t, receipt)
			e := failure(t, err)
			assert.Equal(t, recall.Error{
				Kind: row.kind, Vendor: "goeasy", App: appName(testAppKey), Op: "recall", Field: row.field, Err: e.Err,
			}, *e)
			assert.ErrorContains(t, e.Err, row.text)
			assert.Equal(t, err, c.ValidateRequest(req), "ValidateRequest and RecallMessage disagree")
			assert.Zero(t, transport.GetTotalCallCount(), "a refused request was sent")
		})
	}
}

// What the adapter lets through, the native call lets through too.
func TestAdapterIsAsStrictAsNative(t *testing.T) {
	for _, row := range mapping {
		req := request()
		row.set(&req)
		p, err := paramsOf(req)
		require.Nil(t, err)
		assert.Nil(t, p.validate())
	}
}

func TestCapabilities(t *testing.T) {
	got, err := json.Marshal(newClient(t, Config{}).Capabilities())
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"vendor": "goeasy",
		"batch": 20,
		"chats": ["direct", "group"],
		"needs": ["Chat", "To", "SentAt"],
		"needs_direct": ["From"],
		"sends": ["Operator", "Extension"],
		"force": false,
		"success": "accepted",
		"forced_success": "accepted"
	}`, string(got))
}

// What Capabilities lists is what the mapping does.
func TestCapabilitiesAreTrue(t *testing.T) {
	c := newClient(t, Config{})
	capabilities := c.Capabilities()
	listed, sent := map[string]bool{}, map[string]bool{"": true}
	for _, fields := range [][]string{{""}, capabilities.Needs, capabilities.NeedsDirect, capabilities.Sends} {
		for _, field := range fields {
			listed[field] = true
		}
	}
	for _, row := range mapping {
		sent[row.field] = true
	}
	assert.Equal(t, sent, listed)
	for _, field := range append(capabilities.Needs, capabilities.NeedsDirect...) {
		req := request()
		clearField := map[string]func(){
			"Chat": func() { req.Chat = "" }, "From": func() { req.From = "" },
			"To": func() { req.To = "" }, "SentAt": func() { req.SentAt = time.Time{} },
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
		{`{"code":401,"content":"Unauthorized"}`, recall.ErrUnauthorized},
		{`{"code":500,"content":"Internal Server Error"}`, recall.ErrUnavailable},
		{`<html>`, recall.ErrBadResponse},
	} {
		c, _ := mocked(t, http.StatusOK, nil, row.body)
		receipt, err := c.RecallMessage(t.Context(), request())
		assert.ErrorIs(t, err, row.kind)
		assert.Zero(t, receipt)
		assert.Equal(t, "recall", failure(t, err).Op)
	}
}
