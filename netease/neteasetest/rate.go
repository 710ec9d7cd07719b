package neteasetest

import (
	"time"

	"github.com/imrecall/imrecall/internal/emulator"
)

// block is for how long an API stays closed to an application that was too fast,
// https://doc.commsease.com/en/messaging/docs/zE1NjUyNDg.
const block = 10 * time.Second

const deleteMessageAPI = "POST /msg/delMsg.action"

// admit says whether RateLimit and DeleteLimit leave room for one more call to an API. That the second and the minute
// are any, and that calls during the block do not prolong it, is not documented.
func (s *Server) admit(api string) bool {
	if !s.control.Admit(api, emulator.Rate{Calls: s.RateLimit, Per: time.Second, Block: block}) {
		return false
	}
	// https://doc.commsease.com/en/messaging/server-apis/Dg5OTcwMDk?platform=server
	return api != deleteMessageAPI ||
		s.control.Admit(api+" a minute", emulator.Rate{Calls: s.DeleteLimit, Per: time.Minute, Block: block})
}
