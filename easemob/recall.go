package easemob

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
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
	// vendor's documents disagree on whether it may be left out. Agora Chat's
	// force is weaker, see [DialectAgora].
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
	return c.recall(ctx, p)
}

const (
	opRecall  = "recall"
	apiRecall = "messages/msg_recall"
)

// recall sends what has been checked.
func (c *Client) recall(ctx context.Context, p RecallParams) (recall.Receipt, error) {
	return c.do(ctx, rest.Call{
		Op:        opRecall,
		MessageID: p.MsgID,
		Messages:  1,
		Quotas:    c.recallQuotas,
		Build: func(context.Context) (*rest.Request, error) {
			return c.postJSON(c.recallPath, &p)
		},
		Decode: p.decode,
	})
}

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
type recallItems struct {
	list []recallItem
	one  [1]recallItem // room for the one that there is nearly always
}

// UnmarshalJSON reads an object or an array of objects.
func (items *recallItems) UnmarshalJSON(data []byte) error {
	if items.list != nil {
		return errors.New("a key is given twice") // json would take the last
	}
	if bytes.HasPrefix(data, []byte("[")) {
		var list []recallItem // a new one: json would leave in the old one's items what the new ones lack
		err := json.Unmarshal(data, &list)
		items.list = list
		return err
	}
	if err := items.one[0].read(data); err != nil {
		return err
	}
	items.list = items.one[:]
	return nil
}

// read reads one item.
func (item *recallItem) read(data []byte) error {
	flat, err := rest.Flat(data, func(key, value []byte) error {
		switch string(key) {
		case "msg_id":
			return item.MsgID.UnmarshalJSON(value)
		case "recalled":
			if string(value) == `"yes"` && item.Recalled == "" { // nearly always, and without an allocation
				item.Recalled = "yes"
				return nil
			}
			return item.Recalled.UnmarshalJSON(value)
		}
		return nil
	})
	if flat {
		return err
	}
	*item = recallItem{}
	return json.Unmarshal(data, item)
}

// decode reads the answer to the recall that p asked for.
func (p *RecallParams) decode(a rest.Answer) (rest.Verdict, error) {
	items, err := itemsOf(a)
	if err != nil {
		return rest.Verdict{}, err
	}
	fate := fateOf(items, a, wanted{p.MsgID, p.Force}, true)
	if fate.Err != nil {
		return rest.Verdict{}, fate.Err
	}
	return fate.Verdict, nil
}

// itemsOf reads what an answer says of each message, or the error that the
// answer is as a whole. The old page has a list of failures under a 200, and
// says elsewhere that a recall that failed is a 403: both are read.
func itemsOf(a rest.Answer) ([]recallItem, error) {
	var body recallAnswer
	parsed := json.Unmarshal(a.Body, &body)
	items := append(body.Data.list, body.Msgs.list...)
	if parsed == nil && a.Status == http.StatusForbidden && (body.errorBody == errorBody{}) && len(items) > 0 {
		return items, nil
	}
	if err := refusal(a, parsed, body.errorBody); err != nil {
		return nil, err
	}
	return items, nil
}

// fateOf returns what the items say of one message. An item that names none is
// taken for it only where it is the only one, and so is the message.
func fateOf(items []recallItem, a rest.Answer, msg wanted, only bool) rest.Fate {
	var about []recallItem
	for _, item := range items {
		if string(item.MsgID) == msg.id && !slices.Contains(about, item) {
			about = append(about, item)
		}
	}
	switch {
	case len(about) > 1:
		return rest.Fate{Err: rest.Unreadable(a, "the answer contradicts itself about the message")}
	case len(about) == 1:
		return about[0].fate(a, msg.force)
	}
	if only && len(items) == 1 && items[0].MsgID == "" && items[0].Recalled != "" {
		return items[0].fate(a, msg.force)
	}
	return rest.Fate{Err: rest.Unreadable(a, "the answer does not speak of the message")}
}

func (item recallItem) fate(a rest.Answer, force bool) rest.Fate {
	yes := item.Recalled == "yes" || item.Recalled == "true"
	switch {
	case yes && a.Status != http.StatusOK:
		return rest.Fate{Err: rest.Unreadable(a, "the answer says yes under a status that says no")}
	case !yes:
		return rest.Fate{Err: classifyRecalled(a, string(item.Recalled))}
	case force:
		return rest.Fate{Verdict: rest.Verdict{Outcome: recall.Accepted, Code: string(item.Recalled)}}
	}
	return rest.Fate{Verdict: rest.Verdict{Outcome: recall.Recalled, Code: string(item.Recalled)}}
}
