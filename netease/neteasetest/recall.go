package neteasetest

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

// The types that msg/recall.action takes.
const (
	TypeP2P  = 7 // a message from one user to another
	TypeTeam = 8 // a message in a team
)

// ignoreTimeLimit is how far back ignoreTime=1 reaches.
const ignoreTimeLimit = 30 * 24 * time.Hour

// Message is a message that the emulated server holds.
type Message struct {
	ID   string // the server's message ID, a number of up to 19 digits
	From string // the sender's accid
	To   string // the recipient's accid or the team's tid
	Type int    // TypeP2P or TypeTeam
	// SentAt is the server's time of the message; timetag is compared with it to the millisecond.
	SentAt time.Time
}

type message struct {
	Message
	recalled bool
}

type membership struct{ tid, accid string }

// Add puts m on the server, in place of an earlier message with the same ID, and returns it as stored:
// SentAt cut off to the millisecond, a zero SentAt becomes the emulator's now.
func (s *Server) Add(m Message) Message {
	if m.SentAt.IsZero() {
		m.SentAt = s.Now()
	}
	m.SentAt = m.SentAt.Truncate(time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages[m.ID] = &message{Message: m}
	return m
}

// Recalled says whether the message with this ID was on the server and has been recalled.
func (s *Server) Recalled(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.messages[id]
	return ok && m.recalled
}

// RemoveMember makes accid leave the team tid, after which the messages that they sent there can't be
// recalled: code 403. Until then every sender counts as a member.
func (s *Server) RemoveMember(tid, accid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed[membership{tid: tid, accid: accid}] = true
}

// recall is POST /nimserver/msg/recall.action, https://doc.commsease.com/en/messaging/docs/zE1NjUyNDg.
func (s *Server) recall(r *http.Request) string {
	// What can't be decoded counts as missing; NetEase does not document an answer of its own to it.
	_ = r.ParseForm()
	form := r.PostForm
	if body := checkForm(form); body != "" {
		return body
	}
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.messages[form.Get("deleteMsgid")]
	if !ok || m.recalled || !m.matches(form) {
		return success
	}
	if m.Type == TypeTeam && s.removed[membership{tid: m.To, accid: m.From}] {
		return senderNotInTeam
	}
	if now.Sub(m.SentAt) > s.limit(form) {
		return windowOver
	}
	m.recalled = true
	return success
}

func (s *Server) limit(form url.Values) time.Duration {
	if form.Get("ignoreTime") == "1" {
		return ignoreTimeLimit
	}
	return s.Window
}

// matches ignores a timetag that was not given: the page calls it optional.
func (m *message) matches(form url.Values) bool {
	timetag := form.Get("timetag")
	return form.Get("from") == m.From && form.Get("to") == m.To && form.Get("type") == strconv.Itoa(m.Type) &&
		(timetag == "" || timetag == strconv.FormatInt(m.SentAt.UnixMilli(), 10))
}

// checkForm returns the body of the refusal, or "" if the parameters are in order. The order of the checks
// is not documented.
func checkForm(form url.Values) string {
	switch {
	case form.Get("deleteMsgid") == "":
		return noMessageID
	case !isTimetag(form.Get("timetag")):
		return badTimetag
	case form.Get("type") != strconv.Itoa(TypeP2P) && form.Get("type") != strconv.Itoa(TypeTeam):
		return badType
	case form.Get("from") == "" || form.Get("to") == "":
		return noAccount
	case form.Get("ignoreTime") != "" && form.Get("ignoreTime") != "1":
		return badIgnoreTime
	case !lengthsOK(form):
		return badLength
	}
	return ""
}

func isTimetag(timetag string) bool {
	_, err := strconv.ParseInt(timetag, 10, 64)
	return timetag == "" || err == nil
}

// lengthsOK counts characters, as NetEase's limits do. Sources differ on payload, 2000 or 2048: the larger
// number is the one that no right client can exceed. pushcontent has no entry because the server cuts it
// off at 500 instead of refusing it.
func lengthsOK(form url.Values) bool {
	for name, limit := range map[string]int{"msg": 128, "payload": 2048, "env": 32, "attach": 5000} {
		if utf8.RuneCountInString(form.Get(name)) > limit {
			return false
		}
	}
	return true
}
