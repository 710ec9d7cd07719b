package easemob

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/imrecall/imrecall/internal/callback"
	"github.com/imrecall/imrecall/recall"
)

// callbackBody is what the vendor posts, as far as it matters here.
type callbackBody struct {
	CallID      callback.Scalar `json:"callId"`
	Timestamp   callback.Scalar `json:"timestamp"`
	Security    callback.Scalar `json:"security"`
	EventType   callback.Scalar `json:"eventType"`
	AppKey      callback.Scalar `json:"appkey"`
	ChatType    callback.Scalar `json:"chat_type"`
	ContentType callback.Scalar `json:"content_type"`
	MsgID       callback.Scalar `json:"msg_id"`
	RecallID    callback.Scalar `json:"recall_id"`
	GroupID     callback.Scalar `json:"group_id"`
	From        callback.Scalar `json:"from"`
	To          callback.Scalar `json:"to"`
	Payload     callbackPayload `json:"payload"`
}

// callbackPayload is the message itself, at which nobody looks, or what was
// recalled.
type callbackPayload struct {
	ackMessageID, chatType callback.Scalar
	given, twice           bool
}

// UnmarshalJSON reads anything: a message may have any form.
func (p *callbackPayload) UnmarshalJSON(data []byte) error {
	var fields struct {
		AckMessageID callback.Scalar `json:"ack_message_id"`
		Type         callback.Scalar `json:"type"`
	}
	if json.Unmarshal(data, &fields) == nil {
		p.ackMessageID, p.chatType = fields.AckMessageID, fields.Type
	}
	p.given, p.twice = true, p.given
	return nil
}

// event returns what a callback with a genuine signature tells, nil where it
// is about something else than messages. Callbacks before sending have no
// eventType.
func (c *Callbacks) event(b *callbackBody) (*recall.Event, *recall.Error) {
	var read callback.Fields
	var tell func(*callbackBody, *callback.Fields) recall.Event
	switch read.OptionalText("chat_type", b.ChatType) {
	case ChatTypeChat:
		tell = (*callbackBody).sent
	case ChatTypeGroupChat, ChatTypeChatRoom:
		tell = (*callbackBody).sentToGroup
	case "recall":
		tell = (*callbackBody).recalled
	}
	switch read.OptionalText("eventType", b.EventType) {
	case "chat", "chat_offline":
	default:
		tell = nil
	}
	if err := read.Err(); err != nil {
		return nil, callback.Unreadable(err)
	}
	if tell == nil {
		return nil, nil
	}
	if err := c.checkID(b, &read); err != nil {
		return nil, err
	}
	e := tell(b, &read)
	if err := read.Err(); err != nil {
		return nil, callback.Unreadable(err)
	}
	e.Vendor, e.App, e.ID = vendor, c.app, b.CallID.String()
	return &e, nil
}

// checkID checks that the callId names the application, and that it ends in
// the msg_id: that is all which holds a body to its signature.
func (c *Callbacks) checkID(b *callbackBody, read *callback.Fields) *recall.Error {
	msgID, appKey := read.Text("msg_id", b.MsgID), read.OptionalText("appkey", b.AppKey)
	if err := read.Err(); err != nil {
		return callback.Unreadable(err)
	}
	suffix, ours := c.suffix(b.CallID.String())
	switch {
	case !ours || c.appKey != "" && appKey != "" && appKey != c.appKey:
		return &recall.Error{Kind: recall.ErrMisconfigured, Err: errors.New("the callback is about another application")}
	case suffix != msgID && !uuid(suffix):
		return callback.Unauthorized("the signature is another callback's: callId does not end in msg_id")
	}
	return nil
}

// suffix returns what follows the application in a callId, and whether the
// application is this one, as far as it is known how callbacks name it.
func (c *Callbacks) suffix(callID string) (string, bool) {
	if c.appKey != "" {
		return strings.CutPrefix(callID, c.appKey+"_")
	}
	return callID[strings.LastIndexByte(callID, '_')+1:], true
}

// uuid tells whether s has the form of a UUID, in which no ID of a message is.
func uuid(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) != 5 {
		return false
	}
	for i, length := range []int{8, 4, 4, 4, 12} {
		if len(parts[i]) != length || strings.Trim(strings.ToLower(parts[i]), "0123456789abcdef") != "" {
			return false
		}
	}
	return true
}

// sent reads a callback of
// https://doc.easemob.com/document/server-side/callback_message_send.html.
func (b *callbackBody) sent(read *callback.Fields) recall.Event {
	at := read.Time("timestamp", b.Timestamp)
	return recall.Event{Kind: recall.MessageSent, At: at, Request: recall.Request{
		MessageID: b.MsgID.String(),
		Chat:      recall.ChatDirect,
		From:      read.OptionalText("from", b.From),
		To:        read.Text("to", b.To),
		SentAt:    at,
	}}
}

// sentToGroup is sent for groups and chat rooms, where "to" is a member if the
// callback is about one who is offline.
//
// https://doc.easemob.com/product/console/basic_webhook.html
func (b *callbackBody) sentToGroup(read *callback.Fields) recall.Event {
	read.Text("group_id", b.GroupID)
	b.To = b.GroupID
	e := b.sent(read)
	e.Request.Chat = b.groupOrRoom(read)
	return e
}

// groupOrRoom tells a chat room from a group, where the callback does.
func (b *callbackBody) groupOrRoom(read *callback.Fields) recall.ChatType {
	byContent := strings.HasPrefix(read.OptionalText("content_type", b.ContentType), "chat:room:")
	byPayload := !b.Payload.twice && b.Payload.chatType.String() == ChatTypeChatRoom
	if byContent || byPayload || b.ChatType.String() == ChatTypeChatRoom {
		return recall.ChatRoom
	}
	return recall.ChatGroup
}

// recalled reads a callback of
// https://doc.easemob.com/document/server-side/callback_message_recall.html,
// which names the message in two places.
func (b *callbackBody) recalled(read *callback.Fields) recall.Event {
	if b.Payload.twice {
		read.Fail("payload", "is given twice")
	}
	id, second := read.OptionalText("recall_id", b.RecallID), read.OptionalText("ack_message_id", b.Payload.ackMessageID)
	switch {
	case id == "" && second == "":
		read.Fail("recall_id", "is missing")
	case id == "":
		id = second
	case second != "" && second != id:
		read.Fail("recall_id", "differs from ack_message_id")
	}
	to := read.OptionalText("group_id", b.GroupID)
	if to == "" {
		to = read.OptionalText("to", b.To)
	}
	return recall.Event{
		Kind: recall.MessageRecalled, At: read.Time("timestamp", b.Timestamp),
		Request: recall.Request{MessageID: id, To: to},
	}
}
