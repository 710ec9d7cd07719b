package netease

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// What the client sends is what the golden requests show, field for field.
func TestGoldenRequests(t *testing.T) {
	const notice = "这是一条撤回消息"
	for _, row := range []struct {
		name, messageID string
		call            call
		outcome         recall.Outcome
	}{
		{"oneway", "10386192", does((*Client).RecallOneWay, OneWayParams{
			DeleteMsgID: "10386192", TimeTag: 1481528155741, Type: TypeP2POneWay, From: "t1", To: "t4", Msg: notice,
		}), recall.Accepted},
		{"delete", "10386192", does((*Client).DeleteMessage, deleteParams()), recall.Accepted},
		{"roaming", "", does((*Client).DeleteRoamSession, roamParams()), ""},
		{"superteam", "10386192", does((*Client).RecallSuperTeam, SuperTeamParams{
			DeleteMsgID: "10386192", TimeTag: 1481528155741, From: "t1", To: "2775725369", Msg: notice, IgnoreTime: true,
			PushContent: "已撤回", PushPayload: `{"a":1}`,
		}), recall.Accepted},
		{"chatroom", "c9e6c306573778829419", does((*Client).RecallChatroom, chatroomParams()), recall.Accepted},
		{"broadcast", "123456", does((*Client).DeleteBroadcast, "123456"), recall.Accepted},
		{"v2", "4291065454174142469", does((*Client).RecallV2, RecallV2Params{
			SenderID: "apifoxtest1", ConversationType: ConversationP2P, ReceiverID: "apifoxtest2", MessageServerID: "4291065454174142469",
			Type: RecallTypeTwoWay, MessageTime: 1789500000000, Description: "撤回 b", PushContent: "c", PushPayload: "d",
			RouteEnvironment: "e", Attach: "a", IgnoreRevokeTime: true, SkipTeamMemberCheck: true,
		}), recall.Recalled},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := fixture(t, row.name+".request.http")
			s := newServer(t, vendortest.Answering(http.StatusOK, string(fixture(t, row.name+".answer.http").Body)))
			before := time.Now()
			c := newClient(t, Config{Host: s.URL + "/nimserver", HostV2: s.URL, AppKey: want.Header.Get("AppKey")})
			receipt, err := row.call(c, t.Context())
			require.NoError(t, err)
			require.Len(t, s.Requests(), 1)
			got := s.Requests()[0]

			assert.Equal(t, want.Method, got.Method)
			assert.Equal(t, want.Path, got.URI)
			assert.Equal(t, formOf(t, string(want.Body)), formOf(t, got.Body))
			traceHeader := "RequestId"
			if want.Method == http.MethodDelete {
				traceHeader = "X-Custom-Traceid"
				assert.Empty(t, got.Body)
				assert.NotContains(t, got.Header, "Content-Type")
			}
			requireSignedBy(t, got.Header, want.Header.Get("AppKey"), testSecret, traceHeader, before, time.Now())
			for name, values := range want.Header {
				if !slices.Contains([]string{"Nonce", "Curtime", "Checksum"}, name) {
					assert.Equal(t, values, got.Header.Values(name), name)
				}
			}
			assert.Equal(t, recall.Receipt{
				Vendor: "netease", App: want.Header.Get("AppKey"), MessageID: row.messageID, Outcome: row.outcome, Code: "200",
				Attempts: 1, TraceID: got.Header.Get(traceHeader), At: receipt.At,
			}, receipt)
		})
	}
}

// Feeding the golden answers to the decoders.
func TestGoldenAnswersOfAll(t *testing.T) {
	for _, row := range []struct {
		name    string
		decode  func(rest.Answer) (rest.Verdict, error)
		outcome recall.Outcome
		want    recall.Error
	}{
		{"oneway.answer.http", decodeV1, recall.Accepted, recall.Error{}},
		{"delete.answer.http", decodeV1, recall.Accepted, recall.Error{}},
		{"delete.answer.malformed.http", decodeV1, "", recall.Error{Kind: recall.ErrBadResponse}},
		{"roaming.answer.http", decodeRoamSession, "", recall.Error{}},
		{"roaming.answer.414.http", decodeRoamSession, "", recall.Error{Kind: recall.ErrInvalidRequest, Code: "414", Message: "type must be 1 or 2"}},
		{"superteam.answer.http", decodeV1, recall.Accepted, recall.Error{}},
		{"chatroom.answer.http", decodeV1, recall.Accepted, recall.Error{}},
		{"chatroom.answer.object.http", decodeV1, recall.Accepted, recall.Error{}},
		{"broadcast.answer.http", decodeV1, recall.Accepted, recall.Error{}},
		{"v2.answer.http", decodeV2, recall.Recalled, recall.Error{}},
		{"v2.answer.http", decodeV2NotForAll, recall.Accepted, recall.Error{}},
		{"v2.answer.ret.http", decodeV2, recall.Recalled, recall.Error{}},
		{"v2.answer.107404.http", decodeV2, "", recall.Error{Kind: recall.ErrNotFound, Code: "107404", Message: "message not exist"}},
		{"v2.answer.107404.http", decodeV2NotForAll, "", recall.Error{Kind: recall.ErrNotFound, Code: "107404", Message: "message not exist"}},
		{"v2.answer.108404.http", decodeV2, "", recall.Error{Kind: recall.ErrInvalidRequest, Code: "108404", Message: "team not exist"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			verdict, err := row.decode(answerOf(fixture(t, row.name)))
			if row.want.Kind == "" {
				require.NoError(t, err)
				assert.Equal(t, rest.Verdict{Outcome: row.outcome, Code: "200"}, verdict)
				return
			}
			e := failure(t, err)
			assert.Zero(t, verdict)
			assert.Equal(t, row.want.Kind, e.Kind)
			assert.Equal(t, row.want.Code, e.Code)
			assert.Equal(t, row.want.Message, e.Message)
		})
	}
}
