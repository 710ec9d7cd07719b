package easemob

import (
	"context"

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
	return validEach(len(p.Msgs), func(i int) (string, *recall.Error) {
		return p.Msgs[i].MsgID, p.Msgs[i].validate()
	})
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
	return unnamed(c.recallEach(ctx, opLegacy, apiLegacy, p, p.wanted()))
}

const (
	opLegacy  = "recall_legacy"
	apiLegacy = "messages/recall"
)

func (p LegacyParams) wanted() []wanted {
	msgs := make([]wanted, len(p.Msgs))
	for i, msg := range p.Msgs {
		msgs[i] = wanted{msg.MsgID, msg.Force}
	}
	return msgs
}
