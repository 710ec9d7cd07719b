package neteasetest

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

// recall is POST /nimserver/msg/recall.action, https://doc.commsease.com/en/messaging/docs/zE1NjUyNDg.
func (s *Server) recall(r *http.Request) string {
	form := formOf(r)
	if body := checkForm(form); body != "" {
		return body
	}
	return s.settle(r.Context(), func(now time.Time) (string, *message) {
		typ, _ := strconv.Atoi(form.Get("type"))
		m := s.find(form.Get("deleteMsgid"), typ, form.Get("from"), form.Get("to"), form.Get("timetag"))
		switch {
		case m == nil:
			return success, nil
		case m.Type == TypeTeam && s.removed[membership{tid: m.To, accid: m.From}]:
			return senderNotInTeam, nil
		case now.Sub(m.SentAt) > s.limit(form.Get("ignoreTime") == "1"):
			return windowOver, nil
		}
		m.fate = FateRecalled
		return success, m
	})
}

// settle lets apply decide under the lock what becomes of a message, and then tells of its recall, if that is what
// apply returns it for. It returns the body to answer with.
func (s *Server) settle(ctx context.Context, apply func(now time.Time) (body string, recalled *message)) string {
	now := s.Now()
	s.mu.Lock()
	body, recalled := apply(now)
	s.mu.Unlock()
	if recalled != nil {
		s.tellRecall(ctx, recalled.Message)
	}
	return body
}

// checkForm returns the body of the refusal, or "" if the parameters are in order. The order of the checks
// is not documented.
func checkForm(form url.Values) string {
	if body := checkMessage(form, TypeP2P, TypeTeam); body != "" {
		return body
	}
	switch {
	case form.Get("ignoreTime") != "" && form.Get("ignoreTime") != "1":
		return badIgnoreTime
	case tooLong(form, "msg", 128), tooLong(form, "payload", maxPayload), tooLong(form, "env", 32), tooLong(form, "attach", 5000):
		return badLength
	}
	return ""
}

// maxPayload is the larger of the two limits that sources give, 2000 and 2048: the one that no right client can
// exceed. The text of a push has no limit here because the server cuts it off at 500 instead of refusing it.
const maxPayload = 2048

// checkMessage checks what names a message in several calls of version 1. Without types the call has none.
func checkMessage(form url.Values, types ...int) string {
	switch {
	case form.Get("deleteMsgid") == "":
		return noMessageID
	case !isTimetag(form.Get("timetag")):
		return badTimetag
	case len(types) > 0 && !isOneOf(form.Get("type"), types...):
		return badType
	case form.Get("from") == "" || form.Get("to") == "":
		return noAccount
	}
	return ""
}

// formOf reads the form. What can't be decoded counts as missing; NetEase does not document an answer of its own
// to it.
func formOf(r *http.Request) url.Values {
	_ = r.ParseForm()
	return r.PostForm
}

func isOneOf(number string, numbers ...int) bool {
	for _, n := range numbers {
		if number == strconv.Itoa(n) {
			return true
		}
	}
	return false
}

func isTimetag(timetag string) bool { return timetag == "" || isNumber(timetag) }

func isNumber(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}

// tooLong counts characters, as NetEase's limits do.
func tooLong(form url.Values, name string, limit int) bool {
	return utf8.RuneCountInString(form.Get(name)) > limit
}
