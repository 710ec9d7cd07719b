package neteasetest

import (
	"strconv"
	"time"
)

// The types that msg/recall.action takes.
const (
	TypeP2P  = 7 // a message from one user to another
	TypeTeam = 8 // a message in a team
)

// Types of the emulator's own, for messages whose calls have no type.
const (
	TypeSuperTeam = 1001 // a message in a super-team
	TypeChatroom  = 1002 // a message in a chat room
)

// beyondWindow is how far back a recall reaches that the window does not bind.
const beyondWindow = 30 * 24 * time.Hour

// Message is a message that the emulated server holds.
type Message struct {
	ID   string // the server's message ID, a number of up to 19 digits; in a chat room the client's ID
	From string // the sender's accid
	To   string // the recipient's accid, the tid of the team or super-team, or the chat room's ID
	Type int    // one of the Type constants; 0 stands for TypeP2P
	// SentAt is the server's time of the message; timetag is compared with it to the millisecond.
	SentAt time.Time
}

// Fate is what became of a message.
type Fate string

// The fates of a message. FateNone is also that of one that never was.
const (
	FateNone           Fate = ""
	FateRecalled       Fate = "recalled"         // from everyone
	FateRecalledOneWay Fate = "recalled one way" // from the recipients; the sender keeps it
	FateDeleted        Fate = "deleted"          // from the server, and nobody was told
)

type message struct {
	Message
	fate Fate
}

type membership struct{ tid, accid string }

// Add puts m on the server, in place of an earlier message with the same ID, and returns it as stored:
// SentAt cut off to the millisecond, a zero SentAt becomes the emulator's now, a zero Type TypeP2P.
func (s *Server) Add(m Message) Message {
	if m.Type == 0 {
		m.Type = TypeP2P
	}
	if m.SentAt.IsZero() {
		m.SentAt = s.Now()
	}
	m.SentAt = m.SentAt.Truncate(time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages[m.ID] = &message{Message: m}
	s.teams[m.To] = true
	s.poster.Sent(s.sent(m))
	return m
}

// Fate says what became of the message with this ID.
func (s *Server) Fate(id string) Fate {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.messages[id]; ok {
		return m.fate
	}
	return FateNone
}

// Recalled says whether the message with this ID was on the server and has been recalled from everyone.
func (s *Server) Recalled(id string) bool { return s.Fate(id) == FateRecalled }

// RemoveMember makes accid leave the team or super-team tid, after which the messages that they sent there can't be
// recalled: code 403, of version 2 109404. Until then every sender counts as a member.
func (s *Server) RemoveMember(tid, accid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed[membership{tid: tid, accid: accid}] = true
}

// RemoveTeam dissolves a team or super-team. Version 2 answers 108404 for one that does not exist; a team exists
// from the first message added for it.
func (s *Server) RemoveTeam(tid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.teams, tid)
}

// find returns the message that a call is about, or nil where none matches. A timetag that was not given is not
// compared: the pages call it optional. The caller holds the lock.
func (s *Server) find(id string, typ int, from, to, timetag string) *message {
	m, ok := s.messages[id]
	if !ok || m.fate != FateNone || m.Type != typ || m.From != from || m.To != to {
		return nil
	}
	if timetag != "" && timetag != strconv.FormatInt(m.SentAt.UnixMilli(), 10) {
		return nil
	}
	return m
}

// limit is how old a message may be for a recall.
func (s *Server) limit(ignoreTime bool) time.Duration {
	if ignoreTime {
		return beyondWindow
	}
	return s.Window
}
