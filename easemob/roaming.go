package easemob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// The deletions below take messages from one user: from the server, where that
// user's devices find older messages, and from those devices. Everybody else
// keeps them. A conversation of which no message is left leaves the user's list
// too. Roaming is an option that has to be bought ([recall.ErrNotEnabled]), and
// that of chat rooms one more.
//
// The receipts have no Outcome, as no message is recalled.

// MaxRoamingIDs is how many messages one call deletes at most. Longer lists are
// split.
const MaxRoamingIDs = 50

// RoamingChatParams are the parameters of DeleteRoamingChat.
type RoamingChatParams struct {
	UserID string   // the user who loses the messages
	PeerID string   // the other user of the chat
	MsgIDs []string // the messages, as many as there are

	// IsNotify tells whether the user's devices that are online delete the
	// messages too. Nil leaves it to the vendor, where they do.
	IsNotify *bool
}

// RoamingGroupParams are the parameters of DeleteRoamingGroup.
type RoamingGroupParams struct {
	UserID   string   // the user who loses the messages
	GroupID  string   // the group or the chat room
	MsgIDs   []string // the messages, as many as there are
	IsNotify *bool    // as in RoamingChatParams
}

// RoamingChatUntilParams are the parameters of DeleteRoamingChatUntil.
type RoamingChatUntilParams struct {
	UserID   string    // the user who loses the messages
	PeerID   string    // the other user of the chat
	DelTime  time.Time // of the newest message to delete; the vendor reckons in milliseconds
	IsNotify *bool     // as in RoamingChatParams
}

// RoamingGroupUntilParams are the parameters of DeleteRoamingGroupUntil.
type RoamingGroupUntilParams struct {
	UserID   string    // the user who loses the messages
	GroupID  string    // the group or the chat room
	DelTime  time.Time // as in RoamingChatUntilParams
	IsNotify *bool     // as in RoamingChatParams
}

// RoamingError is the error of a deletion of messages by their ids that the
// vendor did not carry out, or not to the end.
type RoamingError struct {
	Deleted []string // the vendor said yes
	Failed  []string // of the call that failed; where Err.MayHaveApplied they may be deleted all the same
	NotSent []string // no call was made about them
	Err     *recall.Error
}

// Error describes the error in one line.
func (e *RoamingError) Error() string {
	return fmt.Sprintf("%v; messages deleted: %d, failed: %d, not sent: %d", e.Err, len(e.Deleted), len(e.Failed), len(e.NotSent))
}

// Unwrap returns Err.
func (e *RoamingError) Unwrap() error { return e.Err }

// DeleteRoamingChat deletes messages of a one-to-one chat by their ids, for one
// user. Lists of more than MaxRoamingIDs are sent in several calls; the receipt
// is the last one's, with the attempts of all. An error of a call is a
// [*RoamingError], which tells what became of which message.
//
// DELETE /{org}/{app}/rest/message/roaming/chat/user/{userId}, 100 calls a
// second for each App Key:
// https://doc.easemob.com/document/server-side/message_delete_roam_single_msgid.html
func (c *Client) DeleteRoamingChat(ctx context.Context, p RoamingChatParams) (recall.Receipt, error) {
	return c.deleteByID(ctx, roamingCall{
		op: opRoaming + "_chat", api: "chat/user", user: p.UserID, field: "PeerID", key: "userId", value: p.PeerID, notify: p.IsNotify,
	}, p.MsgIDs)
}

// DeleteRoamingGroup deletes messages of a group or a chat room by their ids,
// for one user. It splits long lists and tells errors as
// [Client.DeleteRoamingChat] does.
//
// DELETE /{org}/{app}/rest/message/roaming/group/user/{userId}, 100 calls a
// second for each App Key:
// https://doc.easemob.com/document/server-side/message_delete_roam_group_room_msgid.html
func (c *Client) DeleteRoamingGroup(ctx context.Context, p RoamingGroupParams) (recall.Receipt, error) {
	return c.deleteByID(ctx, roamingCall{
		op: opRoaming + "_group", api: "group/user", user: p.UserID, field: "GroupID", key: "groupId", value: p.GroupID, notify: p.IsNotify,
	}, p.MsgIDs)
}

// DeleteRoamingAll deletes all messages and conversations of a user, for that
// user.
//
// POST /{org}/{app}/rest/message/roaming/user/{userId}/delete/all, 100 calls a
// second for each App Key:
// https://doc.easemob.com/document/server-side/message_delete_roam_user.html
func (c *Client) DeleteRoamingAll(ctx context.Context, userID string) (recall.Receipt, error) {
	r := roamingCall{op: opRoaming + "_all", method: http.MethodPost, api: "user", tail: "/delete/all", user: userID}
	if err := r.validate(c.dialect); err != nil {
		return recall.Receipt{}, c.rest.Refused(r.op, err)
	}
	return c.deleteRoaming(ctx, r)
}

// DeleteRoamingChatUntil deletes the messages of a one-to-one chat that are as
// old as DelTime or older, for one user.
//
// DELETE /{org}/{app}/rest/message/roaming/chat/user/{userId}/time, 100 calls a
// second for each App Key (the page of the limits says POST, all else DELETE):
// https://doc.easemob.com/document/server-side/message_delete_roam_single_time.html
func (c *Client) DeleteRoamingChatUntil(ctx context.Context, p RoamingChatUntilParams) (recall.Receipt, error) {
	return c.deleteUntil(ctx, roamingCall{
		op: opRoaming + "_chat_until", api: "chat/user", tail: "/time",
		user: p.UserID, field: "PeerID", key: "userId", value: p.PeerID, notify: p.IsNotify,
	}, p.DelTime)
}

// DeleteRoamingGroupUntil deletes the messages of a group or a chat room that
// are as old as DelTime or older, for one user.
//
// DELETE /{org}/{app}/rest/message/roaming/group/user/{userId}/time, 100 calls a
// second for each App Key (the page of the limits says POST, all else DELETE):
// https://doc.easemob.com/document/server-side/message_delete_roam_group_room_time.html
func (c *Client) DeleteRoamingGroupUntil(ctx context.Context, p RoamingGroupUntilParams) (recall.Receipt, error) {
	return c.deleteUntil(ctx, roamingCall{
		op: opRoaming + "_group_until", api: "group/user", tail: "/time",
		user: p.UserID, field: "GroupID", key: "groupId", value: p.GroupID, notify: p.IsNotify,
	}, p.DelTime)
}

const (
	opRoaming  = "delete_roaming"
	apiRoaming = "rest/message/roaming/"
)

// roamingCall is what the five calls have in common.
type roamingCall struct {
	op, method string // method "" for DELETE
	api, tail  string // the path before and after the user
	user       string
	field      string // of the parameters; "" for a call without a query
	key, value string // the chat, as the first part of the query
	ids        []string
	until      int64
	notify     *bool
}

func (r roamingCall) validate(d Dialect) *recall.Error {
	if err := rest.First(d.lacks(r.op), pathParam("UserID", r.user)); err != nil || r.field == "" {
		return err
	}
	return rest.Required(r.field, r.value)
}

func (r roamingCall) path() string {
	path := "/" + apiRoaming + r.api + "/" + url.PathEscape(r.user) + r.tail
	if r.field == "" {
		return path
	}
	path += "?" + r.key + "=" + escaped(r.value)
	if len(r.ids) > 0 {
		ids := make([]string, len(r.ids))
		for i, id := range r.ids {
			ids[i] = escaped(id)
		}
		path += "&msgIdList=" + strings.Join(ids, ",") // a bare comma, as on the page
	}
	if r.until > 0 {
		path += "&delTime=" + strconv.FormatInt(r.until, 10)
	}
	if r.notify != nil {
		path += "&isNotify=" + strconv.FormatBool(*r.notify)
	}
	return path
}

// escaped writes a value into a query. A space becomes %20, which means the
// same to every server, as + does not.
func escaped(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

func (c *Client) deleteRoaming(ctx context.Context, r roamingCall) (recall.Receipt, error) {
	if r.method == "" {
		r.method = http.MethodDelete
	}
	return c.do(ctx, rest.Call{
		Op:       r.op,
		Messages: len(r.ids),
		Quotas:   []recall.Quota{c.quota(apiRoaming + r.api + r.tail)},
		Build:    func(context.Context) (*rest.Request, error) { return c.bare(r.method, c.root+r.path()), nil },
		Decode:   decodeRoaming,
	})
}

func (c *Client) deleteUntil(ctx context.Context, r roamingCall, until time.Time) (recall.Receipt, error) {
	err := r.validate(c.dialect)
	r.until = until.UnixMilli()
	switch {
	case err != nil:
	case until.IsZero():
		err = recall.Invalid("DelTime", "is required")
	case r.until <= 0:
		err = recall.Invalid("DelTime", "is before 1970")
	}
	if err != nil {
		return recall.Receipt{}, c.rest.Refused(r.op, err)
	}
	return c.deleteRoaming(ctx, r)
}

func (c *Client) deleteByID(ctx context.Context, r roamingCall, ids []string) (recall.Receipt, error) {
	if err := rest.First(r.validate(c.dialect), validIDs(ids)); err != nil {
		return recall.Receipt{}, c.rest.Refused(r.op, err)
	}
	var last recall.Receipt
	for start := 0; start < len(ids); start += MaxRoamingIDs {
		r.ids = ids[start:min(start+MaxRoamingIDs, len(ids))]
		receipt, err := c.deleteRoaming(ctx, r)
		if err != nil {
			return recall.Receipt{}, unfinished(ids, start, err)
		}
		receipt.Attempts += last.Attempts
		last = receipt
	}
	return last, nil
}

func validIDs(ids []string) *recall.Error {
	if len(ids) == 0 {
		return recall.Invalid("MsgIDs", "has to hold a message id")
	}
	seen := make(map[string]bool, len(ids))
	for i, id := range ids {
		field := fmt.Sprintf("MsgIDs[%d]", i)
		if seen[id] {
			return recall.Invalid(field, "is there twice")
		}
		seen[id] = true
		if strings.Contains(id, ",") {
			return recall.Invalid(field, "holds a comma, which separates ids")
		}
		if err := rest.Required(field, id); err != nil {
			return err
		}
	}
	return nil
}

// unfinished is the error of a deletion whose call about the ids from start on
// failed.
func unfinished(ids []string, start int, err error) error {
	ids = slices.Clone(ids)
	e := &RoamingError{Deleted: ids[:start], Failed: ids[start:min(start+MaxRoamingIDs, len(ids))]}
	if !errors.As(err, &e.Err) {
		return err
	}
	if e.Err.Attempts == 0 {
		e.Failed = nil
	}
	e.NotSent = ids[start+len(e.Failed):]
	return e
}

// roamingAnswer is the answer to each of the five calls. It has no envelope.
type roamingAnswer struct {
	Status rest.Text `json:"requestStatusCode"`
	errorBody
}

func decodeRoaming(a rest.Answer) (rest.Verdict, error) {
	var body roamingAnswer
	if err := refusal(a, json.Unmarshal(a.Body, &body), body.errorBody); err != nil {
		return rest.Verdict{}, userUnknown(err, "UserID")
	}
	if body.Status != "ok" {
		return rest.Verdict{}, rest.Unreadable(a, "the answer does not say whether the messages were deleted")
	}
	return rest.Verdict{Code: "ok"}, nil
}
