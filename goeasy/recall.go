package goeasy

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// MaxMessages is how many messages one call recalls at most.
const MaxMessages = 20

// RecallParams are the parameters of a recall, and its body on the wire but
// for the appkey.
type RecallParams struct {
	// Recaller is who recalls, as the clients see it. Nil for nobody.
	Recaller *Recaller `json:"recaller,omitempty"`

	// UserAID and UserBID are the two users of a private chat, in either
	// order. Both, or else GroupID.
	UserAID string `json:"userAId,omitempty"`
	UserBID string `json:"userBId,omitempty"`

	// GroupID is the group of a group chat.
	GroupID string `json:"groupId,omitempty"`

	// Messages are the times of the messages on the server, in milliseconds
	// since 1970: 1 to MaxMessages, each once. The time that a client shows
	// before the server acknowledged the message is another one.
	Messages []int64 `json:"messages"`
}

// Recaller is who recalls. It appears in the recalled messages.
type Recaller struct {
	ID string `json:"id,omitempty"`

	// Data is any JSON value: the vendor's table says a string, its examples
	// are objects.
	Data json.RawMessage `json:"data,omitempty"`
}

// recallBody is the body of a recall. The key in it is the credential.
type recallBody struct {
	AppKey string `json:"appkey"`
	RecallParams
}

func (p RecallParams) validate() *recall.Error {
	if err := rest.First(
		rest.UTF8("UserAID", p.UserAID), rest.UTF8("UserBID", p.UserBID), rest.UTF8("GroupID", p.GroupID),
		p.validateChat(), p.Recaller.validate(),
	); err != nil {
		return err
	}
	if len(p.Messages) == 0 || len(p.Messages) > MaxMessages {
		return recall.Invalid("Messages", "has to hold 1 to "+strconv.Itoa(MaxMessages)+" timestamps")
	}
	seen := make(map[int64]bool, len(p.Messages))
	for _, ms := range p.Messages {
		if ms <= 0 {
			return recall.Invalid("Messages", "holds a time before 1970")
		}
		if seen[ms] {
			return recall.Invalid("Messages", "holds "+strconv.FormatInt(ms, 10)+" twice")
		}
		seen[ms] = true
	}
	return nil
}

func (p RecallParams) validateChat() *recall.Error {
	pair := p.UserAID != "" || p.UserBID != ""
	switch {
	case p.GroupID != "" && pair:
		return recall.Invalid("GroupID", "is given beside UserAID or UserBID; give a group or a pair")
	case p.GroupID != "":
		return nil
	case p.UserAID == "":
		return recall.Invalid("UserAID", "is required, or a GroupID instead of a pair")
	case p.UserBID == "":
		return recall.Invalid("UserBID", "is required")
	}
	return nil
}

func (r *Recaller) validate() *recall.Error {
	if r == nil {
		return nil
	}
	if len(r.Data) > 0 && !json.Valid(r.Data) {
		return recall.Invalid("Recaller.Data", "is not JSON")
	}
	return rest.First(rest.UTF8("Recaller.ID", r.ID), rest.UTF8("Recaller.Data", string(r.Data)))
}

// Recall recalls up to MaxMessages messages of one conversation for everyone,
// as an administrator: the vendor describes no check of the sender and no
// recall window.
//
// A success is [recall.Accepted]: the vendor gives one answer for all, and
// none about a message that does not exist. Errors are *recall.Error.
//
// POST /v2/im/history/recall:
// https://docs.goeasy.io/2.x/im/rest-api/recall
func (c *Client) Recall(ctx context.Context, p RecallParams) (recall.Receipt, error) {
	if err := p.validate(); err != nil {
		return recall.Receipt{}, c.rest.Refused(opRecall, err)
	}
	return c.recall(ctx, p, "")
}

const apiRecall = "v2/im/history/recall"

const opRecall = "recall"

// recall sends what has been checked; messageID is for the receipt.
func (c *Client) recall(ctx context.Context, p RecallParams, messageID string) (recall.Receipt, error) {
	secret := c.appKey.Use()
	return c.rest.Do(ctx, rest.Call{
		Op:        opRecall,
		MessageID: messageID,
		Messages:  len(p.Messages),
		Quotas:    c.recallQuotas,
		Build: func(ctx context.Context) (*rest.Request, error) {
			key, err := secret.Value(ctx)
			if err != nil {
				return nil, err
			}
			body, err := json.Marshal(recallBody{AppKey: key, RecallParams: p})
			if err != nil {
				return nil, err
			}
			return &rest.Request{
				Method:  http.MethodPost,
				Path:    "/" + apiRecall,
				Header:  http.Header{"Content-Type": c.contentType},
				Body:    body,
				Secrets: []string{key},
			}, nil
		},
		Decode: decode,
		Renew:  secret.Renewal(ctx),
	})
}

// quota is how fast one API is called. The vendor documents no limit: 100
// calls a second is this module's own choice, the limit of the other vendors.
func (c *Client) quota(api string) recall.Quota {
	return recall.Quota{Key: vendor + "/" + c.app + "/" + api, Calls: 100, Per: time.Second}
}
