package netease

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

const okV2 = `{"code":200,"msg":"success","data":{}}`

// The second table of RecallMessage.
func TestMappingV2(t *testing.T) {
	for _, row := range []struct {
		name  string
		set   func(*recall.Request)
		path  string
		query map[string]string // beside type=2
	}{
		{"direct", func(*recall.Request) {}, "/im/v2/conversations/t1%7C1%7Ct4/messages/10386192", nil},
		{"group", func(r *recall.Request) { r.Chat = recall.ChatGroup }, "/im/v2/conversations/t1%7C2%7Ct4/messages/10386192", nil},
		{"super_group", func(r *recall.Request) { r.Chat = recall.ChatSuperGroup }, "/im/v2/conversations/t1%7C3%7Ct4/messages/10386192", nil},
		{"MessageID", func(r *recall.Request) { r.MessageID = "4291065454174142469" }, "/im/v2/conversations/t1%7C1%7Ct4/messages/4291065454174142469", nil},
		{"From", func(r *recall.Request) { r.From = "a/b?c#d" }, "/im/v2/conversations/a%2Fb%3Fc%23d%7C1%7Ct4/messages/10386192", nil},
		{"To", func(r *recall.Request) { r.To = ".." }, "/im/v2/conversations/t1%7C1%7C../messages/10386192", nil},
		{"SentAt", func(r *recall.Request) { r.SentAt = time.UnixMilli(1481528155741) }, "", map[string]string{"message_time": "1481528155741"}},
		{"Reason", func(r *recall.Request) { r.Reason = "撤 & 回" }, "", map[string]string{"description": "撤 & 回"}},
		{"Force", func(r *recall.Request) { r.Force = true }, "", map[string]string{"ignore_revoke_time": "1", "ingore_revoke_time": "1"}},
		{"Extension", func(r *recall.Request) { r.Extension = `{"a":1}` }, "", map[string]string{"attach": `{"a":1}`}},
		{"Operator", func(r *recall.Request) { r.Operator = "\xff" }, "", nil},
		{"Ref", func(r *recall.Request) { r.Ref = "\xff" }, "", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newServer(t, vendortest.Answering(http.StatusOK, okV2))
			c := newClientV2(t, Config{HostV2: s.URL})
			req := request()
			row.set(&req)
			receipt, err := c.RecallMessage(t.Context(), req)
			require.NoError(t, err)
			require.Len(t, s.Requests(), 1)
			got := s.Requests()[0]
			assert.Equal(t, http.MethodDelete, got.Method)
			assert.Empty(t, got.Body)
			u, err := url.ParseRequestURI(got.URI)
			require.NoError(t, err)
			if row.path != "" {
				assert.Equal(t, row.path, u.EscapedPath())
			}
			want := url.Values{"type": {"2"}}
			for name, value := range row.query {
				want.Set(name, value)
			}
			assert.Equal(t, want, u.Query())
			assert.Equal(t, recall.Receipt{
				Vendor: "netease", App: testAppKey, MessageID: req.MessageID, Outcome: recall.Recalled, Code: "200",
				Attempts: 1, TraceID: got.Header.Get("X-custom-traceid"), At: receipt.At,
			}, receipt)
		})
	}
}

// FormerMembers reaches teams and super-teams; a chat of two has no members.
func TestFormerMembers(t *testing.T) {
	for chat, want := range map[recall.ChatType][]string{
		recall.ChatDirect: nil, recall.ChatGroup: {"false"}, recall.ChatSuperGroup: {"false"},
	} {
		s := newServer(t, vendortest.Answering(http.StatusOK, okV2))
		req := request()
		req.Chat = chat
		_, err := newClientV2(t, Config{HostV2: s.URL, FormerMembers: true}).RecallMessage(t.Context(), req)
		require.NoError(t, err)
		u, err := url.ParseRequestURI(s.Requests()[0].URI)
		require.NoError(t, err)
		assert.Equal(t, want, u.Query()["check_team_member_valid"], chat)
	}
}

func TestRequestRefusedV2(t *testing.T) {
	for _, row := range []struct {
		name  string
		spoil func(*recall.Request)
		kind  recall.Kind
		field string
		text  string
	}{
		{"room", func(r *recall.Request) { *r = roomRequest() }, recall.ErrUnsupported, "Chat", "RecallChatroom"},
		{"no chat", func(r *recall.Request) { r.Chat = "" }, recall.ErrInvalidRequest, "Chat", "is required"},
		{"no id", func(r *recall.Request) { r.MessageID = "" }, recall.ErrInvalidRequest, "MessageID", "is required"},
		{"client id", func(r *recall.Request) { r.MessageID = "c9e6c306" }, recall.ErrInvalidRequest, "MessageID", "positive number"},
		{"no sender", func(r *recall.Request) { r.From = "" }, recall.ErrInvalidRequest, "From", "is required"},
		{"sender with a bar", func(r *recall.Request) { r.From = "a|b" }, recall.ErrInvalidRequest, "From", "|"},
		{"no recipient", func(r *recall.Request) { r.To = "" }, recall.ErrInvalidRequest, "To", "is required"},
		{"recipient with a bar", func(r *recall.Request) { r.To = "|" }, recall.ErrInvalidRequest, "To", "|"},
		{"time with microseconds", func(r *recall.Request) { r.SentAt = time.UnixMicro(1481528155741001) }, recall.ErrInvalidRequest, "SentAt", "whole"},
		{"reason not UTF-8", func(r *recall.Request) { r.Reason = "\xff" }, recall.ErrInvalidRequest, "Reason", "UTF-8"},
		{"extension not UTF-8", func(r *recall.Request) { r.Extension = "\xff" }, recall.ErrInvalidRequest, "Extension", "UTF-8"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newServer(t, vendortest.Answering(http.StatusOK, okV2))
			c := newClientV2(t, Config{HostV2: s.URL})
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
			assert.Empty(t, s.Requests(), "a refused request was sent")
		})
	}
}

func TestCapabilitiesV2(t *testing.T) {
	got, err := json.Marshal(newClientV2(t, Config{}).Capabilities())
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"vendor": "netease",
		"chats": ["direct", "group", "super_group"],
		"needs": ["MessageID", "Chat", "From", "To"],
		"sends": ["SentAt", "Reason", "Force", "Extension"],
		"force": true,
		"success": "recalled",
		"forced_success": "recalled"
	}`, string(got))
}

// Which outcomes and errors the answers of v2 come to, plain and with Force.
func TestProviderV2Answers(t *testing.T) {
	errs := map[string]recall.Kind{
		`{"code":107404,"msg":"message not exist"}`: recall.ErrNotFound,
		`{"code":108404,"msg":"team not exist"}`:    recall.ErrInvalidRequest,
		`{"code":107314}`:                           recall.ErrWindowExpired,
		`{"code":109404}`:                           recall.ErrForbidden,
	}
	for _, force := range []bool{false, true} {
		req := request()
		req.Force = force
		for body, kind := range maps.All(errs) {
			s := newServer(t, vendortest.Answering(http.StatusOK, body))
			receipt, err := newClientV2(t, Config{HostV2: s.URL}).RecallMessage(t.Context(), req)
			assert.Zero(t, receipt)
			assert.ErrorIs(t, err, kind)
		}
		s := newServer(t, vendortest.Answering(http.StatusOK, okV2))
		c := newClientV2(t, Config{HostV2: s.URL})
		receipt, err := c.RecallMessage(t.Context(), req)
		require.NoError(t, err)
		want := c.Capabilities().Success
		if force {
			want = c.Capabilities().ForcedSuccess
		}
		assert.Equal(t, want, receipt.Outcome)
		assert.True(t, receipt.Outcome.Proven())
	}
}
