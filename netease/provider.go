package netease

import (
	"context"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// RecallMessage recalls one message, as [recall.Provider] says. What it sends
// depends on Config.API and the kind of chat. With APIv1 it maps the request
// onto [Client.Recall] (direct, group), [Client.RecallSuperTeam] and
// [Client.RecallChatroom]:
//
//	Request     direct, group, super_group   room          rule
//	MessageID   deleteMsgid                  msgId         required; a number, but in rooms the client's id
//	Chat        type 7, 8, none              -             required
//	From        from                         fromAcc       required; in super_group at most 32 characters
//	To          to                           roomid        required; for rooms a number
//	SentAt      timetag                      msgTimetag    required for super_group and rooms; in whole milliseconds
//	Operator    -                            operatorAcc   required for rooms
//	Reason      msg                          -             at most 128 characters in direct and group
//	Force       ignoreTime                   -             reaches back 30 days; rooms have no window
//	Extension   attach, not in super_group   notifyExt     at most 5,000 characters, in rooms 1,024
//
// With APIv2 it maps the request onto [Client.RecallV2] of RecallTypeTwoWay:
//
//	Request     direct, group, super_group                   rule
//	MessageID   message_server_id                            required, a number
//	Chat        conversation_id, between the bars: 1, 2, 3   required
//	From        conversation_id, before them                 required, without |
//	To          conversation_id, after them                  required, without |
//	SentAt      message_time                                 optional, in whole milliseconds
//	Reason      description
//	Force       ignore_revoke_time, ingore_revoke_time
//	Extension   attach
//
// A room is then [recall.ErrUnsupported]: v2's own call for rooms is not in
// this package, and v1's proves less than Capabilities promises for v2. Use
// [Client.RecallChatroom], or a client with APIv1.
//
// Where there is a dash, and with APIv2 for Operator, the field is not sent.
// Ref never is.
func (c *Client) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	op, err := c.mapped(req)
	if err != nil {
		return recall.Receipt{}, c.refused(opRecall, err)
	}
	return op.send(ctx, c)
}

// ValidateRequest implements [recall.Validator].
func (c *Client) ValidateRequest(req recall.Request) error {
	if _, err := c.mapped(req); err != nil {
		return c.refused(opRecall, err)
	}
	return nil
}

// Capabilities implements [recall.Capable].
func (c *Client) Capabilities() recall.Capabilities {
	out := recall.Capabilities{
		Vendor: vendor,
		Needs:  []string{"MessageID", "Chat", "From", "To"},
		Sends:  []string{"SentAt", "Reason", "Force", "Extension"},
		Force:  true,
	}
	if c.api == APIv2 {
		out.Chats = []recall.ChatType{recall.ChatDirect, recall.ChatGroup, recall.ChatSuperGroup}
		out.CallsPerSecond = c.v2.Pace(c.quota(pathV2))
		out.Success, out.ForcedSuccess = recall.Recalled, recall.Recalled
		return out
	}
	out.Chats = []recall.ChatType{recall.ChatDirect, recall.ChatGroup, recall.ChatSuperGroup, recall.ChatRoom}
	out.NeedsSuperGroup = []string{"SentAt"}
	out.NeedsRoom = []string{"SentAt", "Operator"}
	out.CallsPerSecond = c.v1.Pace(c.quota(pathRecall))
	out.Success, out.ForcedSuccess = recall.Accepted, recall.Accepted
	return out
}

// operation is one of the vendor's calls: its parameters.
type operation interface {
	validate() *recall.Error
	send(ctx context.Context, c *Client) (recall.Receipt, error)
}

// mapped returns the vendor's call that a request comes to, checked, or says
// which field of the request keeps it from being made.
func (c *Client) mapped(req recall.Request) (operation, *recall.Error) {
	if err := rest.Chat(req.Chat); err != nil {
		return nil, err
	}
	sentAt, err := millis(req)
	if err != nil {
		return nil, err
	}
	var op operation
	switch {
	case c.api == APIv2 && req.Chat == recall.ChatRoom:
		return nil, rest.Unsupported("is room, which v2's call for conversations does not reach: use RecallChatroom, or a client with APIv1")
	case c.api == APIv2:
		op = c.mapV2(req, sentAt)
	case req.Chat == recall.ChatSuperGroup:
		op = mapSuperTeam(req, sentAt)
	case req.Chat == recall.ChatRoom:
		op = mapChatroom(req, sentAt)
	default:
		op = mapRecall(req, sentAt)
	}
	if err := op.validate(); err != nil {
		err.Field = requestField(err.Field)
		return nil, err
	}
	return op, nil
}

func mapRecall(req recall.Request, sentAt int64) RecallParams {
	p := RecallParams{
		DeleteMsgID: req.MessageID, TimeTag: sentAt, Type: TypeP2P, From: req.From, To: req.To,
		Msg: req.Reason, IgnoreTime: req.Force, Attach: req.Extension,
	}
	if req.Chat == recall.ChatGroup {
		p.Type = TypeTeam
	}
	return p
}

func mapSuperTeam(req recall.Request, sentAt int64) SuperTeamParams {
	return SuperTeamParams{
		DeleteMsgID: req.MessageID, TimeTag: sentAt, From: req.From, To: req.To, Msg: req.Reason, IgnoreTime: req.Force,
	}
}

func mapChatroom(req recall.Request, sentAt int64) ChatroomParams {
	return ChatroomParams{
		RoomID: req.To, MsgTimeTag: sentAt, MsgID: req.MessageID, FromAcc: req.From, OperatorAcc: req.Operator,
		NotifyExt: req.Extension,
	}
}

func (c *Client) mapV2(req recall.Request, sentAt int64) RecallV2Params {
	p := RecallV2Params{
		SenderID: req.From, ReceiverID: req.To, MessageServerID: req.MessageID, Type: RecallTypeTwoWay,
		MessageTime: sentAt, Description: req.Reason, Attach: req.Extension, IgnoreRevokeTime: req.Force,
	}
	switch req.Chat {
	case recall.ChatGroup:
		p.ConversationType = ConversationTeam
	case recall.ChatSuperGroup:
		p.ConversationType = ConversationSuperTeam
	default:
		p.ConversationType = ConversationP2P
	}
	p.SkipTeamMemberCheck = c.formerMembers && p.ConversationType != ConversationP2P
	return p
}

// millis returns SentAt in milliseconds, 0 where there is none.
func millis(req recall.Request) (int64, *recall.Error) {
	if req.SentAt.IsZero() {
		return 0, nil
	}
	return rest.Millis("SentAt", req.SentAt)
}

// requestField names the field of a request that a parameter was taken from.
func requestField(param string) string {
	switch param {
	case "DeleteMsgID", "MsgID", "MessageServerID":
		return "MessageID"
	case "FromAcc", "SenderID":
		return "From"
	case "RoomID", "ReceiverID":
		return "To"
	case "TimeTag", "MsgTimeTag", "MessageTime":
		return "SentAt"
	case "OperatorAcc":
		return "Operator"
	case "Msg", "Description":
		return "Reason"
	case "Attach", "NotifyExt":
		return "Extension"
	}
	return param
}
