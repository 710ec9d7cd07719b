package neteasetest

import "net/http"

// AddBroadcast puts a broadcast message with this ID, a number, on the server.
func (s *Server) AddBroadcast(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broadcasts[id] = true
}

// HasBroadcast says whether there is a broadcast message with this ID.
func (s *Server) HasBroadcast(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broadcasts[id]
}

// delBroadcast is POST /nimserver/history/delBroadcastMsgById.action,
// https://doc.commsease.com/en/messaging/server-apis/Dg1NDYxNTM?platform=server.
func (s *Server) delBroadcast(r *http.Request) string {
	id := formOf(r).Get("broadcastId")
	if !isNumber(id) {
		return badBroadcast
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.broadcasts, id)
	return success
}
