package neteasetest

import (
	"net/http"
	"strconv"
)

// How delMsgOneWay.action numbers the types.
const (
	oneWayP2P  = 13
	oneWayTeam = 14
)

// oneWay is POST /nimserver/msg/delMsgOneWay.action, https://doc.commsease.com/en/messaging/docs/zE1NjUyNDg.
func (s *Server) oneWay(r *http.Request) string {
	form := formOf(r)
	if body := checkMessage(form, oneWayP2P, oneWayTeam); body != "" {
		return body
	}
	if tooLong(form, "msg", 128) {
		return badLength
	}
	typ := TypeP2P
	if form.Get("type") == strconv.Itoa(oneWayTeam) {
		typ = TypeTeam
	}
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.find(form.Get("deleteMsgid"), typ, form.Get("from"), form.Get("to"), form.Get("timetag"))
	switch {
	case m == nil:
		return success
	case now.Sub(m.SentAt) > beyondWindow:
		return windowOver
	}
	m.fate = FateRecalledOneWay
	return success
}
