package goeasy

import (
	"context"
	"encoding/json"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// RecallMessage recalls one message, as [recall.Provider] says. It maps the
// request onto [Client.Recall]:
//
//	Request     wire               rule
//	Chat        -                  direct or group
//	From        userAId            required where Chat is direct
//	To          userBId, groupId   required
//	SentAt      messages           required, in whole milliseconds: it is what the message is found by
//	Operator    recaller.id
//	Extension   recaller.data      as a JSON string
//	MessageID, Reason, Force, Ref  not sent: the vendor's call knows no id, no notice and no window
func (c *Client) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	p, err := paramsOf(req)
	if err != nil {
		return recall.Receipt{}, c.rest.Refused(opRecall, err)
	}
	return c.recall(ctx, p, req.MessageID)
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
		Needs:          []string{"Chat", "To", "SentAt"},
		NeedsDirect:    []string{"From"},
		Sends:          []string{"Operator", "Extension"},
		Batch:          MaxMessages,
		CallsPerSecond: c.rest.Pace(c.quota(apiRecall)),
		Success:        recall.Accepted,
		ForcedSuccess:  recall.Accepted,
	}
}

// paramsOf maps a request onto the vendor's parameters, or says which field
// of the request can't be.
func paramsOf(req recall.Request) (RecallParams, *recall.Error) {
	var p RecallParams
	if err := rest.First(rest.Chat(req.Chat), rest.Required("To", req.To)); err != nil {
		return p, err
	}
	switch req.Chat {
	case recall.ChatDirect:
		if err := rest.Required("From", req.From); err != nil {
			return p, err
		}
		p.UserAID, p.UserBID = req.From, req.To
	case recall.ChatGroup:
		p.GroupID = req.To
	default:
		return p, rest.Unsupported("is " + string(req.Chat) + ", which GoEasy can't recall from: it recalls direct and group messages")
	}
	ms, err := rest.Millis("SentAt", req.SentAt)
	if err != nil {
		return p, err
	}
	p.Messages = []int64{ms}
	p.Recaller, err = recallerOf(req)
	return p, err
}

func recallerOf(req recall.Request) (*Recaller, *recall.Error) {
	if err := rest.First(rest.UTF8("Operator", req.Operator), rest.UTF8("Extension", req.Extension)); err != nil {
		return nil, err
	}
	if req.Operator == "" && req.Extension == "" {
		return nil, nil
	}
	recaller := &Recaller{ID: req.Operator}
	if req.Extension != "" {
		recaller.Data, _ = json.Marshal(req.Extension) // a string always marshals
	}
	return recaller, nil
}
