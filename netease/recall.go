package netease

import (
	"context"
	"strconv"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// Values of RecallParams.Type and DeleteParams.Type.
const (
	TypeP2P  = 7 // a one-to-one message
	TypeTeam = 8 // a message in a team (group)
)

// RecallParams are the parameters of a recall, in the vendor's terms. Limits
// are in characters.
type RecallParams struct {
	// DeleteMsgID is the server's id of the message, a positive number of up
	// to 19 digits. Required.
	DeleteMsgID string

	// TimeTag is when the message was sent, by the server's clock, in
	// milliseconds since 1970. It is optional since 2022 and was required
	// before; give it where it is known. A wrong one may match nothing, and
	// the vendor still answers 200.
	TimeTag int64

	// Type is TypeP2P or TypeTeam. Required.
	Type int

	// From is the accid of the message's sender. Required.
	From string

	// To is the accid of the recipient or the tid of the team. Required.
	To string

	// Msg is the notice that the clients show, at most 128. The vendor puts
	// its own text where it is empty.
	Msg string

	// IgnoreTime recalls past the window set in the console, up to 30 days
	// back.
	IgnoreTime bool

	// PushContent is the text of a push notification, at most 500; the vendor
	// would cut a longer one without saying so.
	PushContent string

	// Payload is the JSON payload of a push notification. The vendor's pages
	// say 2,000 and 2,048; the larger is the limit here.
	Payload string

	// Env is the environment to which message copies of the recall go, as
	// named in the console, at most 32.
	Env string

	// Attach is an extension that travels with the recall, at most 5,000.
	Attach string
}

func (p RecallParams) validate() *recall.Error {
	if err := rest.First(
		positiveID("DeleteMsgID", p.DeleteMsgID),
		rest.Required("From", p.From),
		rest.Required("To", p.To),
		rest.AtMost("Msg", p.Msg, 128),
		rest.AtMost("PushContent", p.PushContent, 500),
		rest.AtMost("Env", p.Env, 32),
		rest.AtMost("Attach", p.Attach, 5000),
		optionalTime("TimeTag", p.TimeTag),
		payload("Payload", p.Payload),
	); err != nil {
		return err
	}
	return messageType(p.Type)
}

// form writes IgnoreTime as "1" or not at all: the vendor refuses any other
// value.
func (p RecallParams) form() []byte {
	return fields(
		"deleteMsgid", p.DeleteMsgID, "timetag", digits(p.TimeTag), "type", strconv.Itoa(p.Type), "from", p.From, "to", p.To,
		"msg", p.Msg, "ignoreTime", flag(p.IgnoreTime), "pushcontent", p.PushContent, "payload", p.Payload, "env", p.Env,
		"attach", p.Attach,
	)
}

// Recall recalls a one-to-one or team message for everyone.
//
// A success is [recall.Accepted]: the vendor answers 200 also where no message
// matches. Errors are *recall.Error: among others [recall.ErrWindowExpired] (2
// minutes after sending by default, at most 7 days, set in the console) and
// [recall.ErrForbidden] (the sender has left the team: recall first, and
// remove or ban after; RecallOneWay and RecallV2 may still reach it).
//
// POST msg/recall.action, 100 calls a second for each application, above
// which the vendor blocks it for 10 s:
// https://doc.yunxin.163.com/messaging/server-apis/zE1NjUyNDg?platform=server
func (c *Client) Recall(ctx context.Context, p RecallParams) (recall.Receipt, error) {
	if err := p.validate(); err != nil {
		return recall.Receipt{}, c.refused(opRecall, err)
	}
	return p.send(ctx, c)
}

// send sends what has been checked.
func (p RecallParams) send(ctx context.Context, c *Client) (recall.Receipt, error) {
	call := rest.Call{Op: opRecall, MessageID: p.DeleteMsgID, Messages: 1, Quotas: c.recallQuotas}
	return c.post(ctx, call, pathRecall, p.form())
}

const (
	opRecall   = "recall"
	pathRecall = "/msg/recall.action"
)
