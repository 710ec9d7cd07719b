package easemob

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// ConversationParams are the parameters of the deletion of a conversation, and
// but for Username its body on the wire.
type ConversationParams struct {
	// Username is the user who loses the conversation. Required.
	Username string `json:"-"`

	// Channel is the conversation: the other user, or the group. Required.
	Channel string `json:"channel"`

	// Type is ChatTypeChat or ChatTypeGroupChat. Required.
	Type string `json:"type"`

	// DeleteRoam tells whether the user loses the roaming messages of the
	// conversation too.
	DeleteRoam bool `json:"delete_roam"`
}

func (p ConversationParams) validate() *recall.Error {
	if err := rest.First(
		pathParam("Username", p.Username), rest.Required("Channel", p.Channel), rest.Required("Type", p.Type),
	); err != nil {
		return err
	}
	if p.Type != ChatTypeChat && p.Type != ChatTypeGroupChat {
		return recall.Invalid("Type", "is neither chat nor groupchat")
	}
	return nil
}

// pathParam checks an id that becomes part of the path. A proxy that resolves
// dots or slashes would turn the call into another one.
func pathParam(field, value string) *recall.Error {
	if value == "." || value == ".." || strings.ContainsAny(value, `/\`) {
		return recall.Invalid(field, "can't be part of a path")
	}
	return rest.Required(field, value)
}

// DeleteConversation deletes a conversation for one user: Username does not see
// it on the server any more, and everybody else does. The receipt has no
// Outcome, as no message is recalled.
//
// Besides the application's limit there is one of 5 calls a minute for each
// user, of which the calls of the user's own devices are part. So a call may
// have to wait for a minute: give it a ctx with a deadline.
//
// DELETE /{org}/{app}/users/{username}/user_channel, 5 calls a minute for each
// user and 100 a second for each App Key:
// https://doc.easemob.com/document/server-side/conversation_delete.html
func (c *Client) DeleteConversation(ctx context.Context, p ConversationParams) (recall.Receipt, error) {
	if err := p.validate(); err != nil {
		return recall.Receipt{}, c.rest.Refused(opConversation, err)
	}
	return c.do(ctx, rest.Call{
		Op:     opConversation,
		Quotas: []recall.Quota{c.userQuota(apiConversation, p.Username), c.quota(apiConversation)},
		Build: func(context.Context) (*rest.Request, error) {
			return c.withJSON(http.MethodDelete, c.root+"/users/"+url.PathEscape(p.Username)+"/user_channel", p)
		},
		Decode: decodeConversation,
	})
}

const (
	opConversation  = "delete_conversation"
	apiConversation = "users/user_channel"
)

// userQuota is the limit of one API for one user. User IDs mean the same in
// upper and lower case.
//
// https://doc.easemob.com/product/limitationapi.html
func (c *Client) userQuota(api, user string) recall.Quota {
	q := c.quota(api)
	return recall.Quota{Key: q.Key + "/" + strings.ToLower(user), Calls: 5, Per: time.Minute}
}

// conversationAnswer is the answer to the deletion of a conversation.
type conversationAnswer struct {
	Data struct {
		Result rest.Text `json:"result"`
	} `json:"data"`
	errorBody
}

func decodeConversation(a rest.Answer) (rest.Verdict, error) {
	var body conversationAnswer
	if err := refusal(a, json.Unmarshal(a.Body, &body), body.errorBody); err != nil {
		return rest.Verdict{}, userUnknown(err, "Username")
	}
	if body.Data.Result != "ok" {
		return rest.Verdict{}, rest.Unreadable(a, "the answer does not say whether the conversation was deleted")
	}
	return rest.Verdict{Code: "ok"}, nil
}
