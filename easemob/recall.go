package easemob

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// Values of RecallParams.ChatType.
const (
	ChatTypeChat      = "chat"      // one to one
	ChatTypeGroupChat = "groupchat" // a group
	ChatTypeChatRoom  = "chatroom"  // a chat room
)

// RecallParams are the parameters of a single recall, and its body on the
// wire.
type RecallParams struct {
	// MsgID is the message. Required.
	MsgID string `json:"msg_id"`

	// To is the recipient of the message: a user, a group or a chat room.
	// Required.
	To string `json:"to"`

	// From is the user who recalls, "admin" where it is empty. To make a
	// forced recall of an expired message reach the sender's own devices, give
	// the sender.
	From string `json:"from,omitempty"`

	// ChatType is one of the constants. Required.
	ChatType string `json:"chat_type"`

	// SyncDevice tells whether a recall in a one-to-one chat reaches all
	// online devices of the sender. Nil leaves it to the vendor, whose default
	// is true.
	SyncDevice *bool `json:"sync_device,omitempty"`

	// Force recalls a message whatever its age. It is always sent: the
	// vendor's documents disagree on whether it may be left out.
	Force bool `json:"force"`

	// ExtensionInfo travels with the recall to the clients. Its maximum length
	// is not documented.
	ExtensionInfo string `json:"recallMessageExtensionInfo,omitempty"`
}

func (p RecallParams) validate() *recall.Error {
	if err := rest.First(
		rest.Required("MsgID", p.MsgID),
		rest.Required("To", p.To),
		rest.Required("ChatType", p.ChatType),
		rest.UTF8("From", p.From),
		rest.UTF8("ExtensionInfo", p.ExtensionInfo),
	); err != nil {
		return err
	}
	switch p.ChatType {
	case ChatTypeChat, ChatTypeGroupChat, ChatTypeChatRoom:
		return nil
	}
	return recall.Invalid("ChatType", "is none of chat, groupchat and chatroom")
}

// Recall recalls one message for everyone who got it.
//
// A success without Force is [recall.Recalled]: the vendor refuses messages
// that it does not know. With Force it says yes to those too, so the outcome
// is [recall.Accepted]. Errors are *recall.Error: among others
// [recall.ErrWindowExpired] (2 minutes after sending by default, at most 7
// days, set in the console), [recall.ErrNotFound] (unknown or already
// recalled) and [recall.ErrNotEnabled] (recall is an option that has to be
// switched on).
//
// POST /{org}/{app}/messages/msg_recall, 100 calls a second for each App Key:
// https://doc.easemob.com/document/server-side/message_recall_single.html
func (c *Client) Recall(ctx context.Context, p RecallParams) (recall.Receipt, error) {
	if err := p.validate(); err != nil {
		return recall.Receipt{}, c.rest.Refused(opRecall, err)
	}
	return c.do(ctx, rest.Call{
		Op:        opRecall,
		MessageID: p.MsgID,
		Messages:  1,
		Quotas:    []recall.Quota{c.quota(apiRecall)},
		Build: func(context.Context) (*rest.Request, error) {
			return c.postJSON("/"+apiRecall, p)
		},
		Decode: p.decode,
	})
}

const (
	opRecall  = "recall"
	apiRecall = "messages/msg_recall"
)

// quota is the documented limit of one API for the application: 100 calls a
// second.
//
// https://doc.easemob.com/product/limitationapi.html
func (c *Client) quota(api string) recall.Quota {
	return recall.Quota{Key: vendor + "/" + c.appKey + "/" + api, Calls: 100, Per: time.Second}
}

// recallAnswer is the answer to a recall: data in the current API; msgs in the
// legacy one, whose form some deployments answer a single recall with.
type recallAnswer struct {
	Data recallItems `json:"data"`
	Msgs recallItems `json:"msgs"`
	errorBody
}

// recallItem is what became of one message. Recalled is "yes", a boolean in
// some deployments, or the reason why not.
type recallItem struct {
	MsgID    rest.Text `json:"msg_id"`
	Recalled rest.Text `json:"recalled"`
}

// recallItems reads one item or a list of them.
type recallItems []recallItem

// UnmarshalJSON reads an object or an array of objects.
func (items *recallItems) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		var list []recallItem // a new one: json would leave in the old one's items what the new ones lack
		err := json.Unmarshal(data, &list)
		*items = list
		return err
	}
	var one recallItem
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*items = recallItems{one}
	return nil
}

// decode reads the answer to the recall that p asked for.
func (p RecallParams) decode(a rest.Answer) (rest.Verdict, error) {
	var body recallAnswer
	err := json.Unmarshal(a.Body, &body)
	if err != nil && (body.errorBody == errorBody{}) {
		return rest.Verdict{}, rest.Unreadable(a, "the answer is not JSON of the documented form")
	}
	if err != nil || a.Status != 200 || body.Code != "" || body.Description != "" {
		return rest.Verdict{}, classify(a, body.errorBody)
	}
	item, found := p.find(append(body.Data, body.Msgs...))
	switch {
	case !found:
		return rest.Verdict{}, rest.Unreadable(a, "the answer does not speak of the message")
	case item.Recalled != "yes" && item.Recalled != "true":
		return rest.Verdict{}, classifyRecalled(a, string(item.Recalled))
	case p.Force:
		return rest.Verdict{Outcome: recall.Accepted, Code: string(item.Recalled)}, nil
	}
	return rest.Verdict{Outcome: recall.Recalled, Code: string(item.Recalled)}, nil
}

// find returns the item about the message that p names. An item that names
// none is taken for it only where it is the only one.
func (p RecallParams) find(items []recallItem) (recallItem, bool) {
	var found []recallItem
	for _, item := range items {
		if string(item.MsgID) == p.MsgID && !slices.Contains(found, item) {
			found = append(found, item)
		}
	}
	if len(found) > 0 {
		return found[0], len(found) == 1 // two that differ contradict each other
	}
	if len(items) == 1 && items[0].MsgID == "" && items[0].Recalled != "" {
		return items[0], true
	}
	return recallItem{}, false
}
