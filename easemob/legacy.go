package easemob

import (
	"context"
	"fmt"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// ChatTypeLegacyGroup is how the text of the legacy page writes
// ChatTypeGroupChat; its samples have "groupchat".
const ChatTypeLegacyGroup = "group_chat"

// LegacyParams are the parameters of a legacy recall, and its body on the wire.
type LegacyParams struct {
	// Msgs are the messages, each once. How many there may be is not
	// documented.
	Msgs []LegacyMessage `json:"msgs"`
}

// LegacyMessage is a message to recall.
type LegacyMessage struct {
	// MsgID is the message. Required.
	MsgID string `json:"msg_id"`

	// To is the recipient of the message: a user or a group. Required.
	To string `json:"to"`

	// ChatType is ChatTypeChat, ChatTypeGroupChat or ChatTypeLegacyGroup.
	// Required.
	ChatType string `json:"chat_type"`

	// From is the user who recalls, "admin" where it is empty. This field and
	// the next are known from the vendor's Java SDK only.
	From string `json:"from,omitempty"`

	// Force recalls a message whatever its age. It is sent where it is true.
	Force bool `json:"force,omitempty"`
}

func (m LegacyMessage) validate() *recall.Error {
	if err := rest.First(
		rest.Required("MsgID", m.MsgID), rest.Required("To", m.To), rest.Required("ChatType", m.ChatType),
		rest.UTF8("From", m.From),
	); err != nil {
		return err
	}
	switch m.ChatType {
	case ChatTypeChat, ChatTypeGroupChat, ChatTypeLegacyGroup:
		return nil
	}
	return recall.Invalid("ChatType", "is none of chat, groupchat and group_chat")
}

func (p LegacyParams) validate() *recall.Error {
	if len(p.Msgs) == 0 {
		return recall.Invalid("Msgs", "has to hold a message")
	}
	seen := make(map[string]bool, len(p.Msgs))
	for i, msg := range p.Msgs {
		err := msg.validate()
		if err == nil && seen[msg.MsgID] {
			err = recall.Invalid("MsgID", "is there twice")
		}
		if err != nil {
			err.Field = fmt.Sprintf("Msgs[%d].%s", i, err.Field)
			return err
		}
		seen[msg.MsgID] = true
	}
	return nil
}

// RecallLegacy recalls messages of one-to-one chats and groups by the API that
// [Client.Recall] and [Client.RecallBatch] have replaced. It is for private
// deployments that have nothing else.
//
// The vendor answers 200 even where messages could not be recalled. There is
// one result for each message, in the order of Msgs, with the outcomes and
// errors of [Client.RecallBatch].
//
// POST /{org}/{app}/messages/recall, 100 calls a second for each App Key. The
// page is retired (消息撤回, docs-im.easemob.com); its successor is
// https://doc.easemob.com/document/server-side/message_recall.html
func (c *Client) RecallLegacy(ctx context.Context, p LegacyParams) ([]MessageResult, error) {
	err := c.dialect.lacks(opLegacy)
	if err == nil {
		err = p.validate()
	}
	if err != nil {
		return nil, c.rest.Refused(opLegacy, err)
	}
	results, failed := c.doEach(ctx, rest.Call{
		Op:       opLegacy,
		Messages: len(p.Msgs),
		Quotas:   []recall.Quota{c.quota(apiLegacy)},
		Build: func(context.Context) (*rest.Request, error) {
			return c.postJSON("/"+apiLegacy, p)
		},
	}, p.decode)
	return resultsOf(results, func(i int) string { return p.Msgs[i].MsgID }), failed
}

const (
	opLegacy  = "recall_legacy"
	apiLegacy = "messages/recall"
)

func (p LegacyParams) decode(a rest.Answer) ([]rest.Fate, error) {
	items, err := itemsOf(a)
	if err != nil {
		return nil, err
	}
	fates := make([]rest.Fate, len(p.Msgs))
	for i, msg := range p.Msgs {
		fates[i] = items.fate(a, msg.MsgID, msg.Force, len(p.Msgs) == 1)
	}
	return fates, nil
}
