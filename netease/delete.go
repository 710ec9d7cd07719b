package netease

import (
	"context"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// DeleteParams are the parameters of a deletion, in the vendor's terms. All
// are required.
type DeleteParams struct {
	DeleteMsgID string // the server's id of the message, a positive number of up to 19 digits
	TimeTag     int64  // when it was sent, by the server's clock, in milliseconds since 1970
	Type        int    // TypeP2P or TypeTeam
	From        string // the accid of the message's sender
	To          string // the accid of the recipient or the tid of the team
}

func (p DeleteParams) validate() *recall.Error {
	return rest.First(
		positiveID("DeleteMsgID", p.DeleteMsgID),
		rest.Required("From", p.From),
		rest.Required("To", p.To),
		requiredTime("TimeTag", p.TimeTag),
		messageType(p.Type),
	)
}

func (p DeleteParams) form() []byte {
	return fields(
		"deleteMsgid", p.DeleteMsgID, "timetag", digits(p.TimeTag), "type", strconv.Itoa(p.Type), "from", p.From, "to", p.To,
	)
}

// DeleteMessage deletes a one-to-one or team message from the server. No
// client is told, so a device that has the message may keep it: this is no
// recall. A success is [recall.Accepted].
//
// By default it makes 10 calls a minute; see Policy.Rate.
//
// POST msg/delMsg.action:
// https://doc.yunxin.163.com/messaging/server-apis/Dg5OTcwMDk?platform=server
func (c *Client) DeleteMessage(ctx context.Context, p DeleteParams) (recall.Receipt, error) {
	if err := p.validate(); err != nil {
		return recall.Receipt{}, c.refused(opDelete, err)
	}
	call := rest.Call{
		Op: opDelete, MessageID: p.DeleteMsgID, Messages: 1, Quotas: []recall.Quota{c.deleteQuota()},
	}
	return c.post(ctx, call, pathDelete, p.form())
}

// deleteQuota is the lower of two limits that the vendor gives: 10 calls a
// minute on the call's own page (of 2022), 100 a second in the list of limits
// (of later). Whoever keeps to the lower is slow at worst; whoever does not
// spends, where it is the true one, nearly all of the time blocked, 10 s after
// each excess, and calls fail. Policy.Rate of 100 is for those whose console
// shows 100; it also leaves the other calls at their documented pace.
//
// https://doc.commsease.com/en/messaging/server-apis/Dg5OTcwMDk?platform=server
// https://doc.yunxin.163.com/messaging/server-apis/zk4Mzg0MjE?platform=server
func (c *Client) deleteQuota() recall.Quota {
	q := c.quota(pathDelete)
	q.Calls, q.Per = 10, time.Minute
	return q
}

const (
	opDelete   = "delete_message"
	pathDelete = "/msg/delMsg.action"
)
