package netease

import (
	"context"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// ChatroomParams are the parameters of a recall in a chat room, in the
// vendor's terms. The English page describes MsgTimeTag and FromAcc as those of
// the recall; the vendor's SDKs, as those of the message.
type ChatroomParams struct {
	// RoomID is the chat room's id, a positive number. Required.
	RoomID string

	// MsgTimeTag is when the message was sent, by the server's clock, in
	// milliseconds since 1970. Required.
	MsgTimeTag int64

	// MsgID is the message's client id, such as c9e6c306573778829419, and not
	// a number. Required.
	MsgID string

	// FromAcc is the accid of the message's sender. Required.
	FromAcc string

	// OperatorAcc is the accid of the user who recalls. Required.
	OperatorAcc string

	// NotifyExt is an extension that travels with the recall, at most 1,024
	// characters.
	NotifyExt string
}

func (p ChatroomParams) validate() *recall.Error {
	return rest.First(
		positiveID("RoomID", p.RoomID),
		requiredTime("MsgTimeTag", p.MsgTimeTag),
		rest.Required("MsgID", p.MsgID),
		rest.Required("FromAcc", p.FromAcc),
		rest.Required("OperatorAcc", p.OperatorAcc),
		rest.AtMost("NotifyExt", p.NotifyExt, 1024),
	)
}

func (p ChatroomParams) form() []byte {
	return fields(
		"roomid", p.RoomID, "msgTimetag", digits(p.MsgTimeTag), "msgId", p.MsgID, "fromAcc", p.FromAcc,
		"operatorAcc", p.OperatorAcc, "notifyExt", p.NotifyExt,
	)
}

// RecallChatroom recalls a message in a chat room, also from its history. The
// clients need SDK 8.7.0. No window is documented.
//
// A success is [recall.Accepted]: what the vendor answers for a message that
// does not exist is not documented for this call.
//
// POST chatroom/recall.action, 100 calls a second for each application:
// https://doc.yunxin.163.com/messaging/docs/jM2MTE5NzE?platform=server
func (c *Client) RecallChatroom(ctx context.Context, p ChatroomParams) (recall.Receipt, error) {
	if err := p.validate(); err != nil {
		return recall.Receipt{}, c.refused(opChatroom, err)
	}
	return p.send(ctx, c)
}

// send sends what has been checked.
func (p ChatroomParams) send(ctx context.Context, c *Client) (recall.Receipt, error) {
	return c.post(ctx, rest.Call{Op: opChatroom, MessageID: p.MsgID, Messages: 1}, pathChatroom, p.form())
}

const (
	opChatroom   = "recall_chatroom"
	pathChatroom = "/chatroom/recall.action"
)
