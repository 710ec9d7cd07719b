package easemob

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/imrecall/imrecall/recall"
)

// latestMillis is the end of the year 9999, after which a time has no JSON
// form.
const latestMillis = 253402300799999

// callbackBody is what the vendor posts, as far as it matters here. The
// message itself is never looked at.
type callbackBody struct {
	CallID      callbackField `json:"callId"`
	Timestamp   callbackField `json:"timestamp"`
	Security    callbackField `json:"security"`
	EventType   callbackField `json:"eventType"`
	AppKey      callbackField `json:"appkey"`
	ChatType    callbackField `json:"chat_type"`
	ContentType callbackField `json:"content_type"`
	MsgID       callbackField `json:"msg_id"`
	RecallID    callbackField `json:"recall_id"`
	GroupID     callbackField `json:"group_id"`
	From        callbackField `json:"from"`
	To          callbackField `json:"to"`
	Payload     callbackField `json:"payload"`
}

type callbackPayload struct {
	AckMessageID callbackField `json:"ack_message_id"`
	Type         callbackField `json:"type"`
}

// callbackField is a value as it was sent. It is not read before the signature
// has been, and the signature needs the digits of the timestamp.
type callbackField struct {
	raw   []byte
	twice bool // which of the two the vendor meant nobody knows
}

// UnmarshalJSON keeps the value.
func (f *callbackField) UnmarshalJSON(data []byte) error {
	f.twice = f.raw != nil
	f.raw = append([]byte{}, data...)
	return nil
}

// text returns a string, or the digits of a whole number. A field that is
// missing or null is an empty text.
func (f *callbackField) text() (string, bool) {
	switch {
	case f.twice:
		return "", false
	case len(f.raw) == 0 || string(f.raw) == "null":
		return "", true
	case f.raw[0] != '"':
		return string(f.raw), digits(string(f.raw))
	}
	var s string
	if json.Unmarshal(f.raw, &s) != nil || strings.ContainsRune(s, utf8.RuneError) {
		return "", false // what was not UTF-8 would name something else
	}
	return s, true
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// signature is what the signature is made of, and the signature.
type signature struct{ callID, timestamp, security string }

func (b *callbackBody) signed() (signature, bool) {
	r := reader{}
	s := signature{r.required("callId", &b.CallID), r.required("timestamp", &b.Timestamp), r.required("security", &b.Security)}
	return s, r.fault == ""
}

// reader reads fields of a callback and remembers the first that it could not.
type reader struct{ fault string }

func (r *reader) text(name string, f *callbackField) string {
	s, ok := f.text()
	if !ok {
		r.fail(name + " is given twice or is not a text")
	}
	return s
}

func (r *reader) required(name string, f *callbackField) string {
	s := r.text(name, f)
	if s == "" {
		r.fail(name + " is missing")
	}
	return s
}

// millis reads a time in milliseconds since 1970.
func (r *reader) millis(name string, f *callbackField) time.Time {
	ms, err := strconv.ParseInt(r.required(name, f), 10, 64)
	if err != nil || ms <= 0 || ms > latestMillis {
		r.fail(name + " is no time in milliseconds")
	}
	return time.UnixMilli(ms).UTC()
}

func (r *reader) fail(why string) {
	if r.fault == "" {
		r.fault = why
	}
}

// err is about the names of fields, never about what is in them.
func (r *reader) err() *recall.Error {
	if r.fault == "" {
		return nil
	}
	return &recall.Error{Kind: recall.ErrBadResponse, Err: errors.New("of the callback, " + r.fault)}
}

// event returns what a callback with a genuine signature tells, nil where it
// is about something else than messages. Callbacks before sending have no
// eventType.
func (c *Callbacks) event(b *callbackBody) (*recall.Event, *recall.Error) {
	var r reader
	eventType, chatType := r.text("eventType", &b.EventType), r.text("chat_type", &b.ChatType)
	if err := r.err(); err != nil {
		return nil, err
	}
	var read func(*reader, *callbackBody) recall.Event
	switch chatType {
	case "recall":
		read = messageRecalled
	case ChatTypeChat, ChatTypeGroupChat, ChatTypeChatRoom:
		read = messageSent
	}
	if read == nil || eventType != "chat" && eventType != "chat_offline" {
		return nil, nil
	}
	id, err := c.eventID(&r, b)
	if err != nil {
		return nil, err
	}
	e := read(&r, b)
	if err := r.err(); err != nil {
		return nil, err
	}
	e.Vendor, e.App, e.ID = vendor, c.app, id
	return &e, nil
}

// eventID returns the callId. It names the application, and as a rule it ends
// in the msg_id: that is all which holds a body to its signature.
func (c *Callbacks) eventID(r *reader, b *callbackBody) (string, *recall.Error) {
	callID := r.required("callId", &b.CallID)
	msgID, appKey := r.required("msg_id", &b.MsgID), r.text("appkey", &b.AppKey)
	if err := r.err(); err != nil {
		return "", err
	}
	suffix, ours := c.suffix(callID)
	switch {
	case !ours || c.appKey != "" && appKey != "" && appKey != c.appKey:
		return "", &recall.Error{Kind: recall.ErrMisconfigured, Err: errors.New("the callback is about another application")}
	case suffix != msgID && !uuid(suffix):
		return "", unsigned("the signature is another callback's: callId does not end in msg_id")
	}
	return callID, nil
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

// messageSent reads a callback of
// https://doc.easemob.com/document/server-side/callback_message_send.html.
func messageSent(r *reader, b *callbackBody) recall.Event {
	at := r.millis("timestamp", &b.Timestamp)
	e := recall.Event{Kind: recall.MessageSent, At: at, Request: recall.Request{
		MessageID: r.required("msg_id", &b.MsgID), From: r.text("from", &b.From), SentAt: at,
	}}
	if chatType, _ := b.ChatType.text(); chatType == ChatTypeChat {
		e.Request.Chat, e.Request.To = recall.ChatDirect, r.required("to", &b.To)
		return e
	}
	e.Request.Chat, e.Request.To = b.group(r), r.required("group_id", &b.GroupID) // "to" may be a member
	return e
}

// group tells a chat room from a group, where the callback does.
func (b *callbackBody) group(r *reader) recall.ChatType {
	chatType, _ := b.ChatType.text()
	if chatType == ChatTypeChatRoom || strings.HasPrefix(r.text("content_type", &b.ContentType), "chat:room:") {
		return recall.ChatRoom
	}
	payload := b.payload()
	if inner, ok := payload.Type.text(); ok && inner == ChatTypeChatRoom {
		return recall.ChatRoom
	}
	return recall.ChatGroup
}

// payload returns nothing where it has another form: messages may be anything.
func (b *callbackBody) payload() callbackPayload {
	var p callbackPayload
	if b.Payload.twice || json.Unmarshal(b.Payload.raw, &p) != nil {
		return callbackPayload{}
	}
	return p
}

// messageRecalled reads a callback of
// https://doc.easemob.com/document/server-side/callback_message_recall.html,
// which names the message in two places.
func messageRecalled(r *reader, b *callbackBody) recall.Event {
	payload := b.payload()
	id, second := r.text("recall_id", &b.RecallID), r.text("ack_message_id", &payload.AckMessageID)
	switch {
	case b.Payload.twice:
		r.fail("payload is given twice")
	case id == "" && second == "":
		r.fail("recall_id is missing")
	case id == "":
		id = second
	case second != "" && second != id:
		r.fail("recall_id and ack_message_id differ")
	}
	to := r.text("group_id", &b.GroupID)
	if to == "" {
		to = r.text("to", &b.To)
	}
	return recall.Event{
		Kind: recall.MessageRecalled, At: r.millis("timestamp", &b.Timestamp),
		Request: recall.Request{MessageID: id, To: to},
	}
}
