package netease

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// newEmulated returns a client of an emulator, for both APIs.
func newEmulated(t *testing.T, cfg Config) (*Client, *neteasetest.Server) {
	t.Helper()
	srv := neteasetest.NewServer()
	t.Cleanup(srv.Close)
	cfg.Host, cfg.HostV2, cfg.AppKey, cfg.AppSecret = srv.URL+"/nimserver", srv.URL, srv.AppKey, srv.AppSecret
	return newClient(t, cfg), srv
}

// spoilt makes a call of parameters of which one is not in order.
func spoilt[P any](good func() P, spoil func(*P)) P {
	p := good()
	spoil(&p)
	return p
}

// A bad parameter never reaches the wire.
func TestBadParametersAreNotSent(t *testing.T) {
	chinese := func(n int) string { return strings.Repeat("撤", n) }
	oneWay := func(field string, spoil func(*OneWayParams)) badCall {
		return badCall{"recall_one_way", field, does((*Client).RecallOneWay, spoilt(oneWayParams, spoil))}
	}
	del := func(field string, spoil func(*DeleteParams)) badCall {
		return badCall{"delete_message", field, does((*Client).DeleteMessage, spoilt(deleteParams, spoil))}
	}
	roam := func(field string, spoil func(*RoamSessionParams)) badCall {
		return badCall{"delete_roam_session", field, does((*Client).DeleteRoamSession, spoilt(roamParams, spoil))}
	}
	superTeam := func(field string, spoil func(*SuperTeamParams)) badCall {
		return badCall{"recall_super_team", field, does((*Client).RecallSuperTeam, spoilt(superTeamParams, spoil))}
	}
	room := func(field string, spoil func(*ChatroomParams)) badCall {
		return badCall{"recall_chatroom", field, does((*Client).RecallChatroom, spoilt(chatroomParams, spoil))}
	}
	v2 := func(field string, spoil func(*RecallV2Params)) badCall {
		return badCall{"recall_v2", field, does((*Client).RecallV2, spoilt(v2Params, spoil))}
	}
	c, srv := newEmulated(t, Config{})
	for _, row := range []badCall{
		oneWay("DeleteMsgID", func(p *OneWayParams) { p.DeleteMsgID = "" }),
		oneWay("Type", func(p *OneWayParams) { p.Type = 0 }),
		oneWay("Type", func(p *OneWayParams) { p.Type = TypeP2P }),
		oneWay("From", func(p *OneWayParams) { p.From = "" }),
		oneWay("To", func(p *OneWayParams) { p.To = "" }),
		oneWay("TimeTag", func(p *OneWayParams) { p.TimeTag = -1 }),
		oneWay("Msg", func(p *OneWayParams) { p.Msg = chinese(129) }),
		del("DeleteMsgID", func(p *DeleteParams) { p.DeleteMsgID = "x" }),
		del("TimeTag", func(p *DeleteParams) { p.TimeTag = 0 }),
		del("TimeTag", func(p *DeleteParams) { p.TimeTag = -1 }),
		del("Type", func(p *DeleteParams) { p.Type = TypeP2POneWay }),
		del("From", func(p *DeleteParams) { p.From = "" }),
		del("To", func(p *DeleteParams) { p.To = "" }),
		roam("Type", func(p *RoamSessionParams) { p.Type = 0 }),
		roam("Type", func(p *RoamSessionParams) { p.Type = 4 }),
		roam("From", func(p *RoamSessionParams) { p.From = "" }),
		roam("From", func(p *RoamSessionParams) { p.From = chinese(33) }),
		roam("To", func(p *RoamSessionParams) { p.To = "" }),
		superTeam("DeleteMsgID", func(p *SuperTeamParams) { p.DeleteMsgID = "" }),
		superTeam("TimeTag", func(p *SuperTeamParams) { p.TimeTag = 0 }),
		superTeam("From", func(p *SuperTeamParams) { p.From = "" }),
		superTeam("From", func(p *SuperTeamParams) { p.From = chinese(33) }),
		superTeam("To", func(p *SuperTeamParams) { p.To = "" }),
		superTeam("Msg", func(p *SuperTeamParams) { p.Msg = "\xff" }),
		superTeam("PushContent", func(p *SuperTeamParams) { p.PushContent = chinese(501) }),
		superTeam("PushPayload", func(p *SuperTeamParams) { p.PushPayload = "{a:1}" }),
		superTeam("PushPayload", func(p *SuperTeamParams) { p.PushPayload = `"` + chinese(2047) + `"` }),
		room("RoomID", func(p *ChatroomParams) { p.RoomID = "" }),
		room("RoomID", func(p *ChatroomParams) { p.RoomID = "lobby" }),
		room("MsgTimeTag", func(p *ChatroomParams) { p.MsgTimeTag = 0 }),
		room("MsgID", func(p *ChatroomParams) { p.MsgID = "" }),
		room("FromAcc", func(p *ChatroomParams) { p.FromAcc = "" }),
		room("OperatorAcc", func(p *ChatroomParams) { p.OperatorAcc = "" }),
		room("NotifyExt", func(p *ChatroomParams) { p.NotifyExt = chinese(1025) }),
		{"delete_broadcast", "broadcastID", does((*Client).DeleteBroadcast, "")},
		{"delete_broadcast", "broadcastID", does((*Client).DeleteBroadcast, "0")},
		v2("SenderID", func(p *RecallV2Params) { p.SenderID = "" }),
		v2("SenderID", func(p *RecallV2Params) { p.SenderID = "a|b" }),
		v2("ReceiverID", func(p *RecallV2Params) { p.ReceiverID = "" }),
		v2("ReceiverID", func(p *RecallV2Params) { p.ReceiverID = "|" }),
		v2("ConversationType", func(p *RecallV2Params) { p.ConversationType = 0 }),
		v2("ConversationType", func(p *RecallV2Params) { p.ConversationType = 4 }),
		v2("MessageServerID", func(p *RecallV2Params) { p.MessageServerID = "" }),
		v2("MessageServerID", func(p *RecallV2Params) { p.MessageServerID = "1/2" }),
		v2("Type", func(p *RecallV2Params) { p.Type = 0 }),
		v2("Type", func(p *RecallV2Params) { p.Type = 4 }),
		v2("Type", func(p *RecallV2Params) { p.ConversationType, p.Type = ConversationSuperTeam, RecallTypeOneWay }),
		v2("Type", func(p *RecallV2Params) { p.ConversationType, p.Type = ConversationSuperTeam, RecallTypeDelete }),
		v2("MessageTime", func(p *RecallV2Params) { p.MessageTime = -1 }),
		v2("Description", func(p *RecallV2Params) { p.Description = "\xff" }),
		v2("PushContent", func(p *RecallV2Params) { p.Type, p.PushContent = RecallTypeOneWay, "a" }),
		v2("PushPayload", func(p *RecallV2Params) { p.Type, p.PushPayload = RecallTypeDelete, "a" }),
		v2("RouteEnvironment", func(p *RecallV2Params) { p.Type, p.RouteEnvironment = RecallTypeOneWay, "a" }),
		v2("Attach", func(p *RecallV2Params) { p.Type, p.Attach = RecallTypeDelete, "a" }),
		v2("Attach", func(p *RecallV2Params) { p.Attach = "\xff" }),
	} {
		receipt, err := row.call(c, t.Context())
		assert.Zero(t, receipt)
		e := failure(t, err)
		assert.Equal(t, recall.Error{
			Kind: recall.ErrInvalidRequest, Vendor: "netease", App: srv.AppKey, Op: row.op, Field: row.field, Err: e.Err,
		}, *e)
		assert.NotEmpty(t, e.Err.Error())
	}
	assert.Empty(t, srv.Requests(), "a refused call was sent")
}

type badCall struct {
	op, field string
	call      call
}

// At the limits nothing is refused, neither here nor by the emulator.
func TestParametersAtTheirLimits(t *testing.T) {
	chinese := func(n int) string { return strings.Repeat("撤", n) }
	c, srv := newEmulated(t, Config{})
	for _, good := range []call{
		does((*Client).RecallOneWay, spoilt(oneWayParams, func(p *OneWayParams) { p.Msg = chinese(128) })),
		does((*Client).RecallOneWay, spoilt(oneWayParams, func(p *OneWayParams) { p.Type = TypeTeamOneWay })),
		does((*Client).DeleteMessage, spoilt(deleteParams, func(p *DeleteParams) { p.Type = TypeTeam })),
		does((*Client).DeleteRoamSession, spoilt(roamParams, func(p *RoamSessionParams) { p.Type, p.From = SessionP2P, chinese(32) })),
		does((*Client).DeleteRoamSession, spoilt(roamParams, func(p *RoamSessionParams) { p.Type = SessionSuperTeam })),
		does((*Client).RecallSuperTeam, spoilt(superTeamParams, func(p *SuperTeamParams) {
			p.From, p.PushContent, p.PushPayload = chinese(32), chinese(500), `"`+chinese(2046)+`"`
		})),
		does((*Client).RecallChatroom, spoilt(chatroomParams, func(p *ChatroomParams) { p.NotifyExt = chinese(1024) })),
		does((*Client).DeleteBroadcast, "9223372036854775807"),
	} {
		_, err := good(c, t.Context())
		assert.NoError(t, err)
	}
	assert.Len(t, srv.Requests(), 8)
}

// The values of the flags and types on the wire.
func TestV2Query(t *testing.T) {
	for _, row := range []struct {
		set  func(*RecallV2Params)
		want string
	}{
		{func(*RecallV2Params) {}, "type=2"},
		{func(p *RecallV2Params) { p.Type = RecallTypeOneWay }, "type=1"},
		{func(p *RecallV2Params) { p.Type = RecallTypeDelete }, "type=3"},
		{func(p *RecallV2Params) { p.IgnoreRevokeTime = true }, "ignore_revoke_time=1&ingore_revoke_time=1&type=2"},
		{func(p *RecallV2Params) { p.SkipTeamMemberCheck = true }, "check_team_member_valid=false&type=2"},
		{func(p *RecallV2Params) { p.Description = "a b+c" }, "description=a%20b%2Bc&type=2"},
	} {
		p := spoilt(v2Params, row.set)
		require.Nil(t, p.validate())
		assert.Equal(t, "/im/v2/conversations/t1%7C2%7C13827/messages/10386192?"+row.want, p.path())
	}
}
