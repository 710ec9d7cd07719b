package netease

import (
	"context"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// DeleteBroadcast deletes a broadcast message from the server. broadcastID is
// the id that the vendor gave it, a positive number.
//
// A success is [recall.Accepted]: what the vendor answers for a broadcast that
// does not exist is not documented.
//
// POST history/delBroadcastMsgById.action, 100 calls a second for each
// application:
// https://doc.yunxin.163.com/messaging/server-apis/Dg1NDYxNTM?platform=server
func (c *Client) DeleteBroadcast(ctx context.Context, broadcastID string) (recall.Receipt, error) {
	if err := positiveID("broadcastID", broadcastID); err != nil {
		return recall.Receipt{}, c.refused(opBroadcast, err)
	}
	call := rest.Call{Op: opBroadcast, MessageID: broadcastID, Messages: 1}
	return c.post(ctx, call, pathBroadcast, fields("broadcastId", broadcastID))
}

const (
	opBroadcast   = "delete_broadcast"
	pathBroadcast = "/history/delBroadcastMsgById.action"
)
