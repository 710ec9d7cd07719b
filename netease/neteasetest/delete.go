package neteasetest

import (
	"net/http"
	"strconv"
)

// deleteMessage is POST /nimserver/msg/delMsg.action,
// https://doc.commsease.com/en/messaging/server-apis/Dg5OTcwMDk?platform=server.
func (s *Server) deleteMessage(r *http.Request) string {
	form := formOf(r)
	if body := checkMessage(form, TypeP2P, TypeTeam); body != "" {
		return body
	}
	if form.Get("timetag") == "" { // required here
		return badTimetag
	}
	typ, _ := strconv.Atoi(form.Get("type"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.find(form.Get("deleteMsgid"), typ, form.Get("from"), form.Get("to"), form.Get("timetag")); m != nil {
		m.fate = FateDeleted
	}
	return success
}
