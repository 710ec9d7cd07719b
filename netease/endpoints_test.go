package netease

import (
	"context"
	"net/url"

	"github.com/imrecall/imrecall/recall"
)

// call is one call of a client.
type call func(*Client, context.Context) (recall.Receipt, error)

// endpoint is one of the vendor's calls, for tests that hold for all of them.
type endpoint struct {
	op, golden string
	good       call       // with all that is required, and no more
	form       url.Values // how the vendor gets that; of v2 the query
	texts      []text
}

// text is a parameter that holds text, by its name on the wire.
type text struct {
	wire string
	call func(value string) call
}

// with makes a text of a method, its parameters and one of their fields.
func with[P any](
	wire string, method func(*Client, context.Context, P) (recall.Receipt, error), good P, set func(*P, string),
) text {
	return text{wire, func(value string) call {
		return func(c *Client, ctx context.Context) (recall.Receipt, error) {
			p := good
			set(&p, value)
			return method(c, ctx, p)
		}
	}}
}

// does makes a call of a method and its parameters.
func does[P any](method func(*Client, context.Context, P) (recall.Receipt, error), p P) call {
	return func(c *Client, ctx context.Context) (recall.Receipt, error) { return method(c, ctx, p) }
}

func oneWayParams() OneWayParams {
	return OneWayParams{DeleteMsgID: "10386192", Type: TypeP2POneWay, From: "t1", To: "t4"}
}

func deleteParams() DeleteParams {
	return DeleteParams{DeleteMsgID: "10386192", TimeTag: 1481528155741, Type: TypeP2P, From: "t1", To: "t4"}
}

func roamParams() RoamSessionParams {
	return RoamSessionParams{Type: SessionTeam, From: "cs4", To: "2775725369"}
}

func superTeamParams() SuperTeamParams {
	return SuperTeamParams{DeleteMsgID: "10386192", TimeTag: 1481528155741, From: "t1", To: "2775725369"}
}

func chatroomParams() ChatroomParams {
	return ChatroomParams{
		RoomID: "123", MsgTimeTag: 1212121, MsgID: "c9e6c306573778829419", FromAcc: "acc02", OperatorAcc: "acc01",
	}
}

func v2Params() RecallV2Params {
	return RecallV2Params{
		SenderID: "t1", ConversationType: ConversationTeam, ReceiverID: "13827", MessageServerID: "10386192", Type: RecallTypeTwoWay,
	}
}

func goodForm(pairs ...string) url.Values {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// v1Endpoints are the calls of v1.
func v1Endpoints() []endpoint {
	recallOne, oneWay, del, superTeam, chatroom := (*Client).Recall, (*Client).RecallOneWay, (*Client).DeleteMessage,
		(*Client).RecallSuperTeam, (*Client).RecallChatroom
	return []endpoint{
		{"recall", "recall", does(recallOne, params()), goodForm("deleteMsgid", "10386192", "type", "7", "from", "t1", "to", "t4"), []text{
			with("deleteMsgid", recallOne, params(), func(p *RecallParams, s string) { p.DeleteMsgID = s }),
			with("from", recallOne, params(), func(p *RecallParams, s string) { p.From = s }),
			with("to", recallOne, params(), func(p *RecallParams, s string) { p.To = s }),
			with("msg", recallOne, params(), func(p *RecallParams, s string) { p.Msg = s }),
			with("pushcontent", recallOne, params(), func(p *RecallParams, s string) { p.PushContent = s }),
			with("payload", recallOne, params(), func(p *RecallParams, s string) { p.Payload = s }),
			with("env", recallOne, params(), func(p *RecallParams, s string) { p.Env = s }),
			with("attach", recallOne, params(), func(p *RecallParams, s string) { p.Attach = s }),
		}},
		{"recall_one_way", "oneway", does(oneWay, oneWayParams()), goodForm("deleteMsgid", "10386192", "type", "13", "from", "t1", "to", "t4"), []text{
			with("deleteMsgid", oneWay, oneWayParams(), func(p *OneWayParams, s string) { p.DeleteMsgID = s }),
			with("from", oneWay, oneWayParams(), func(p *OneWayParams, s string) { p.From = s }),
			with("to", oneWay, oneWayParams(), func(p *OneWayParams, s string) { p.To = s }),
			with("msg", oneWay, oneWayParams(), func(p *OneWayParams, s string) { p.Msg = s }),
		}},
		{"delete_message", "delete", does(del, deleteParams()), goodForm("deleteMsgid", "10386192", "timetag", "1481528155741", "type", "7", "from", "t1", "to", "t4"), []text{
			with("deleteMsgid", del, deleteParams(), func(p *DeleteParams, s string) { p.DeleteMsgID = s }),
			with("from", del, deleteParams(), func(p *DeleteParams, s string) { p.From = s }),
			with("to", del, deleteParams(), func(p *DeleteParams, s string) { p.To = s }),
		}},
		{"delete_roam_session", "roaming", does((*Client).DeleteRoamSession, roamParams()), goodForm("type", "2", "from", "cs4", "to", "2775725369"), []text{
			with("from", (*Client).DeleteRoamSession, roamParams(), func(p *RoamSessionParams, s string) { p.From = s }),
			with("to", (*Client).DeleteRoamSession, roamParams(), func(p *RoamSessionParams, s string) { p.To = s }),
		}},
		{"recall_super_team", "superteam", does(superTeam, superTeamParams()), goodForm("deleteMsgid", "10386192", "timetag", "1481528155741", "from", "t1", "to", "2775725369"), []text{
			with("deleteMsgid", superTeam, superTeamParams(), func(p *SuperTeamParams, s string) { p.DeleteMsgID = s }),
			with("from", superTeam, superTeamParams(), func(p *SuperTeamParams, s string) { p.From = s }),
			with("to", superTeam, superTeamParams(), func(p *SuperTeamParams, s string) { p.To = s }),
			with("msg", superTeam, superTeamParams(), func(p *SuperTeamParams, s string) { p.Msg = s }),
			with("pushContent", superTeam, superTeamParams(), func(p *SuperTeamParams, s string) { p.PushContent = s }),
			with("pushPayload", superTeam, superTeamParams(), func(p *SuperTeamParams, s string) { p.PushPayload = s }),
		}},
		{"recall_chatroom", "chatroom", does(chatroom, chatroomParams()), goodForm("roomid", "123", "msgTimetag", "1212121", "msgId", "c9e6c306573778829419", "fromAcc", "acc02", "operatorAcc", "acc01"), []text{
			with("roomid", chatroom, chatroomParams(), func(p *ChatroomParams, s string) { p.RoomID = s }),
			with("msgId", chatroom, chatroomParams(), func(p *ChatroomParams, s string) { p.MsgID = s }),
			with("fromAcc", chatroom, chatroomParams(), func(p *ChatroomParams, s string) { p.FromAcc = s }),
			with("operatorAcc", chatroom, chatroomParams(), func(p *ChatroomParams, s string) { p.OperatorAcc = s }),
			with("notifyExt", chatroom, chatroomParams(), func(p *ChatroomParams, s string) { p.NotifyExt = s }),
		}},
		{"delete_broadcast", "broadcast", does((*Client).DeleteBroadcast, "123456"), goodForm("broadcastId", "123456"), []text{
			with("broadcastId", (*Client).DeleteBroadcast, "", func(p *string, s string) { *p = s }),
		}},
	}
}

// v2Endpoint is the call of v2, whose first three texts are in the path.
func v2Endpoint() endpoint {
	m := (*Client).RecallV2
	return endpoint{"recall_v2", "v2", does(m, v2Params()), goodForm("type", "2"), []text{
		with("sender", m, v2Params(), func(p *RecallV2Params, s string) { p.SenderID = s }),
		with("receiver", m, v2Params(), func(p *RecallV2Params, s string) { p.ReceiverID = s }),
		with("message", m, v2Params(), func(p *RecallV2Params, s string) { p.MessageServerID = s }),
		with("description", m, v2Params(), func(p *RecallV2Params, s string) { p.Description = s }),
		with("push_content", m, v2Params(), func(p *RecallV2Params, s string) { p.PushContent = s }),
		with("push_payload", m, v2Params(), func(p *RecallV2Params, s string) { p.PushPayload = s }),
		with("route_environment", m, v2Params(), func(p *RecallV2Params, s string) { p.RouteEnvironment = s }),
		with("attach", m, v2Params(), func(p *RecallV2Params, s string) { p.Attach = s }),
	}}
}

func allEndpoints() []endpoint { return append(v1Endpoints(), v2Endpoint()) }
