package netease

import (
	"context"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// SuperTeamParams are the parameters of a recall in a super-team, in the
// vendor's terms, which are not quite those of RecallParams. Limits are in
// characters.
type SuperTeamParams struct {
	// DeleteMsgID is the server's id of the message, a positive number of up
	// to 19 digits. Required.
	DeleteMsgID string

	// TimeTag is when the message was sent, by the server's clock, in
	// milliseconds since 1970. Required.
	TimeTag int64

	// From is the accid of the message's sender, at most 32. Required.
	From string

	// To is the tid of the super-team. Required.
	To string

	// Msg is the notice that the clients show. Older documents list it without
	// a limit; the vendor's Java SDK does not.
	Msg string

	// IgnoreTime recalls past the window set in the console. False sends
	// nothing, for which the vendor's default is "0".
	IgnoreTime bool

	// PushContent is the text of a push notification, at most 500.
	PushContent string

	// PushPayload is the JSON payload of a push notification, at most 2,048
	// by the vendor's Java SDK and "2k" by older documents.
	PushPayload string
}

func (p SuperTeamParams) validate() *recall.Error {
	return rest.First(
		positiveID("DeleteMsgID", p.DeleteMsgID),
		accountID("From", p.From),
		rest.Required("To", p.To),
		requiredTime("TimeTag", p.TimeTag),
		rest.UTF8("Msg", p.Msg),
		rest.AtMost("PushContent", p.PushContent, 500),
		payload("PushPayload", p.PushPayload),
	)
}

func (p SuperTeamParams) form() []byte {
	return fields(
		"deleteMsgid", p.DeleteMsgID, "timetag", digits(p.TimeTag), "from", p.From, "to", p.To, "msg", p.Msg,
		"ignoreTime", flag(p.IgnoreTime), "pushContent", p.PushContent, "pushPayload", p.PushPayload,
	)
}

// RecallSuperTeam recalls a message in a super-team for everyone.
//
// A success is [recall.Accepted]: what the vendor answers for a message that
// does not exist is not documented for this call, and Recall answers 200.
//
// POST superteam/recallMsg.action, 100 calls a second for each application:
// https://doc.yunxin.163.com/messaging/docs/DE3NDM4NTc?platform=server
func (c *Client) RecallSuperTeam(ctx context.Context, p SuperTeamParams) (recall.Receipt, error) {
	if err := p.validate(); err != nil {
		return recall.Receipt{}, c.refused(opSuperTeam, err)
	}
	return p.send(ctx, c)
}

// send sends what has been checked.
func (p SuperTeamParams) send(ctx context.Context, c *Client) (recall.Receipt, error) {
	return c.post(ctx, rest.Call{Op: opSuperTeam, MessageID: p.DeleteMsgID, Messages: 1}, pathSuperTeam, p.form())
}

const (
	opSuperTeam   = "recall_super_team"
	pathSuperTeam = "/superteam/recallMsg.action"
)
