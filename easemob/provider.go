package easemob

import (
	"context"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// RecallMessage recalls one message, as [recall.Provider] says. It maps the
// request onto [Client.Recall]:
//
//	Request     wire                         rule
//	MessageID   msg_id                       required
//	Chat        chat_type                    direct, group, room; there are no super groups
//	To          to                           required
//	From        from                         with Force and without Operator, so that the sender's devices follow
//	Operator    from                         the vendor shows "admin" where it is empty
//	Force       force                        always sent; success is then Accepted, not Recalled
//	Extension   recallMessageExtensionInfo
//	SentAt, Reason, Ref                      not sent
func (c *Client) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	p, err := paramsOf(req)
	if err != nil {
		return recall.Receipt{}, c.rest.Refused(opRecall, err)
	}
	return c.recall(ctx, p)
}

// ValidateRequest implements [recall.Validator].
func (c *Client) ValidateRequest(req recall.Request) error {
	if _, err := paramsOf(req); err != nil {
		return c.rest.Refused(opRecall, err)
	}
	return nil
}

// Capabilities implements [recall.Capable].
func (c *Client) Capabilities() recall.Capabilities {
	batch := 0
	if c.dialect.batches() {
		batch = MaxBatch
	}
	return recall.Capabilities{
		Vendor:         vendor,
		Chats:          []recall.ChatType{recall.ChatDirect, recall.ChatGroup, recall.ChatRoom},
		Needs:          []string{"MessageID", "Chat", "To"},
		Sends:          []string{"From", "Operator", "Force", "Extension"},
		Batch:          batch,
		CallsPerSecond: c.rest.Pace(c.quota(apiRecall)),
		Force:          true,
		Success:        recall.Recalled,
		ForcedSuccess:  recall.Accepted,
	}
}

// paramsOf maps a request onto the vendor's parameters, or says which field
// of the request can't be.
func paramsOf(req recall.Request) (RecallParams, *recall.Error) {
	chatType, err := chatTypeOf(req.Chat)
	if err != nil {
		return RecallParams{}, err
	}
	p := RecallParams{
		MsgID: req.MessageID, To: req.To, From: req.Operator, ChatType: chatType,
		Force: req.Force, ExtensionInfo: req.Extension,
	}
	sender := req.Force && req.Operator == ""
	if sender {
		p.From = req.From
	}
	if err := p.validate(); err != nil {
		err.Field = requestField(err.Field, sender)
		return RecallParams{}, err
	}
	return p, nil
}

// requestField names the field of a request that a parameter was taken from.
func requestField(param string, sender bool) string {
	switch {
	case param == "MsgID":
		return "MessageID"
	case param == "ExtensionInfo":
		return "Extension"
	case param == "From" && !sender:
		return "Operator"
	}
	return param
}

func chatTypeOf(chat recall.ChatType) (string, *recall.Error) {
	if err := rest.Chat(chat); err != nil {
		return "", err
	}
	switch chat {
	case recall.ChatDirect:
		return ChatTypeChat, nil
	case recall.ChatGroup:
		return ChatTypeGroupChat, nil
	case recall.ChatRoom:
		return ChatTypeChatRoom, nil
	default:
		return "", rest.Unsupported("is super_group, which Easemob does not have; its large groups are ordinary groups: use group")
	}
}
