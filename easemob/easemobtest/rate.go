package easemobtest

import (
	"net/http"
	"strings"
	"time"

	"github.com/imrecall/imrecall/internal/emulator"
)

// The limits are those of https://doc.easemob.com/product/limitationapi.html: 100 calls a second for each API and
// application, 300 for the token endpoint, and besides that 5 deletions of conversations a minute for each user. The
// page does not say what a second is, or whether a refused call counts: here it is any second, and it does not.

// admit refuses a call to an API that had as many calls as RateLimit allows.
func (s *Server) admit(api string) *failure {
	calls := s.RateLimit
	if api == "token" {
		calls *= 3
	}
	if !s.control.Admit(api, emulator.Rate{Calls: calls, Per: time.Second}) {
		return reachLimit()
	}
	return nil
}

// admitDeletion refuses the deletion of a conversation to a user who had as many as ConversationLimit allows.
func (s *Server) admitDeletion(user string) *failure {
	rate := emulator.Rate{Calls: s.ConversationLimit, Per: time.Minute}
	if !s.control.Admit("user_channel of "+strings.ToLower(user), rate) {
		return reachLimit()
	}
	return nil
}

// reachLimit: the text is the one of https://doc.easemob.com/document/server-side/error.html, where newer versions end
// in a full stop. No page prints the whole body, and none promises a Retry-After.
func reachLimit() *failure {
	return &failure{
		status:      http.StatusTooManyRequests,
		code:        "reach_limit",
		description: "This request has reached api limit",
	}
}
