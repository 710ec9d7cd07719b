package netease

import (
	"encoding/json"

	"github.com/imrecall/imrecall/internal/callback"
	"github.com/imrecall/imrecall/recall"
)

// messageCopy is what this library needs of a message copy: of a message, or
// of a recall. The pages give every field as a string; servers send numbers too.
type messageCopy struct {
	EventType callback.Scalar `json:"eventType"`

	// Of a message.
	ConvType     callback.Scalar `json:"convType"`
	FromAccount  callback.Scalar `json:"fromAccount"`
	To           callback.Scalar `json:"to"` // of a recall as well
	RoomID       callback.Scalar `json:"roomId"`
	MsgTimestamp callback.Scalar `json:"msgTimestamp"`
	MsgIDServer  callback.Scalar `json:"msgidServer"`
	MsgIDClient  callback.Scalar `json:"msgidClient"`

	// Whether moderation held the message back, or the recipient's blacklist.
	Antispam  json.RawMessage `json:"antispam"`
	Blacklist json.RawMessage `json:"blacklist"`

	// Of a recall.
	MsgID      callback.Scalar `json:"msgId"`
	From       callback.Scalar `json:"from"`
	SendTime   callback.Scalar `json:"sendTime"`
	DeleteTime callback.Scalar `json:"deleteTime"`
}

// event returns what a message copy tells, or nil where it is about something
// else. An error names the field that is missing or odd.
func (m messageCopy) event() (*recall.Event, error) {
	var read callback.Fields
	var event *recall.Event
	// Copies of other products have no eventType, and are no business of ours.
	switch read.OptionalText("eventType", m.EventType) {
	case "1":
		event = m.sent(&read)
	case "4":
		event = m.sentToRoom(&read)
	case "7":
		event = m.recalled(&read, recall.ChatDirect)
	case "8":
		event = m.recalled(&read, recall.ChatGroup)
	case "25":
		event = m.recalled(&read, recall.ChatSuperGroup)
	}
	if err := read.Err(); err != nil {
		return nil, err
	}
	return event, nil
}

func (m messageCopy) sent(read *callback.Fields) *recall.Event {
	chats := map[string]recall.ChatType{
		"PERSON": recall.ChatDirect, "TEAM": recall.ChatGroup, "SUPER_TEAM": recall.ChatSuperGroup,
	}
	chat, ok := chats[read.Text("convType", m.ConvType)]
	if !ok || m.neverWas() {
		return nil
	}
	req := recall.Request{
		MessageID: serverID(read, "msgidServer", m.MsgIDServer),
		Chat:      chat,
		From:      read.Text("fromAccount", m.FromAccount),
		To:        read.Text("to", m.To),
		SentAt:    read.Time("msgTimestamp", m.MsgTimestamp),
	}
	// No page says that the kinds of chat share one sequence of ids.
	return &recall.Event{
		Kind: recall.MessageSent, At: req.SentAt, Request: req, ID: callback.EventID("1", string(req.Chat), req.MessageID),
	}
}

// neverWas tells of a message that was held back that it has no id either, so
// that there is nothing to recall.
//
// https://doc.yunxin.163.com/messaging/references/web/typedoc/Latest/en/NIM/interfaces/nim_MessageInterface.NIMMessage.html
// (idServer)
func (m messageCopy) neverWas() bool {
	return !m.MsgIDServer.Given() && (isTrue(m.Antispam) || isTrue(m.Blacklist))
}

func isTrue(value json.RawMessage) bool { return string(value) == "true" || string(value) == `"true"` }

// sentToRoom reads a message in a chat room, which has no id of the server.
func (m messageCopy) sentToRoom(read *callback.Fields) *recall.Event {
	req := recall.Request{
		MessageID: read.Text("msgidClient", m.MsgIDClient),
		Chat:      recall.ChatRoom,
		From:      read.Text("fromAccount", m.FromAccount),
		To:        serverID(read, "roomId", m.RoomID),
		SentAt:    read.Time("msgTimestamp", m.MsgTimestamp),
	}
	// Clients make these ids. Nobody may hide a message behind the id of
	// another one.
	return &recall.Event{
		Kind: recall.MessageSent, At: req.SentAt, Request: req,
		ID: callback.EventID("4", req.To, req.From, m.MsgTimestamp.String(), req.MessageID),
	}
}

// recalled reads a recall. Only its msgId is indispensable: the vendor warns
// that copies may lack fields, and an odd one must not cost the proof either.
func (m messageCopy) recalled(read *callback.Fields, chat recall.ChatType) *recall.Event {
	var besides callback.Fields
	req := recall.Request{
		MessageID: serverID(read, "msgId", m.MsgID),
		Chat:      chat,
		From:      besides.OptionalText("from", m.From),
		To:        besides.OptionalText("to", m.To),
		SentAt:    besides.OptionalTime("sendTime", m.SendTime),
	}
	return &recall.Event{
		Kind: recall.MessageRecalled, At: besides.OptionalTime("deleteTime", m.DeleteTime), Request: req,
		ID: callback.EventID(m.EventType.String(), req.MessageID, m.DeleteTime.String()),
	}
}

// serverID reads an id that the server gave: a positive Long.
func serverID(read *callback.Fields, name string, s callback.Scalar) string {
	id := read.Text(name, s)
	if positiveID(name, id) != nil {
		read.Fail(name, "is not a positive number of up to 19 digits")
	}
	return id
}
