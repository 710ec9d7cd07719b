package netease

import (
	"context"
	"strconv"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// Values of OneWayParams.Type.
const (
	TypeP2POneWay  = 13 // a one-to-one message
	TypeTeamOneWay = 14 // a message in a team (group)
)

// OneWayParams are the parameters of a one-way recall, in the vendor's terms.
type OneWayParams struct {
	// DeleteMsgID is the server's id of the message, a positive number of up
	// to 19 digits. Required.
	DeleteMsgID string

	// TimeTag is when the message was sent, by the server's clock, in
	// milliseconds since 1970. As in RecallParams.
	TimeTag int64

	// Type is TypeP2POneWay or TypeTeamOneWay. Required.
	Type int

	// From is the accid of the message's sender, who keeps it. Required.
	From string

	// To is the accid of the recipient or the tid of the team. Required.
	To string

	// Msg is the notice that the clients show, at most 128 characters.
	Msg string
}

func (p OneWayParams) validate() *recall.Error {
	if err := rest.First(
		positiveID("DeleteMsgID", p.DeleteMsgID),
		rest.Required("From", p.From),
		rest.Required("To", p.To),
		rest.AtMost("Msg", p.Msg, 128),
		optionalTime("TimeTag", p.TimeTag),
	); err != nil {
		return err
	}
	if p.Type != TypeP2POneWay && p.Type != TypeTeamOneWay {
		return recall.Invalid("Type", "is neither 13 (one to one) nor 14 (team)")
	}
	return nil
}

func (p OneWayParams) form() []byte {
	return fields(
		"deleteMsgid", p.DeleteMsgID, "timetag", digits(p.TimeTag), "type", strconv.Itoa(p.Type), "from", p.From, "to", p.To,
		"msg", p.Msg,
	)
}

// RecallOneWay takes a one-to-one or team message from its recipients, up to
// 30 days back, whatever window is set in the console. The sender is told
// nothing and keeps the message. The recipients' clients need SDK 7.2.0.
//
// It also reaches the messages of those who have left the team, which Recall
// does not. A success is [recall.Accepted], as with Recall.
//
// POST msg/delMsgOneWay.action, 100 calls a second for each application:
// https://doc.yunxin.163.com/messaging/server-apis/zE1NjUyNDg?platform=server
func (c *Client) RecallOneWay(ctx context.Context, p OneWayParams) (recall.Receipt, error) {
	if err := p.validate(); err != nil {
		return recall.Receipt{}, c.refused(opOneWay, err)
	}
	return c.post(ctx, rest.Call{Op: opOneWay, MessageID: p.DeleteMsgID, Messages: 1}, pathOneWay, p.form())
}

const (
	opOneWay   = "recall_one_way"
	pathOneWay = "/msg/delMsgOneWay.action"
)
