package neteasetest

import (
	"net/http"
	"time"
)

// recallSuperTeam is POST /nimserver/superteam/recallMsg.action,
// https://doc.yunxin.163.com/messaging/docs/DE3NDM4NTc?platform=server. The page itself is not at hand: the
// parameters are those of the vendor's Java SDK and of a copy of the documents of 2021.
func (s *Server) recallSuperTeam(r *http.Request) string {
	form := formOf(r)
	if body := checkMessage(form); body != "" {
		return body
	}
	ignoreTime := form.Get("ignoreTime")
	switch {
	case form.Get("timetag") == "":
		return badTimetag
	case ignoreTime != "" && !isOneOf(ignoreTime, 0, 1):
		return badIgnoreTime
	case tooLong(form, "from", 32), tooLong(form, "pushPayload", maxPayload):
		return badLength
	}
	return s.settle(r.Context(), func(now time.Time) (string, *message) {
		m := s.find(form.Get("deleteMsgid"), TypeSuperTeam, form.Get("from"), form.Get("to"), form.Get("timetag"))
		switch {
		case m == nil:
			return success, nil
		case now.Sub(m.SentAt) > s.limit(ignoreTime == "1"):
			return windowOver, nil
		}
		m.fate = FateRecalled
		return success, m
	})
}
