package easemob

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// requestOf returns a request with every field filled in, as an application would.
func requestOf() recall.Request {
	return recall.Request{
		MessageID: theMessage, Chat: recall.ChatDirect, From: "user1", To: "user2",
		SentAt: time.UnixMilli(1657529588473), Operator: "operator", Reason: "a reason",
		Extension: "an extension", Ref: "a reference",
	}
}

// TestMapping is the table in the comment of RecallMessage, row by row.
func TestMapping(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*recall.Request)
		want   string
	}{
		"all": {
			func(*recall.Request) {},
			`{"msg_id":"1028442084794698104","chat_type":"chat","to":"user2","from":"operator","force":false,
			"recallMessageExtensionInfo":"an extension"}`,
		},
		"least": {
			func(r *recall.Request) { *r = recall.Request{MessageID: "1", Chat: recall.ChatDirect, To: "user2"} },
			`{"msg_id":"1","chat_type":"chat","to":"user2","force":false}`,
		},
		"group": {
			func(r *recall.Request) { *r = recall.Request{MessageID: "1", Chat: recall.ChatGroup, To: "g"} },
			`{"msg_id":"1","chat_type":"groupchat","to":"g","force":false}`,
		},
		"room": {
			func(r *recall.Request) { *r = recall.Request{MessageID: "1", Chat: recall.ChatRoom, To: "r"} },
			`{"msg_id":"1","chat_type":"chatroom","to":"r","force":false}`,
		},
		"no operator": {
			func(r *recall.Request) { r.Operator, r.Extension = "", "" },
			`{"msg_id":"1028442084794698104","chat_type":"chat","to":"user2","force":false}`,
		},
		"force, operator": {
			func(r *recall.Request) { r.Force, r.Extension = true, "" },
			`{"msg_id":"1028442084794698104","chat_type":"chat","to":"user2","from":"operator","force":true}`,
		},
		"force, no operator": {
			func(r *recall.Request) { r.Force, r.Operator, r.Extension = true, "", "" },
			`{"msg_id":"1028442084794698104","chat_type":"chat","to":"user2","from":"user1","force":true}`,
		},
		"force, nobody": {
			func(r *recall.Request) { r.Force, r.Operator, r.From, r.Extension = true, "", "", "" },
			`{"msg_id":"1028442084794698104","chat_type":"chat","to":"user2","force":true}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			req := requestOf()
			test.change(&req)
			before := req
			url, arrived := capture(t, 200, recalledJSON(req.MessageID))
			c := newClient(t, func(cfg *Config) { cfg.Host = url })
			require.NoError(t, c.ValidateRequest(req))
			receipt, err := c.RecallMessage(t.Context(), req)
			require.NoError(t, err)
			assert.JSONEq(t, test.want, string((<-arrived).body))
			assert.Equal(t, before, req)
			assert.Equal(t, req.MessageID, receipt.MessageID)
			want := recall.Recalled
			if req.Force {
				want = recall.Accepted
			}
			assert.Equal(t, want, receipt.Outcome)
			assert.Equal(t, !req.Force, receipt.Outcome.Proven())
		})
	}
}

func TestRequestIsRefused(t *testing.T) {
	const bad = "bad\xffUTF-8"
	for name, test := range map[string]struct {
		kind   recall.Kind
		field  string
		change func(*recall.Request)
	}{
		"no message":              {recall.ErrInvalidRequest, "MessageID", func(r *recall.Request) { r.MessageID = "" }},
		"no chat":                 {recall.ErrInvalidRequest, "Chat", func(r *recall.Request) { r.Chat = "" }},
		"no recipient":            {recall.ErrInvalidRequest, "To", func(r *recall.Request) { r.To = "" }},
		"unknown chat":            {recall.ErrInvalidRequest, "Chat", func(r *recall.Request) { r.Chat = "channel" }},
		"the vendor's chat":       {recall.ErrInvalidRequest, "Chat", func(r *recall.Request) { r.Chat = "groupchat" }},
		"super group":             {recall.ErrUnsupported, "Chat", func(r *recall.Request) { r.Chat = recall.ChatSuperGroup }},
		"message is not UTF-8":    {recall.ErrInvalidRequest, "MessageID", func(r *recall.Request) { r.MessageID = bad }},
		"chat is not UTF-8":       {recall.ErrInvalidRequest, "Chat", func(r *recall.Request) { r.Chat = bad }},
		"recipient is not UTF-8":  {recall.ErrInvalidRequest, "To", func(r *recall.Request) { r.To = bad }},
		"operator is not UTF-8":   {recall.ErrInvalidRequest, "Operator", func(r *recall.Request) { r.Operator = bad }},
		"extension is not UTF-8":  {recall.ErrInvalidRequest, "Extension", func(r *recall.Request) { r.Extension = bad }},
		"forced operator not":     {recall.ErrInvalidRequest, "Operator", func(r *recall.Request) { r.Operator, r.Force = bad, true }},
		"forced sender not UTF-8": {recall.ErrInvalidRequest, "From", func(r *recall.Request) { r.From, r.Operator, r.Force = bad, "", true }},
	} {
		t.Run(name, func(t *testing.T) {
			vendor := &vendorMock{}
			c := clientOf(t, vendor)
			req := requestOf()
			test.change(&req)
			receipt, err := c.RecallMessage(t.Context(), req)
			assert.Zero(t, receipt)
			e := failure(t, err)
			assert.Equal(t, test.kind, e.Kind)
			assert.Equal(t, test.field, e.Field)
			assert.Equal(t, "recall", e.Op)
			assert.Equal(t, "org#app", e.App)
			assert.Zero(t, e.Attempts)
			assert.False(t, e.MayHaveApplied)
			assert.Equal(t, e, failure(t, c.ValidateRequest(req)), "ValidateRequest agrees")
			assert.Zero(t, vendor.tokens()+vendor.recalls(), "nothing is sent")
		})
	}
}

// TestFieldsThatAreNotSent may hold anything.
func TestFieldsThatAreNotSent(t *testing.T) {
	c := clientFor(t, 200, recalledJSON(theMessage))
	req := requestOf()
	req.From, req.Reason, req.Ref, req.SentAt = "\xff", "\xff", "\xff", time.Unix(0, 1)
	require.NoError(t, c.ValidateRequest(req))
	_, err := c.RecallMessage(t.Context(), req)
	require.NoError(t, err)
}

func TestValidateRequestSendsNothing(t *testing.T) {
	vendor := &vendorMock{}
	require.NoError(t, clientOf(t, vendor).ValidateRequest(requestOf()))
	assert.Zero(t, vendor.tokens()+vendor.recalls())
}

// TestVendorNamesRequestFields: what the vendor says about the recipient is about Request.To.
func TestVendorNamesRequestFields(t *testing.T) {
	c := clientFor(t, 400, errorJSON("message_recall_error", "can't find msg to"))
	_, err := c.RecallMessage(t.Context(), requestOf())
	e := failure(t, err)
	assert.Equal(t, recall.ErrInvalidRequest, e.Kind)
	assert.Equal(t, "To", e.Field)
}

func TestCapabilities(t *testing.T) {
	c := clientFor(t, 200, "")
	data, err := json.Marshal(c.Capabilities())
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"vendor": "easemob",
		"chats": ["direct", "group", "room"],
		"needs": ["MessageID", "Chat", "To"],
		"batch": 30,
		"sends": ["From", "Operator", "Force", "Extension"],
		"force": true,
		"success": "recalled",
		"forced_success": "accepted"
	}`, string(data))
}

// TestCapabilitiesAreTrue holds what the client says of itself against what it does.
func TestCapabilitiesAreTrue(t *testing.T) {
	c := newClient(t, func(cfg *Config) {
		vendor := &vendorMock{recall: func(int, *http.Request) (int, string) { return 200, recalledJSON(theMessage) }}
		cfg.Policy.Transport = vendor.transport()
	})
	facts := c.Capabilities()
	for _, chat := range []recall.ChatType{recall.ChatDirect, recall.ChatGroup, recall.ChatSuperGroup, recall.ChatRoom} {
		req := recall.Request{MessageID: theMessage, Chat: chat, To: "user2"}
		if err := c.ValidateRequest(req); err != nil {
			assert.NotContains(t, facts.Chats, chat)
			continue
		}
		assert.Contains(t, facts.Chats, chat)
		for force, want := range map[bool]recall.Outcome{false: facts.Success, true: facts.ForcedSuccess} {
			req.Force = force
			receipt, err := c.RecallMessage(t.Context(), req)
			require.NoError(t, err)
			assert.Equal(t, want, receipt.Outcome)
		}
	}
	facts.Chats[0] = "changed"
	assert.Equal(t, recall.ChatDirect, c.Capabilities().Chats[0], "callers may keep what they get")
}
