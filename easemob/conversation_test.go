package easemob

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
)

func TestDeleteConversationSendsTheVendorsSample(t *testing.T) {
	m := readGolden(t, "conversation.answer.http")
	url, arrived := capture(t, m.Status, string(m.Body))
	c := newClient(t, func(cfg *Config) { cfg.Host, cfg.Org, cfg.App, cfg.Token = url, "XXXX", "XXXX", "<YourAppToken>" })
	receipt, err := c.DeleteConversation(t.Context(), ConversationParams{Username: "u1", Channel: "u2", Type: ChatTypeChat, DeleteRoam: true})
	require.NoError(t, err)
	assertGolden(t, readGolden(t, "conversation.request.http"), <-arrived)
	receipt.At = time.Time{}
	assert.Equal(t, recall.Receipt{Vendor: "easemob", App: "org#app", Code: "ok", Attempts: 1}, withApp(receipt, "XXXX#XXXX"))
}

// withApp replaces the application of a receipt, which has to be app.
func withApp(receipt recall.Receipt, app string) recall.Receipt {
	if receipt.App == app {
		receipt.App = "org#app"
	}
	return receipt
}

// TestDeleteConversationAlwaysSendsAllFields: none of them may be left out.
func TestDeleteConversationAlwaysSendsAllFields(t *testing.T) {
	url, arrived := capture(t, 200, conversationOK)
	c := newClient(t, func(cfg *Config) { cfg.Host = url })
	_, err := c.DeleteConversation(t.Context(), ConversationParams{Username: "u1", Channel: "g", Type: ChatTypeGroupChat})
	require.NoError(t, err)
	assert.JSONEq(t, `{"channel":"g","type":"groupchat","delete_roam":false}`, string((<-arrived).body))
}

func TestDeleteConversation(t *testing.T) {
	for _, roam := range []bool{false, true} {
		c, server, _ := emulated(t, nil)
		server.Add(easemobtest.Message{ID: "1", From: "user2", To: "user1", Chat: "chat"})
		server.Add(easemobtest.Message{ID: "2", From: "user3", To: "user1", Chat: "chat"})
		_, err := c.DeleteConversation(t.Context(), ConversationParams{Username: "user1", Channel: "user2", Type: ChatTypeChat, DeleteRoam: roam})
		require.NoError(t, err)
		assert.True(t, server.ConversationDeleted("user1", "user2"))
		assert.False(t, server.ConversationDeleted("user2", "user1"), "one way")
		assert.Equal(t, roam, server.DeletedFor("user1", "1"))
		assert.False(t, server.DeletedFor("user2", "1"))
		assert.False(t, server.DeletedFor("user1", "2"))
	}
}

func TestDeleteConversationRefusesParams(t *testing.T) {
	good := ConversationParams{Username: "user1", Channel: "user2", Type: ChatTypeChat}
	for name, test := range map[string]struct {
		field  string
		change func(*ConversationParams)
	}{
		"no user":         {"Username", func(p *ConversationParams) { p.Username = "" }},
		"no conversation": {"Channel", func(p *ConversationParams) { p.Channel = "" }},
		"no type":         {"Type", func(p *ConversationParams) { p.Type = "" }},
		"chat room":       {"Type", func(p *ConversationParams) { p.Type = ChatTypeChatRoom }},
		"legacy group":    {"Type", func(p *ConversationParams) { p.Type = ChatTypeLegacyGroup }},
		"not UTF-8":       {"Channel", func(p *ConversationParams) { p.Channel = "\xff" }},
		"user not UTF-8":  {"Username", func(p *ConversationParams) { p.Username = "\xff" }},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, requests := emulated(t, nil)
			p := good
			test.change(&p)
			_, err := c.DeleteConversation(t.Context(), p)
			e := failure(t, err)
			assert.Equal(t, []any{recall.ErrInvalidRequest, test.field, "delete_conversation"}, []any{e.Kind, e.Field, e.Op})
			assert.Zero(t, requests())
		})
	}
}

// TestDeleteConversationReads: nothing but the documented word is a success.
func TestDeleteConversationReads(t *testing.T) {
	for _, body := range []string{
		`{"data":{"result":"no"}}`, `{"data":{}}`, `{"data":null}`, `{"data":[]}`, `{"data":"ok"}`, `{"result":"ok"}`,
		`{"data":{"result":true}}`, `{"data":{"result":"ok"}}{}`, `{"data":{"result":"ok"},"error":"x"}`, roamingOK,
	} {
		_, err := clientFor(t, 200, body).DeleteConversation(t.Context(), ConversationParams{Username: "u", Channel: "c", Type: ChatTypeChat})
		e := failure(t, err)
		assert.Equal(t, recall.ErrBadResponse, e.Kind, body)
		assert.True(t, e.MayHaveApplied)
	}
}

// TestFiveConversationsAMinute: the sixth deletion for one user waits, those of others don't.
func TestFiveConversationsAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, func(cfg *Config) { cfg.Policy.Transport = answering(200, conversationOK) })
		start := time.Now()
		deleteAt := func(user string) time.Duration {
			_, err := c.DeleteConversation(t.Context(), ConversationParams{Username: user, Channel: "c", Type: ChatTypeChat})
			require.NoError(t, err)
			return time.Since(start)
		}
		for i := range 5 {
			assert.Zero(t, deleteAt([]string{"user1", "USER1"}[i%2]))
			assert.Zero(t, deleteAt(fmt.Sprint("other", i)))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.DeleteConversation(ctx, ConversationParams{Username: "user1", Channel: "c", Type: ChatTypeChat})
		e := failure(t, err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, recall.ErrRateLimited, e.Kind)
		assert.False(t, e.MayHaveApplied)
		assert.Equal(t, time.Duration(0), time.Since(start), "no use in waiting")
		assert.GreaterOrEqual(t, deleteAt("user1"), time.Minute)
	})
}
