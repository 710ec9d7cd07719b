package netease

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// Values of RecallV2Params.ConversationType.
const (
	ConversationP2P       = 1
	ConversationTeam      = 2
	ConversationSuperTeam = 3
)

// Values of RecallV2Params.Type.
const (
	RecallTypeOneWay = 1 // from the recipients only, up to 30 days back; not in super-teams
	RecallTypeTwoWay = 2 // for everyone, within the window set in the console
	RecallTypeDelete = 3 // delete without telling the clients, up to 30 days back; not in super-teams
)

// RecallV2Params are the parameters of v2's call that recalls or deletes a
// message, in the vendor's terms. No page that could be found gives limits for
// the texts.
type RecallV2Params struct {
	// SenderID is the account that sent the message, and begins the vendor's
	// conversation_id: sender|type|receiver. So it may not hold a |. Required.
	SenderID string

	// ConversationType is one of the Conversation constants. Required.
	ConversationType int

	// ReceiverID is the account or the team that the message was sent to. It
	// ends the conversation_id, and may not hold a | either. Required.
	ReceiverID string

	// MessageServerID is the server's id of the message, a positive number of
	// up to 19 digits. Required.
	MessageServerID string

	// Type is one of the RecallType constants. Required.
	Type int

	// MessageTime is when the message was sent, by the server's clock, in
	// milliseconds since 1970; it helps the vendor find the message.
	MessageTime int64

	// Description is the notice that the clients show.
	Description string

	// PushContent and PushPayload are the text and the payload of a push
	// notification, RouteEnvironment the environment to which message copies
	// go, Attach an extension that travels with the recall. The vendor has
	// these for RecallTypeTwoWay only.
	PushContent, PushPayload, RouteEnvironment, Attach string

	// IgnoreRevokeTime recalls past the window set in the console.
	IgnoreRevokeTime bool

	// SkipTeamMemberCheck sends check_team_member_valid=false, which lets the
	// call reach messages of senders who are no longer in the team.
	SkipTeamMemberCheck bool
}

func (p RecallV2Params) validate() *recall.Error {
	if err := rest.First(
		positiveID("MessageServerID", p.MessageServerID),
		conversant("SenderID", p.SenderID),
		conversant("ReceiverID", p.ReceiverID),
		optionalTime("MessageTime", p.MessageTime),
		rest.UTF8("Description", p.Description),
		p.twoWay("PushContent", p.PushContent),
		p.twoWay("PushPayload", p.PushPayload),
		p.twoWay("RouteEnvironment", p.RouteEnvironment),
		p.twoWay("Attach", p.Attach),
	); err != nil {
		return err
	}
	switch {
	case p.ConversationType < ConversationP2P || p.ConversationType > ConversationSuperTeam:
		return recall.Invalid("ConversationType", "is none of 1 (one to one), 2 (team) and 3 (super-team)")
	case p.Type < RecallTypeOneWay || p.Type > RecallTypeDelete:
		return recall.Invalid("Type", "is none of 1 (one-way recall), 2 (two-way recall) and 3 (deletion)")
	case p.Type != RecallTypeTwoWay && p.ConversationType == ConversationSuperTeam:
		return recall.Invalid("Type", "is not 2 (two-way recall), the only one that super-teams have")
	}
	return nil
}

// conversant checks a part of a conversation_id. The vendor gives no way to
// tell a | in it from the ones between the parts.
func conversant(field, id string) *recall.Error {
	if strings.Contains(id, "|") {
		return recall.Invalid(field, "holds a |, which separates the parts of a conversation_id")
	}
	return rest.Required(field, id)
}

// twoWay checks a text that the vendor takes for RecallTypeTwoWay only, and
// its SDK drops elsewhere.
func (p RecallV2Params) twoWay(field, text string) *recall.Error {
	if text != "" && p.Type != RecallTypeTwoWay {
		return recall.Invalid(field, "is for Type 2 (two-way recall) only")
	}
	return rest.UTF8(field, text)
}

// path holds all parameters: the vendor reads none from a body, although its
// changelog puts check_team_member_valid there.
func (p RecallV2Params) path() string {
	conversation := p.SenderID + "|" + strconv.Itoa(p.ConversationType) + "|" + p.ReceiverID
	return "/im/v2/conversations/" + escape(conversation) + "/messages/" + escape(p.MessageServerID) + "?" + p.query()
}

// query sends the flag about the window in both spellings: ingore_revoke_time
// is in the vendor's changelog (10.10.0) and older SDKs, whose authors assure
// that it is no mistake of theirs; ignore_revoke_time in SDKs since August
// 2025.
func (p RecallV2Params) query() string {
	checkMember := ""
	if p.SkipTeamMemberCheck {
		checkMember = "false"
	}
	query := fields(
		"attach", p.Attach, "check_team_member_valid", checkMember, "description", p.Description,
		"ignore_revoke_time", flag(p.IgnoreRevokeTime), "ingore_revoke_time", flag(p.IgnoreRevokeTime),
		"message_time", digits(p.MessageTime), "push_content", p.PushContent, "push_payload", p.PushPayload,
		"route_environment", p.RouteEnvironment, "type", strconv.Itoa(p.Type),
	)
	return spacesAsPercent(string(query))
}

// escape makes text one segment of a path, whatever is in it: also of the
// characters that a path may hold, no server can take one for something else.
func escape(text string) string { return spacesAsPercent(url.QueryEscape(text)) }

// spacesAsPercent rewrites what encodes forms so that it is right in every
// part of a URL: a plus sign stands for a space in forms only.
func spacesAsPercent(encoded string) string { return strings.ReplaceAll(encoded, "+", "%20") }

// RecallV2 recalls or deletes one message through v2.
//
// With RecallTypeTwoWay a success is [recall.Recalled]: v2 refuses a message
// that it does not know, with [recall.ErrNotFound]. With the other types a
// success is [recall.Accepted], as the message is not gone for everyone: the
// sender keeps it, or the devices that have it do. Further errors are
// [recall.ErrWindowExpired] (2 minutes after sending by default, at most 7
// days) and [recall.ErrForbidden] (among others, where the sender has left the
// team and SkipTeamMemberCheck is not set).
//
// DELETE im/v2/conversations/{conversation_id}/messages/{message_server_id},
// 100 calls a second for each application, more with the larger plans
// (Policy.Rate, which is then the rate of the client's v1 calls too: make a
// client of its own for v2):
// https://doc.yunxin.163.com/messaging2/server-apis/jAwNTEzODQ?platform=server
func (c *Client) RecallV2(ctx context.Context, p RecallV2Params) (recall.Receipt, error) {
	if err := p.validate(); err != nil {
		return recall.Receipt{}, c.refused(opRecallV2, err)
	}
	return p.send(ctx, c)
}

// send sends what has been checked.
func (p RecallV2Params) send(ctx context.Context, c *Client) (recall.Receipt, error) {
	call := rest.Call{
		Op: opRecallV2, MessageID: p.MessageServerID, Messages: 1, TraceHeader: "X-Custom-Traceid",
		Quotas: []recall.Quota{c.quota(pathV2)}, Decode: decodeV2,
	}
	if p.Type != RecallTypeTwoWay {
		call.Decode, call.Gone = decodeV2NotForAll, recall.Accepted
	}
	return c.do(ctx, c.v2, "HostV2", call, rest.Request{Method: http.MethodDelete, Path: p.path()})
}

const (
	opRecallV2 = "recall_v2"
	pathV2     = "/im/v2/conversations/messages" // names the quota
)
