package goeasytest

import (
	"io"
	"net/http"
	"time"

	"github.com/imrecall/imrecall/internal/emulator"
)

// maxMessages is how many messages one call may recall.
const maxMessages = 20

// Message is a message that the emulated server holds: in a group if it has a GroupID, between two users
// otherwise. GoEasy's REST API finds it by its conversation and SentAt; ID is for Recalled only.
type Message struct {
	ID      string
	From    string // the sender's user ID
	To      string // the recipient's user ID; empty in a group
	GroupID string // empty between two users
	// SentAt is the server's time of the message, exact to the millisecond.
	SentAt time.Time
}

// address is what GoEasy identifies a message by. The users are in alphabetical order, because the API does
// not tell the sender from the recipient.
type address struct {
	userA, userB, groupID string
	timestamp             int64
}

func newAddress(userA, userB, groupID string, timestamp int64) address {
	if groupID != "" {
		return address{groupID: groupID, timestamp: timestamp}
	}
	return address{userA: min(userA, userB), userB: max(userA, userB), timestamp: timestamp}
}

// Add puts m on the server and returns it as stored: SentAt cut off to the millisecond, a zero SentAt
// becomes the emulator's now.
func (s *Server) Add(m Message) Message {
	if m.SentAt.IsZero() {
		m.SentAt = s.Now()
	}
	m.SentAt = m.SentAt.Truncate(time.Millisecond)
	at := newAddress(m.From, m.To, m.GroupID, m.SentAt.UnixMilli())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages[at] = append(s.messages[at], m)
	s.poster.Sent(s.callback(itemOf(m)))
	return m
}

// Recalled says whether the message with this ID was on the server and has been recalled.
func (s *Server) Recalled(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.recalled[id]
}

type recallRequest struct {
	AppKey   string   `json:"appkey"`
	Recaller recaller `json:"recaller"`
	UserAID  string   `json:"userAId"`
	UserBID  string   `json:"userBId"`
	GroupID  string   `json:"groupId"`
	Messages []int64  `json:"messages"` // timestamps in milliseconds
}

// recall is POST /v2/im/history/recall, https://docs.goeasy.io/2.x/im/rest-api/recall.
func (s *Server) recall(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		parameterError(w)
		return
	}
	req, err := emulator.DecodeJSON[recallRequest](body)
	if err != nil {
		parameterError(w)
		return
	}
	if !s.authorized(req.AppKey) {
		unauthorized(w)
		return
	}
	if !req.valid() {
		parameterError(w)
		return
	}
	s.tellRecalls(r.Context(), s.apply(req), req.Recaller)
	succeed(w)
}

func (req recallRequest) valid() bool {
	pair, group := req.UserAID != "" && req.UserBID != "", req.GroupID != ""
	half := (req.UserAID != "") != (req.UserBID != "")
	return pair != group && !half && len(req.Messages) >= 1 && len(req.Messages) <= maxMessages
}

// apply recalls, and returns the messages that were not recalled before.
func (s *Server) apply(req recallRequest) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var gone []Message
	for _, timestamp := range req.Messages {
		for _, m := range s.messages[newAddress(req.UserAID, req.UserBID, req.GroupID, timestamp)] {
			if !s.recalled[m.ID] {
				gone = append(gone, m)
			}
			s.recalled[m.ID] = true
		}
	}
	return gone
}
