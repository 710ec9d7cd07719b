package easemobtest

import (
	"net/http"
	"strings"
)

type conversationRequest struct {
	Channel    string `json:"channel"`
	Type       string `json:"type"`
	DeleteRoam *bool  `json:"delete_roam"`
}

// conversation is one that a user has lost.
type conversation struct{ user, channel string }

type conversationData struct {
	Result string `json:"result"`
}

// deleteConversation is DELETE /{org}/{app}/users/{username}/user_channel,
// https://doc.easemob.com/document/server-side/conversation_delete.html. The path in its answer lacks the user,
// as on the page.
//
// Not documented, and so guessed: the answer to another type than chat and groupchat, and that a conversation
// without messages can be deleted.
func (s *Server) deleteConversation(r *http.Request) (any, *failure) {
	req, fail := decode[conversationRequest](r)
	if fail != nil {
		return nil, fail
	}
	if fail := req.check(); fail != nil {
		return nil, fail
	}
	user := r.PathValue("username")
	if fail := s.admitDeletion(user); fail != nil {
		return nil, fail
	}
	s.mu.Lock()
	s.closed[conversation{strings.ToLower(user), req.Channel}] = true
	if *req.DeleteRoam {
		s.deleteWhere(user, func(m *message) bool {
			if req.Type == "chat" {
				return m.between(user, req.Channel)
			}
			return m.Chat == req.Type && m.To == req.Channel
		})
	}
	s.mu.Unlock()
	answer := s.envelope(r, conversationData{Result: "ok"})
	answer.Path, answer.Entities = "/users/user_channel", new([]struct{}{})
	return answer, nil
}

func (req conversationRequest) check() *failure {
	switch {
	case req.Channel == "":
		return illegalArgument("field channel cannot be null or empty")
	case req.Type == "":
		return illegalArgument("field type cannot be null or empty")
	case req.DeleteRoam == nil:
		return illegalArgument("field delete_roam cannot be null")
	case req.Type != "chat" && req.Type != "groupchat":
		return illegalArgument("this is an invalid request.")
	}
	return nil
}

// ConversationDeleted says whether user has lost the conversation with channel, which is another user or a group.
// Deleting roaming messages does not count, though it may empty a conversation.
func (s *Server) ConversationDeleted(user, channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed[conversation{strings.ToLower(user), channel}]
}
