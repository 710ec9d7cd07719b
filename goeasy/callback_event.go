package goeasy

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/imrecall/imrecall/internal/callback"
	"github.com/imrecall/imrecall/recall"
)

// item is what this library needs of a message as the vendor's pages show it.
// Numbers may be in quotes.
//
// https://docs.goeasy.io/2.x/im/message/private-chat (a message),
// https://docs.goeasy.io/2.x/im/history/recall (a recalled one); groupId and
// teamId as in the vendor's client, goeasy 2.14.9
type item struct {
	MessageID  callback.Scalar `json:"messageId"`
	Timestamp  callback.Scalar `json:"timestamp"`
	SenderID   callback.Scalar `json:"senderId"`
	ReceiverID callback.Scalar `json:"receiverId"`
	GroupID    callback.Scalar `json:"groupId"`
	TeamID     callback.Scalar `json:"teamId"`

	Recalled json.RawMessage `json:"recalled"`
	Recaller json.RawMessage `json:"recaller"`
}

// read returns what an item tells, as item.event does.
func read(data []byte) (*recall.Event, error) {
	var it item
	// The error of encoding/json may quote what it could not read.
	if json.Unmarshal(data, &it) != nil {
		return nil, errors.New("is not an object")
	}
	return it.event()
}

// event returns what an item tells, or nil where it is no message of a private
// chat or a group. An error names the field that is missing or odd.
func (it item) event() (*recall.Event, error) {
	if it.TeamID.Given() || !it.isMessage() {
		return nil, nil
	}
	var read callback.Fields
	event := &recall.Event{Kind: recall.MessageSent, Request: it.request(&read)}
	event.At = event.Request.SentAt
	it.recall(&read, event)
	if err := read.Err(); err != nil {
		return nil, err
	}
	// Clients make message ids. Nobody may hide a message behind the id of
	// another one, so all that names the message is in the event's.
	r := event.Request
	event.ID = callback.EventID(string(event.Kind), string(r.Chat), r.From, r.To, it.Timestamp.String(), r.MessageID)
	return event, nil
}

// isMessage tells a message from an item of publish and subscribe, which has a
// channel, a content and a timestamp.
func (it item) isMessage() bool {
	return it.MessageID.Given() || it.SenderID.Given() || it.ReceiverID.Given() || it.GroupID.Given()
}

func (it item) request(read *callback.Fields) recall.Request {
	req := recall.Request{
		MessageID: read.OptionalText("messageId", it.MessageID),
		From:      read.Text("senderId", it.SenderID),
		SentAt:    read.Time("timestamp", it.Timestamp),
	}
	switch {
	case it.GroupID.Given() && it.ReceiverID.Given():
		read.Fail("groupId", "is given beside receiverId")
	case it.GroupID.Given():
		req.Chat, req.To = recall.ChatGroup, read.Text("groupId", it.GroupID)
	default:
		req.Chat, req.To = recall.ChatDirect, read.Text("receiverId", it.ReceiverID)
	}
	return req
}

// recall makes event that of a recall, if the item says so.
func (it item) recall(read *callback.Fields, event *recall.Event) {
	switch string(it.Recalled) {
	case "", "null", "false", `"false"`:
		return
	case "true", `"true"`:
	default:
		read.Fail("recalled", "is neither true nor false")
		return
	}
	event.Kind, event.At = recall.MessageRecalled, time.Time{}
	var by struct {
		ID callback.Scalar `json:"id"`
	}
	if len(it.Recaller) > 0 && json.Unmarshal(it.Recaller, &by) != nil {
		read.Fail("recaller", "is not an object")
	}
	event.RecalledBy = read.OptionalText("recaller.id", by.ID)
}
