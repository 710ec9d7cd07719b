package easemobtest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxRoamingIDs is how many messages one call deletes at most.
const maxRoamingIDs = 50

type roamingAnswer struct {
	RequestStatusCode string `json:"requestStatusCode"`
	Timestamp         int64  `json:"timestamp"`
}

// deletion is one of the five ways to delete roaming messages: it returns which messages the user loses.
type deletion func(user string, query url.Values) (func(*message) bool, *failure)

// roaming serves one of them. All have the same answer, without the envelope:
//   - https://doc.easemob.com/document/server-side/message_delete_roam_single_msgid.html
//   - https://doc.easemob.com/document/server-side/message_delete_roam_group_room_msgid.html
//   - https://doc.easemob.com/document/server-side/message_delete_roam_user.html
//   - https://doc.easemob.com/document/server-side/message_delete_roam_single_time.html
//   - https://doc.easemob.com/document/server-side/message_delete_roam_group_room_time.html
//
// Not documented, and so guessed: that ids of messages that are not in the chat are passed over, and that a
// parameter of the wrong form is answered like a missing one, also on the pages that don't have that error.
func (s *Server) roaming(which deletion) endpoint {
	return func(r *http.Request) (any, *failure) {
		if s.RoamingUnopened {
			return nil, badRequest("service open exception", "this appKey not open message roaming")
		}
		query, err := url.ParseQuery(r.URL.RawQuery)
		notify := query.Get("isNotify")
		if err != nil || notify != "" && notify != "true" && notify != "false" {
			return nil, badRequest("Bad Request", "Bad Request")
		}
		user := r.PathValue("userId")
		lost, fail := which(user, query)
		if fail != nil {
			return nil, fail
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.deleteWhere(user, lost)
		return roamingAnswer{RequestStatusCode: "ok", Timestamp: s.Now().UnixMilli()}, nil
	}
}

func badRequest(code, description string) *failure {
	return &failure{status: http.StatusBadRequest, code: code, description: description}
}

func (s *Server) chatByID(user string, query url.Values) (func(*message) bool, *failure) {
	ids, fail := listed(query)
	peer := query.Get("userId")
	if fail == nil && peer == "" {
		fail = badRequest("Bad Request", "Bad Request")
	}
	return func(m *message) bool { return m.between(user, peer) && ids[m.ID] }, fail
}

func (s *Server) groupByID(_ string, query url.Values) (func(*message) bool, *failure) {
	ids, fail := listed(query)
	group := query.Get("groupId")
	if fail == nil && group == "" {
		fail = badRequest("Bad Request", "Bad Request")
	}
	return func(m *message) bool { return m.isIn(group) && ids[m.ID] }, fail
}

// allOfUser: the emulator does not know who is in a group, and takes everyone to be.
func (s *Server) allOfUser(user string, _ url.Values) (func(*message) bool, *failure) {
	return func(m *message) bool {
		return m.Chat != "chat" || strings.EqualFold(m.From, user) || strings.EqualFold(m.To, user)
	}, nil
}

func (s *Server) chatByTime(user string, query url.Values) (func(*message) bool, *failure) {
	until, fail := delTime(query)
	peer := query.Get("userId")
	if fail == nil && peer == "" {
		fail = badRequest("Bad Request", "Bad Request")
	}
	return func(m *message) bool { return m.between(user, peer) && m.SentAt.UnixMilli() <= until }, fail
}

func (s *Server) groupByTime(_ string, query url.Values) (func(*message) bool, *failure) {
	until, fail := delTime(query)
	group := query.Get("groupId")
	if fail == nil && group == "" {
		fail = badRequest("Bad Request", "Bad Request")
	}
	return func(m *message) bool { return m.isIn(group) && m.SentAt.UnixMilli() <= until }, fail
}

// listed reads the ids of a query.
func listed(query url.Values) (map[string]bool, *failure) {
	list := query.Get("msgIdList")
	if list == "" {
		return nil, badRequest("Bad Request", "Bad Request")
	}
	words := strings.Split(list, ",")
	if len(words) > maxRoamingIDs {
		return nil, badRequest("param exception", "delete msg list limit can not greater than 50")
	}
	ids := make(map[string]bool, len(words))
	for _, id := range words {
		ids[id] = true
	}
	return ids, nil
}

func delTime(query url.Values) (int64, *failure) {
	until, err := strconv.ParseInt(query.Get("delTime"), 10, 64)
	if err != nil {
		return 0, badRequest("Bad Request", "Bad Request")
	}
	return until, nil
}

// between says whether the message is of the one-to-one chat of two users.
func (m *message) between(a, b string) bool {
	return m.Chat == "chat" && (strings.EqualFold(m.From, a) && strings.EqualFold(m.To, b) ||
		strings.EqualFold(m.From, b) && strings.EqualFold(m.To, a))
}

// isIn says whether the message is of that group or chat room.
func (m *message) isIn(id string) bool { return m.Chat != "chat" && m.To == id }

// deleteWhere takes from user the messages that lost names. The caller holds the mutex.
func (s *Server) deleteWhere(user string, lost func(*message) bool) {
	for _, m := range s.messages {
		if lost(m) {
			m.lostBy[strings.ToLower(user)] = true
		}
	}
}

// DeletedFor says whether the message with this ID was on the server and user has lost it, by a deletion of roaming
// messages or of a conversation together with these. Other users still have it.
func (s *Server) DeletedFor(user, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, known := s.messages[id]
	return known && m.lostBy[strings.ToLower(user)]
}
