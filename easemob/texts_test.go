package easemob

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/recall"
)

// awkward are texts that paths, queries, JSON or headers treat in special ways.
var awkward = []string{
	"", ".", "..", "a/b", "/", "../x", "a/../b", "a?b", "a#b", "a%b", "%2F", "%2e%2e", "a&b", "a=b", "a+b", "a|b", "a..b", "...",
	"a b", " ", "a\rb", "a\nb", "a\r\nX-Header: y", "\x00", "\t", "𠀀", "😀", "ü", "e\u0301", "\u2028", `a\b`, `"`, "'", "<&>", ";", "a,b",
	"{userId}", "*", "~", "@", ":", "a:b", "\xff", "\xed\xa0\x80", strings.Repeat("x", 500),
}

// TestTextsArriveExactly gives each awkward text to each parameter of each method that ends in a path, a query or
// a body: the server gets exactly that, or nothing.
func TestTextsArriveExactly(t *testing.T) {
	var last *captured
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		last = &captured{r, body}
		reply(w, 200, `{"requestStatusCode":"ok","data":{"result":"ok","recalled":"yes"},"msgs":[]}`)
	})
	now := time.UnixMilli(1659014868000)
	atPath := func(before, after string) func(string) bool {
		return func(text string) bool { return last.URL.Path == "/org/app/"+before+text+after }
	}
	atQuery := func(key string) func(string) bool {
		return func(text string) bool { return last.URL.Query().Get(key) == text }
	}
	atBody := func(key string) func(string) bool {
		return func(text string) bool { return strings.Contains(string(last.body), `"`+key+`":`+quoted(text)) }
	}
	roam := "rest/message/roaming/"
	for name, test := range map[string]struct {
		call    func(c *Client, text string) error
		arrived func(text string) bool
	}{
		"Recall MsgID": {func(c *Client, s string) error {
			_, err := c.Recall(t.Context(), RecallParams{MsgID: s, To: "t", ChatType: "chat"})
			return err
		}, atBody("msg_id")},
		"Recall To": {func(c *Client, s string) error {
			_, err := c.Recall(t.Context(), RecallParams{MsgID: "1", To: s, ChatType: "chat"})
			return err
		}, atBody("to")},
		"RecallBatch MsgID": {func(c *Client, s string) error {
			_, err := c.RecallBatch(t.Context(), BatchParams{Msgs: []RecallParams{{MsgID: s, To: "t", ChatType: "chat"}}})
			return err
		}, atBody("msg_id")},
		"RecallBatch To": {func(c *Client, s string) error {
			_, err := c.RecallBatch(t.Context(), BatchParams{Msgs: []RecallParams{{MsgID: "1", To: s, ChatType: "chat"}}})
			return err
		}, atBody("to")},
		"RecallBatch ExtensionInfo": {func(c *Client, s string) error {
			_, err := c.RecallBatch(t.Context(), BatchParams{Msgs: []RecallParams{recallOf("1")}, ExtensionInfo: s})
			return err
		}, func(s string) bool { return s == "" || atBody("recallMessageExtensionInfo")(s) }},
		"RecallLegacy MsgID": {func(c *Client, s string) error {
			_, err := c.RecallLegacy(t.Context(), LegacyParams{Msgs: []LegacyMessage{{MsgID: s, To: "t", ChatType: "chat"}}})
			return err
		}, atBody("msg_id")},
		"RecallLegacy To": {func(c *Client, s string) error {
			_, err := c.RecallLegacy(t.Context(), LegacyParams{Msgs: []LegacyMessage{{MsgID: "1", To: s, ChatType: "chat"}}})
			return err
		}, atBody("to")},
		"DeleteConversation Username": {func(c *Client, s string) error {
			_, err := c.DeleteConversation(t.Context(), ConversationParams{Username: s, Channel: "c", Type: "chat"})
			return err
		}, atPath("users/", "/user_channel")},
		"DeleteConversation Channel": {func(c *Client, s string) error {
			_, err := c.DeleteConversation(t.Context(), ConversationParams{Username: "u" + fmt.Sprint(time.Now().UnixNano()), Channel: s, Type: "chat"})
			return err
		}, atBody("channel")},
		"DeleteRoamingChat UserID": {func(c *Client, s string) error {
			_, err := c.DeleteRoamingChat(t.Context(), RoamingChatParams{UserID: s, PeerID: "p", MsgIDs: []string{"1"}})
			return err
		}, atPath(roam+"chat/user/", "")},
		"DeleteRoamingChat PeerID": {func(c *Client, s string) error {
			_, err := c.DeleteRoamingChat(t.Context(), RoamingChatParams{UserID: "u", PeerID: s, MsgIDs: []string{"1"}})
			return err
		}, atQuery("userId")},
		"DeleteRoamingChat MsgIDs": {func(c *Client, s string) error {
			_, err := c.DeleteRoamingChat(t.Context(), RoamingChatParams{UserID: "u", PeerID: "p", MsgIDs: []string{s}})
			return err
		}, atQuery("msgIdList")},
		"DeleteRoamingGroup UserID": {func(c *Client, s string) error {
			_, err := c.DeleteRoamingGroup(t.Context(), RoamingGroupParams{UserID: s, GroupID: "g", MsgIDs: []string{"1"}})
			return err
		}, atPath(roam+"group/user/", "")},
		"DeleteRoamingGroup GroupID": {func(c *Client, s string) error {
			_, err := c.DeleteRoamingGroup(t.Context(), RoamingGroupParams{UserID: "u", GroupID: s, MsgIDs: []string{"1"}})
			return err
		}, atQuery("groupId")},
		"DeleteRoamingGroup MsgIDs": {func(c *Client, s string) error {
			_, err := c.DeleteRoamingGroup(t.Context(), RoamingGroupParams{UserID: "u", GroupID: "g", MsgIDs: []string{"1", s}})
			return err
		}, func(s string) bool { return last.URL.Query().Get("msgIdList") == "1,"+s }},
		"DeleteRoamingAll": {func(c *Client, s string) error {
			_, err := c.DeleteRoamingAll(t.Context(), s)
			return err
		}, atPath(roam+"user/", "/delete/all")},
		"DeleteRoamingChatUntil UserID": {func(c *Client, s string) error {
			_, err := c.DeleteRoamingChatUntil(t.Context(), RoamingChatUntilParams{UserID: s, PeerID: "p", DelTime: now})
			return err
		}, atPath(roam+"chat/user/", "/time")},
		"DeleteRoamingChatUntil PeerID": {func(c *Client, s string) error {
			_, err := c.DeleteRoamingChatUntil(t.Context(), RoamingChatUntilParams{UserID: "u", PeerID: s, DelTime: now})
			return err
		}, atQuery("userId")},
		"DeleteRoamingGroupUntil UserID": {func(c *Client, s string) error {
			_, err := c.DeleteRoamingGroupUntil(t.Context(), RoamingGroupUntilParams{UserID: s, GroupID: "g", DelTime: now})
			return err
		}, atPath(roam+"group/user/", "/time")},
		"DeleteRoamingGroupUntil GroupID": {func(c *Client, s string) error {
			_, err := c.DeleteRoamingGroupUntil(t.Context(), RoamingGroupUntilParams{UserID: "u", GroupID: s, DelTime: now})
			return err
		}, atQuery("groupId")},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, func(cfg *Config) { cfg.Host = server })
			sent := 0
			for _, text := range awkward {
				last = nil
				err := test.call(c, text)
				if last == nil {
					e := failure(t, err)
					assert.Equal(t, recall.ErrInvalidRequest, e.Kind, "%q: %v", text, err)
					assert.NotEmpty(t, e.Field)
					continue
				}
				sent++
				assert.True(t, test.arrived(text), "%q arrived as something else", text)
			}
			assert.Greater(t, sent, 25, "ordinary texts are not refused")
		})
	}
}
