package neteasetest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The types of DELETE .../messages/{message_server_id}.
const (
	v2OneWay = 1
	v2TwoWay = 2
	v2Delete = 3
)

// pathV2 follows the base URL.
const pathV2 = "im/v2/conversations/{conversation_id}/messages/{message_server_id}"

// withdraw is DELETE /im/v2/conversations/{conversation_id}/messages/{message_server_id},
// https://doc.yunxin.163.com/messaging2/server-apis/jAwNTEzODQ?platform=server. It reads parameters from the query
// only, as the vendor's server is reported to do.
func (s *Server) withdraw(r *http.Request) string {
	query := r.URL.Query()
	conversation := strings.Split(r.PathValue("conversation_id"), "|")
	id := r.PathValue("message_server_id")
	if body := checkV2(conversation, id, query); body != "" {
		return body
	}
	return s.settle(r.Context(), func(now time.Time) (string, *message) {
		from, to, typ := conversation[0], conversation[2], typeOf(conversation[1])
		m := s.find(id, typ, from, to, query.Get("message_time"))
		checked := typ != TypeP2P && query.Get("check_team_member_valid") != "false"
		switch {
		case typ != TypeP2P && !s.teams[to]:
			return v2NoTeam, nil
		case checked && s.removed[membership{tid: to, accid: from}]:
			return v2NoMember, nil
		case m == nil:
			return v2NoMessage, nil
		case now.Sub(m.SentAt) > s.limitV2(query):
			return v2WindowOver, nil
		}
		m.fate = fateOf(query.Get("type"))
		if m.fate != FateRecalled {
			return v2Success, nil
		}
		return v2Success, m
	})
}

// checkV2 returns the body of the refusal, or "" if the parameters are in order.
func checkV2(conversation []string, id string, query url.Values) string {
	switch {
	case len(conversation) != 3 || !isOneOf(conversation[1], 1, 2, 3) || conversation[0] == "" || conversation[2] == "":
		return v2BadConversation
	case !isNumber(id):
		return v2BadMessageID
	case !isOneOf(query.Get("type"), v2OneWay, v2TwoWay, v2Delete):
		return v2BadType
	case conversation[1] == "3" && query.Get("type") != strconv.Itoa(v2TwoWay):
		return v2BadType
	case !isTimetag(query.Get("message_time")):
		return v2BadTime
	}
	return ""
}

func typeOf(conversation string) int {
	switch conversation {
	case "2":
		return TypeTeam
	case "3":
		return TypeSuperTeam
	}
	return TypeP2P
}

func fateOf(typ string) Fate {
	switch typ {
	case strconv.Itoa(v2OneWay):
		return FateRecalledOneWay
	case strconv.Itoa(v2Delete):
		return FateDeleted
	}
	return FateRecalled
}

// limitV2 takes either spelling of the flag: the vendor's changelog and SDKs differ.
func (s *Server) limitV2(query url.Values) time.Duration {
	unbound := query.Get("type") != strconv.Itoa(v2TwoWay) ||
		query.Get("ingore_revoke_time") == "1" || query.Get("ignore_revoke_time") == "1"
	return s.limit(unbound)
}
