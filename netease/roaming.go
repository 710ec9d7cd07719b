package netease

import (
	"context"
	"strconv"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// Values of RoamSessionParams.Type.
const (
	SessionP2P       = 1 // with one user
	SessionTeam      = 2 // of a team (group)
	SessionSuperTeam = 3 // of a super-team
)

// RoamSessionParams name a conversation as one account sees it, in the vendor's
// terms. All are required.
type RoamSessionParams struct {
	// Type is one of the Session constants. The page knows 1 and 2 and says
	// that others are answered with 414; the vendor's Java SDK knows 3 too.
	Type int

	// From is the accid whose roaming messages go, at most 32 characters.
	From string

	// To is the other user's accid, or the tid of the team or super-team.
	To string
}

func (p RoamSessionParams) validate() *recall.Error {
	if p.Type < SessionP2P || p.Type > SessionSuperTeam {
		return recall.Invalid("Type", "is none of 1 (one to one), 2 (team) and 3 (super-team)")
	}
	return rest.First(accountID("From", p.From), rest.Required("To", p.To))
}

func (p RoamSessionParams) form() []byte {
	return fields("type", strconv.Itoa(p.Type), "from", p.From, "to", p.To)
}

// DeleteRoamSession clears the roaming messages of a conversation for one of
// its accounts. It is about no single message, so the receipt has neither a
// MessageID nor an Outcome.
//
// POST msg/delRoamSession.action, 100 calls a second for each application:
// https://doc.yunxin.163.com/messaging/server-apis/DY3MTM3MjQ?platform=server
func (c *Client) DeleteRoamSession(ctx context.Context, p RoamSessionParams) (recall.Receipt, error) {
	if err := p.validate(); err != nil {
		return recall.Receipt{}, c.refused(opRoamSession, err)
	}
	return c.post(ctx, rest.Call{Op: opRoamSession, Decode: decodeRoamSession}, pathRoamSession, p.form())
}

// decodeRoamSession reads the same answer as decodeV1, without a claim about a
// message.
func decodeRoamSession(a rest.Answer) (rest.Verdict, error) {
	verdict, err := decodeV1(a)
	verdict.Outcome = ""
	return verdict, err
}

const (
	opRoamSession   = "delete_roam_session"
	pathRoamSession = "/msg/delRoamSession.action"
)
