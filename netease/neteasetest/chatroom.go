package neteasetest

import "net/http"

// recallChatroom is POST /nimserver/chatroom/recall.action,
// https://doc.commsease.com/en/messaging/docs/jM2MTE5NzE?platform=server. That message copy tells of it is not
// documented.
func (s *Server) recallChatroom(r *http.Request) string {
	form := formOf(r)
	switch {
	case form.Get("msgId") == "":
		return noMessageID
	case !isNumber(form.Get("roomid")):
		return badRoom
	case !isNumber(form.Get("msgTimetag")):
		return badTimetag
	case form.Get("fromAcc") == "" || form.Get("operatorAcc") == "":
		return noAccount
	case tooLong(form, "notifyExt", 1024):
		return badLength
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.find(form.Get("msgId"), TypeChatroom, form.Get("fromAcc"), form.Get("roomid"), form.Get("msgTimetag"))
	if m != nil {
		m.fate = FateRecalled
	}
	return success
}
