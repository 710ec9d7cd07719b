package easemobtest

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// Values of Message.Chat.
const (
	ChatSingle = "chat"
	ChatGroup  = "groupchat"
	ChatRoom   = "chatroom"
)

// Message is a message that the emulated server holds.
type Message struct {
	ID   string
	From string // the sender's user ID
	To   string // the recipient's user ID, the group's ID or the chat room's ID
	Chat string // one of the Chat constants; "" stands for ChatSingle
	// SentAt is the server's time of the message.
	SentAt time.Time
}

type message struct {
	Message
	recalled bool
	lostBy   map[string]bool // users, in lower case, for whom it was deleted
}

// Add puts m on the server, in place of an earlier message with the same ID, and returns it as stored:
// SentAt cut off to the millisecond, a zero SentAt becomes the emulator's now, an empty Chat ChatSingle.
func (s *Server) Add(m Message) Message {
	if m.Chat == "" {
		m.Chat = ChatSingle
	}
	if m.SentAt.IsZero() {
		m.SentAt = s.Now()
	}
	m.SentAt = m.SentAt.Truncate(time.Millisecond)
	s.mu.Lock()
	s.messages[m.ID] = &message{Message: m, lostBy: make(map[string]bool)}
	s.mu.Unlock()
	s.poster.Sent(s.sent(m))
	return m
}

// Recalled says whether the message with this ID was on the server and has been recalled.
func (s *Server) Recalled(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.messages[id]
	return ok && m.recalled
}

type recallRequest struct {
	MsgID                      string `json:"msg_id"`
	To                         string `json:"to"`
	ChatType                   string `json:"chat_type"`
	From                       string `json:"from"`
	SyncDevice                 *bool  `json:"sync_device"`
	Force                      *bool  `json:"force"`
	RecallMessageExtensionInfo string `json:"recallMessageExtensionInfo"`
}

type recallData struct {
	Recalled string `json:"recalled"`
	ChatType string `json:"chattype"` // without the underscore of the request's key
	From     string `json:"from"`
	To       string `json:"to"`
	MsgID    string `json:"msg_id"`
}

// recall is POST /{org}/{app}/messages/msg_recall,
// https://doc.easemob.com/document/server-side/message_recall_single.html.
func (s *Server) recall(r *http.Request) (any, *failure) {
	req, fail := decode[recallRequest](r)
	if fail != nil {
		return nil, fail
	}
	if s.RecallUnopened {
		return nil, recallUnopened()
	}
	if fail := req.check(); fail != nil {
		return nil, fail
	}
	if fail := s.apply(r.Context(), req); fail != nil {
		return nil, fail
	}
	return s.envelope(r, req.recalled()), nil
}

// recalled is what the answer says of a message that was recalled.
func (req recallRequest) recalled() recallData {
	if req.From == "" {
		req.From = "admin"
	}
	return recallData{Recalled: "yes", ChatType: req.ChatType, From: req.From, To: req.To, MsgID: req.MsgID}
}

func (req recallRequest) check() *failure {
	switch {
	case req.MsgID == "":
		return recallError(http.StatusBadRequest, "param msg_id can't be empty")
	case req.To == "":
		return recallError(http.StatusBadRequest, "param to can't be empty")
	case req.ChatType == "":
		return recallError(http.StatusBadRequest, "param chat_type can't be empty")
	case req.Force == nil:
		return recallError(http.StatusBadRequest, "param force can't be empty")
	}
	return nil
}

// apply recalls the message and tells of it. With force Easemob says yes to a message that it does not hold: its
// own Java SDK's tests recall a made-up ID that way and expect success. No callback tells of that.
func (s *Server) apply(ctx context.Context, req recallRequest) *failure {
	now := s.Now()
	m, event, fail := s.mark(req, now)
	if fail == nil && event != 0 {
		s.poster.Recalled(ctx, s.recalledBy(req.recalled().From, m, event, now))
	}
	return fail
}

// mark marks the message as recalled, and returns it with the ID of that event: 0 where there was nothing to recall.
func (s *Server) mark(req recallRequest, now time.Time) (Message, int64, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, known := s.messages[req.MsgID]
	texts := s.texts()
	switch {
	case (!known || m.recalled) && *req.Force:
		return Message{}, 0, nil
	case !known || m.recalled:
		return Message{}, 0, recallError(http.StatusForbidden, "not_found msg")
	case !m.isTo(req):
		return Message{}, 0, recallError(http.StatusBadRequest, texts.noRecipient)
	case now.Sub(m.SentAt) > s.Window && (!*req.Force || !texts.forceReachesAll):
		return Message{}, 0, recallError(http.StatusForbidden, texts.expired)
	}
	m.recalled = true
	s.events++
	return m.Message, firstEvent + s.events, nil
}

// isTo compares IDs without regard to case, as Easemob does with user IDs. That a wrong chat_type counts as
// a wrong recipient is a guess: its answer is not documented.
func (m *message) isTo(req recallRequest) bool {
	return m.Chat == req.ChatType && strings.EqualFold(m.To, req.To)
}

func recallError(status int, description string) *failure {
	return &failure{status: status, code: "message_recall_error", description: description}
}

func recallUnopened() *failure {
	return &failure{
		status:      http.StatusForbidden,
		code:        "forbidden_op",
		exception:   "EasemobForbiddenOpException",
		description: "message recall service is unopened",
	}
}
