package netease

import (
	"errors"
	"net/http"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// decodeV2 reads an answer to a two-way recall through v2.
//
// Its success is proof: 107404 (message not exist) is in the vendor's list of
// codes, and v2 was seen to answer so to a query for an unknown message at the
// same path. It is proof with ignore_revoke_time too: that flag is documented
// as lifting the check of the time and nothing else, so the vendor still has
// to find what it recalls. Were a yes to an unknown message ever seen with the
// flag, it would have to become recall.Accepted, and with it
// Capabilities.ForcedSuccess.
//
// https://doc.yunxin.163.com/messaging2/server-apis/jAwNTEzODQ?platform=server
func decodeV2(a rest.Answer) (rest.Verdict, error) { return readV2(a, recall.Recalled) }

// decodeV2NotForAll reads an answer to a one-way recall or to a deletion,
// whose success leaves the message with some.
func decodeV2NotForAll(a rest.Answer) (rest.Verdict, error) { return readV2(a, recall.Accepted) }

// readV2 takes a 404 under the HTTP status 404 for an unknown path, and not for
// an unknown message: what v2 itself refuses comes under 200, and a wrong base
// URL must not make anyone believe that messages are gone.
func readV2(a rest.Answer, success recall.Outcome) (rest.Verdict, error) {
	verdict, err := decode(a, success, kindOfV2)
	var refusal *recall.Error
	if errors.As(err, &refusal) && refusal.Code == "404" && a.Status == http.StatusNotFound {
		refusal.Kind = recall.ErrMisconfigured
		refusal.Err = errors.New("the server does not know the path; see netease.HostV2China on the two forms of the base URL")
	}
	return verdict, err
}

// kindOfV2 gives the meaning of a code of v2: resource numbers from 101 to 117
// before three digits, and general codes, which are those of v1 but for some.
// Which of them the recall is answered with is not documented, so all that may
// be are here. Not among them are 191001 to 195002, which clients make up for
// themselves.
//
// https://doc.yunxin.163.com/messaging2/client-apis/DUxNjU3MzU?platform=client
func kindOfV2(code, text string) recall.Kind {
	switch code {
	case "107404", "111404": // message, broadcast
		return recall.ErrNotFound
	case "108404", "110404", "113404": // team, conversation, chat room: a wrong one must not look like finished work
		return recall.ErrInvalidRequest
	case "107314":
		return recall.ErrWindowExpired
	case "107301", "107303", "107315", "107328", "107429", // of third parties, not sender or manager, to oneself
		"107451", "108451", // caught by moderation
		"102421", "102422", "102426", "102434", // muted, banned, blocked, too many accounts
		"108423", "113406", // all muted, room closed
		"463": // the application's callback said no
		return recall.ErrForbidden
	case "102404", "109404", "114404", // no account or member any more
		"109427", "109432", "113428", "114427", "114432": // not in the role
		// It is the sender who is gone, not the message: ErrNotFound would let a
		// caller take it for recalled.
		return recall.ErrForbidden
	case "101301", "107335", "107410", "108311", "111410", "113410", "997": // switched off; no permission for the call
		return recall.ErrNotEnabled
	case "101302", "101303", "101304", "101305": // address, AppKey, bundle id, way to authenticate
		return recall.ErrMisconfigured
	case "102302": // token
		return recall.ErrUnauthorized
	case "107439", "108302", "110302": // time range, type of team, conversation of another account
		return recall.ErrInvalidRequest
	case "398", "107323", "107449": // temporarily forbidden, message rate, the same message too often
		return recall.ErrRateLimited
	case "449", "102449", "108449", "109449", "110449", "114449", // need to be repeated
		"399", "511", "599", "190001", "190002": // unit error, unreachable, dropped by a rule of the server's, internal
		return recall.ErrUnavailable
	}
	return kindOf(code, text)
}
