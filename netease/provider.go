package netease

import (
	"context"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// RecallMessage recalls one message, as [recall.Provider] says. It maps the
// request onto [Client.Recall]:
//
//	Request     wire          rule
//	MessageID   deleteMsgid   required, a number
//	Chat        type          direct (7) or group (8)
//	From        from          required
//	To          to            required
//	SentAt      timetag       optional, in whole milliseconds
//	Reason      msg           at most 128 characters
//	Force       ignoreTime    reaches back 30 days
//	Extension   attach        at most 5,000 characters
//	Operator, Ref             not sent: the vendor's call has no operator
func (c *Client) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	p, err := paramsOf(req)
	if err != nil {
		return recall.Receipt{}, c.rest.Refused(opRecall, err)
	}
	return c.Recall(ctx, p)
}

// ValidateRequest implements [recall.Validator].
func (c *Client) ValidateRequest(req recall.Request) error {
	if _, err := paramsOf(req); err != nil {
		return c.rest.Refused(opRecall, err)
	}
	return nil
}

// Capabilities implements [recall.Capable].
func (c *Client) Capabilities() recall.Capabilities {
	return recall.Capabilities{
		Vendor:         vendor,
		Chats:          []recall.ChatType{recall.ChatDirect, recall.ChatGroup},
		Needs:          []string{"MessageID", "Chat", "From", "To"},
		Sends:          []string{"SentAt", "Reason", "Force", "Extension"},
		CallsPerSecond: c.rest.Pace(c.quota(pathRecall)),
		Force:          true,
		Success:        recall.Accepted,
		ForcedSuccess:  recall.Accepted,
	}
}

// paramsOf maps a request onto the vendor's parameters, or says which field
// of the request can't be.
func paramsOf(req recall.Request) (RecallParams, *recall.Error) {
	typ, err := typeOf(req.Chat)
	if err != nil {
		return RecallParams{}, err
	}
	p := RecallParams{
		DeleteMsgID: req.MessageID, Type: typ, From: req.From, To: req.To,
		Msg: req.Reason, IgnoreTime: req.Force, Attach: req.Extension,
	}
	if !req.SentAt.IsZero() {
		if p.TimeTag, err = rest.Millis("SentAt", req.SentAt); err != nil {
			return RecallParams{}, err
		}
	}
	if err := p.validate(); err != nil {
		err.Field = requestField(err.Field)
		return RecallParams{}, err
	}
	return p, nil
}

// requestField names the field of a request that a parameter was taken from.
func requestField(param string) string {
	switch param {
	case "DeleteMsgID":
		return "MessageID"
	case "Msg":
		return "Reason"
	case "Attach":
		return "Extension"
	}
	return param
}

func typeOf(chat recall.ChatType) (int, *recall.Error) {
	if err := rest.Chat(chat); err != nil {
		return 0, err
	}
	switch chat {
	case recall.ChatDirect:
		return TypeP2P, nil
	case recall.ChatGroup:
		return TypeTeam, nil
	default:
		return 0, rest.Unsupported("is " + string(chat) + ", which msg/recall.action does not reach: it recalls direct and group messages")
	}
}
