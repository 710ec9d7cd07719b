package easemobtest

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/internal/emulator"
)

// Callbacks is how the emulator posts callbacks: those that follow a message (chat) and those that follow a
// recall, as an application gets them that has rules for both in the console.
//
// They are posted in the background, one after the other, in the order of what happened. One that is not
// answered with status 200 is posted once more, and then given up.
//
// With Early, a recall is not answered before every callback that comes before its own. An application that recalls from
// inside its callback handler would wait for itself.
type Callbacks struct {
	URL          string // where to post; empty: nowhere
	Times        int    // how often each is posted, though it was answered; 0 and 1: once
	Shuffle      bool   // of every two events the later is posted first; a single one waits for the next, or for WaitCallbacks
	BadSignature bool   // signed with another secret
	Early        bool   // a recall's callback is posted and answered before the recall call itself is answered
	NoRecalls    bool   // nothing is posted about recalls
}

// SendCallbacks makes the emulator post callbacks from now on, in the way that c says: one for each message that is added,
// and one for each that is recalled. A recall that changes nothing has none, though it may be answered with yes. The zero
// Callbacks stops them. What is pending is still posted in the way that was set before.
func (s *Server) SendCallbacks(c Callbacks) { s.poster.Start(emulator.Callbacks(c)) }

// WaitCallbacks returns when each callback that was due when it was called has been answered or given up, or
// with ctx's error.
func (s *Server) WaitCallbacks(ctx context.Context) error { return s.poster.Wait(ctx) }

// Close shuts the server down. Callbacks that are pending are not posted any more.
func (s *Server) Close() {
	s.poster.Close()
	s.Server.Close()
}

func newPoster() *emulator.Poster {
	return emulator.NewPoster(emulator.PostRules{
		Tries:    2, // https://doc.easemob.com/document/server-side/callback_postsending.html
		Received: func(status int, _ []byte) bool { return status == http.StatusOK },
	})
}

// firstEvent is the ID of the first recall event. Messages of tests have smaller ones.
const firstEvent = 9_000_000_000_000_000_000

// callbackBody is what is posted. The order of the fields is the one on
// https://doc.easemob.com/document/server-side/callback_message_recall.html; the last two are in its table and in that
// of https://doc.easemob.com/document/server-side/callback_message_send.html.
type callbackBody struct {
	ChatType        string          `json:"chat_type"`
	CallID          string          `json:"callId"`
	Security        string          `json:"security"`
	Payload         callbackPayload `json:"payload"`
	Host            string          `json:"host"`
	AppKey          string          `json:"appkey,omitempty"`
	From            string          `json:"from"`
	RecallID        string          `json:"recall_id,omitempty"`
	To              string          `json:"to"`
	GroupID         string          `json:"group_id,omitempty"`
	EventType       string          `json:"eventType"`
	MsgID           string          `json:"msg_id"`
	Timestamp       int64           `json:"timestamp"`
	SecurityVersion string          `json:"securityVersion"`
	ContentType     string          `json:"content_type,omitempty"`
}

type callbackPayload struct {
	Ext          struct{} `json:"ext"`
	AckMessageID string   `json:"ack_message_id,omitempty"`
	Bodies       []text   `json:"bodies"`
}

type text struct {
	Msg  string `json:"msg"`
	Type string `json:"type"`
}

// sent is the callback that tells of a message. The emulator holds no texts, so all messages say the same. In a group
// "to" is the group's ID: https://doc.easemob.com/product/console/basic_webhook.html.
func (s *Server) sent(m Message) emulator.Callback {
	body := callbackBody{
		ChatType: m.Chat, From: m.From, MsgID: m.ID, ContentType: "chat:user:text",
		Payload: callbackPayload{Bodies: []text{{Msg: "hello", Type: "txt"}}},
	}
	switch m.Chat {
	case "groupchat":
		body.ContentType = "chat:group:text"
	case "chatroom":
		body.ChatType, body.ContentType = "groupchat", "chat:room:text" // both are called groups in callbacks
	}
	return s.callback(body, m, m.SentAt)
}

// recalledBy is the callback that tells of a recall, which is an event with an ID of its own. The page calls
// "from" the sender of the message, and leaves open whether of the one recalled or of the event; here it is of the
// event, that is who recalled.
func (s *Server) recalledBy(from string, m Message, event int64, at time.Time) emulator.Callback {
	return s.callback(callbackBody{
		ChatType: "recall", From: from, MsgID: strconv.FormatInt(event, 10), RecallID: m.ID,
		Payload: callbackPayload{AckMessageID: m.ID, Bodies: []text{}},
	}, m, at)
}

// callback fills in what all callbacks have in common.
func (s *Server) callback(body callbackBody, m Message, at time.Time) emulator.Callback {
	body.To, body.Host, body.EventType, body.SecurityVersion = m.To, "emulator", "chat", "1.0.0"
	if m.Chat != "chat" {
		body.GroupID = m.To
	}
	body.Timestamp = at.UnixMilli()
	body.CallID = s.Org + "#" + s.App + "_" + body.MsgID
	if s.Dialect != Shengwang { // https://im.shengwang.cn/docs/sdk/server-side/callback_message_recall.html
		body.AppKey = s.Org + "#" + s.App
	}
	return emulator.Callback{Secret: s.CallbackSecret, Render: body.signed}
}

func (body callbackBody) signed(secret string) (http.Header, []byte) {
	sum := md5.Sum([]byte(body.CallID + secret + strconv.FormatInt(body.Timestamp, 10)))
	body.Security = hex.EncodeToString(sum[:])
	data, _ := json.Marshal(body) // strings and numbers only: it can't fail
	return http.Header{"Content-Type": {"application/json"}}, data
}
