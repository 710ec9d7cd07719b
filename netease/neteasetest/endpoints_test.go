package neteasetest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/netease/neteasetest"
)

const (
	ok        = `{"code":200}`
	over      = `{"desc":"Message recall time exceeded","code":508}`
	noID      = `{"code":414,"desc":"msgidclient is null"}`
	noAccount = `{"code":414,"desc":"accid is empty"}`
	badTime   = `{"desc":"timetag not long","code":414}`
	badType   = `{"code":414,"desc":"illegal type!"}`
	tooLong   = `{"desc":"parameter too long","code":414}`
)

// do sends a request and returns the body of the answer, whose HTTP status must be 200.
func do(t *testing.T, srv *neteasetest.Server, method, path, form string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(form))
	require.NoError(t, err)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	}
	for name, value := range signed(srv) {
		req.Header.Set(name, value)
	}
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode, path)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

// sentAt is a message of a type, sent some time before the frozen clock.
func sentAt(typ int, age time.Duration) neteasetest.Message {
	return neteasetest.Message{ID: "10386192", From: "t1", To: "99", Type: typ, SentAt: time.Unix(nowSeconds, 0).Add(-age)}
}

// step is a request, its answer, and the fate of the message after it.
type step struct {
	name, form, want string
	fate             neteasetest.Fate
}

// run tries each step on a server of its own.
func run(t *testing.T, path string, message neteasetest.Message, steps []step) {
	t.Helper()
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			srv := frozen(t)
			srv.Add(message)
			assert.Equal(t, s.want, do(t, srv, http.MethodPost, "/nimserver/"+path, s.form))
			assert.Equal(t, s.fate, srv.Fate(message.ID))
			assert.Equal(t, s.fate == neteasetest.FateRecalled, srv.Recalled(message.ID))
		})
	}
}

func TestOneWay(t *testing.T) {
	const path = "msg/delMsgOneWay.action"
	const gone = neteasetest.FateRecalledOneWay
	run(t, path, sentAt(neteasetest.TypeP2P, 0), []step{
		{"p2p", "deleteMsgid=10386192&type=13&from=t1&to=99", ok, gone},
		{"with timetag", "deleteMsgid=10386192&type=13&from=t1&to=99&timetag=1700000000000", ok, gone},
		{"other type", "deleteMsgid=10386192&type=14&from=t1&to=99", ok, ""},
		{"unknown", "deleteMsgid=1&type=13&from=t1&to=99", ok, ""},
		{"type of the other call", "deleteMsgid=10386192&type=7&from=t1&to=99", badType, ""},
		{"no id", "type=13&from=t1&to=99", noID, ""},
		{"no sender", "deleteMsgid=10386192&type=13&to=99", noAccount, ""},
		{"bad time", "deleteMsgid=10386192&type=13&from=t1&to=99&timetag=x", badTime, ""},
		{"long notice", "deleteMsgid=10386192&type=13&from=t1&to=99&msg=" + strings.Repeat("x", 129), tooLong, ""},
		{"the page's own example", "from=zhangsan&body=abc", noID, ""},
	})
	month := 30 * 24 * time.Hour
	run(t, path, sentAt(neteasetest.TypeTeam, month), []step{{"old", "deleteMsgid=10386192&type=14&from=t1&to=99", ok, gone}})
	run(t, path, sentAt(neteasetest.TypeTeam, month+1e6), []step{{"too old", "deleteMsgid=10386192&type=14&from=t1&to=99", over, ""}})
}

func TestDeleteMessage(t *testing.T) {
	const good = "deleteMsgid=10386192&type=7&from=t1&to=99&timetag=1700000000000"
	run(t, "msg/delMsg.action", sentAt(neteasetest.TypeP2P, 0), []step{
		{"p2p", good, ok, neteasetest.FateDeleted},
		{"unknown", "deleteMsgid=1&type=7&from=t1&to=99&timetag=1700000000000", ok, ""},
		{"other time", "deleteMsgid=10386192&type=7&from=t1&to=99&timetag=1", ok, ""},
		{"no time", "deleteMsgid=10386192&type=7&from=t1&to=99", badTime, ""},
		{"one-way type", "deleteMsgid=10386192&type=13&from=t1&to=99&timetag=1700000000000", badType, ""},
		{"no id", "type=7&from=t1&to=99&timetag=1700000000000", noID, ""},
	})
	srv := frozen(t)
	srv.Add(sentAt(neteasetest.TypeP2P, 0))
	do(t, srv, http.MethodPost, "/nimserver/msg/delMsg.action", good)
	assert.Equal(t, ok, do(t, srv, http.MethodPost, recallPath, "deleteMsgid=10386192&type=7&from=t1&to=99"))
	assert.Equal(t, neteasetest.FateDeleted, srv.Fate("10386192"), "what is deleted can't be recalled")
}

func TestDelRoamSession(t *testing.T) {
	const path = "/nimserver/msg/delRoamSession.action"
	for form, want := range map[string]string{
		"type=1&from=cs4&to=99": ok,
		"type=2&from=cs4&to=99": ok,
		"type=3&from=cs4&to=99": ok,
		"type=4&from=cs4&to=99": `{"code": 414, "desc": "type must be 1 or 2"}`,
		"from=cs4&to=99":        `{"code": 414, "desc": "type must be 1 or 2"}`,
		"type=1&to=99":          noAccount,
		"type=1&from=cs4":       noAccount,
		"type=1&from=" + strings.Repeat("x", 33) + "&to=99": tooLong,
	} {
		assert.Equal(t, want, do(t, frozen(t), http.MethodPost, path, form), form)
	}
	srv := frozen(t)
	do(t, srv, http.MethodPost, path, "type=2&from=cs4&to=99")
	assert.True(t, srv.RoamingCleared(2, "cs4", "99"))
	assert.False(t, srv.RoamingCleared(1, "cs4", "99"))
}

func TestSuperTeam(t *testing.T) {
	const good = "deleteMsgid=10386192&from=t1&to=99&timetag=1700000000000"
	run(t, "superteam/recallMsg.action", sentAt(neteasetest.TypeSuperTeam, 0), []step{
		{"plain", good, ok, neteasetest.FateRecalled},
		{"ignoreTime 0", good + "&ignoreTime=0", ok, neteasetest.FateRecalled},
		{"ignoreTime 1", good + "&ignoreTime=1", ok, neteasetest.FateRecalled},
		{"ignoreTime true", good + "&ignoreTime=true", `{"desc":"illegal ignoreTime!","code":414}`, ""},
		{"no time", "deleteMsgid=10386192&from=t1&to=99", badTime, ""},
		{"no id", "from=t1&to=99&timetag=1700000000000", noID, ""},
		{"no team", "deleteMsgid=10386192&from=t1&timetag=1700000000000", noAccount, ""},
		{"long payload", good + "&pushPayload=" + strings.Repeat("x", 2049), tooLong, ""},
		{"unknown", "deleteMsgid=1&from=t1&to=99&timetag=1700000000000", ok, ""},
	})
	run(t, "superteam/recallMsg.action", sentAt(neteasetest.TypeSuperTeam, time.Hour), []step{
		{"outside", "deleteMsgid=10386192&from=t1&to=99&timetag=1699996400000", over, ""},
		{"window ignored", "deleteMsgid=10386192&from=t1&to=99&timetag=1699996400000&ignoreTime=1", ok, neteasetest.FateRecalled},
	})
}

func TestChatroom(t *testing.T) {
	const year = 365 * 24 * time.Hour
	const good = "msgId=10386192&fromAcc=t1&roomid=99&operatorAcc=admin&msgTimetag=1668464000000"
	run(t, "chatroom/recall.action", sentAt(neteasetest.TypeChatroom, year), []step{
		{"plain, however old", good, ok, neteasetest.FateRecalled},
		{"no id", "fromAcc=t1&roomid=99&operatorAcc=admin&msgTimetag=1668464000000", noID, ""},
		{"no operator", "msgId=10386192&fromAcc=t1&roomid=99&msgTimetag=1668464000000", noAccount, ""},
		{"no time", "msgId=10386192&fromAcc=t1&roomid=99&operatorAcc=admin", badTime, ""},
		{"room of letters", "msgId=10386192&fromAcc=t1&roomid=x&operatorAcc=a&msgTimetag=1", `{"desc":"roomid not long","code":414}`, ""},
		{"long extension", good + "&notifyExt=" + strings.Repeat("x", 1025), tooLong, ""},
		{"unknown", "msgId=1&fromAcc=t1&roomid=99&operatorAcc=admin&msgTimetag=1668464000000", ok, ""},
	})
}

func TestBroadcast(t *testing.T) {
	const path = "/nimserver/history/delBroadcastMsgById.action"
	srv := frozen(t)
	srv.AddBroadcast("1")
	assert.Equal(t, ok, do(t, srv, http.MethodPost, path, "broadcastId=2"))
	assert.True(t, srv.HasBroadcast("1"))
	assert.Equal(t, `{"desc":"broadcastId not long","code":414}`, do(t, srv, http.MethodPost, path, ""))
	assert.Equal(t, ok, do(t, srv, http.MethodPost, path, "broadcastId=1"))
	assert.False(t, srv.HasBroadcast("1"))
}
