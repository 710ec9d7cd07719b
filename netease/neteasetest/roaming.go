package neteasetest

import (
	"net/http"
	"strconv"
)

// session is a conversation as one account has it.
type session struct {
	typ      int
	from, to string
}

// delRoamSession is POST /nimserver/msg/delRoamSession.action,
// https://doc.commsease.com/en/messaging/server-apis/DY3MTM3MjQ?platform=server.
func (s *Server) delRoamSession(r *http.Request) string {
	form := formOf(r)
	switch {
	case !isOneOf(form.Get("type"), 1, 2, 3): // the page knows no 3; the vendor's Java SDK does
		return badSessionType
	case form.Get("from") == "" || form.Get("to") == "":
		return noAccount
	case tooLong(form, "from", 32):
		return badLength
	}
	typ, _ := strconv.Atoi(form.Get("type"))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cleared[session{typ: typ, from: form.Get("from"), to: form.Get("to")}] = true
	return success
}

// RoamingCleared says whether the roaming messages of a conversation of from's have been cleared. typ is 1 for one
// with a user, 2 for one of a team, 3 for one of a super-team.
func (s *Server) RoamingCleared(typ int, from, to string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cleared[session{typ: typ, from: from, to: to}]
}
