package neteasetest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/netease/neteasetest"
)

const (
	okV2       = `{"code":200,"msg":"success","data":{}}`
	noMessage  = `{"code":107404,"msg":"message not exist"}`
	noTeam     = `{"code":108404,"msg":"team not exist"}`
	overV2     = `{"code":107314,"msg":"revoke message exceeded time limit"}`
	notMember  = `{"code":109404,"msg":"team member not exist"}`
	badTypeV2  = `{"code":414,"msg":"type is illegal"}`
	badConvers = `{"code":414,"msg":"conversation_id is illegal"}`
)

// withdraw sends a DELETE of version 2: what follows conversations/.
func withdraw(t *testing.T, srv *neteasetest.Server, rest string) string {
	t.Helper()
	return do(t, srv, http.MethodDelete, "/im/v2/conversations/"+rest, "")
}

func TestWithdraw(t *testing.T) {
	const hour = time.Hour
	for _, row := range []struct {
		name    string
		message neteasetest.Message
		rest    string
		want    string
		fate    neteasetest.Fate
	}{
		{"p2p", sentAt(neteasetest.TypeP2P, 0), "t1%7C1%7C99/messages/10386192?type=2", okV2, neteasetest.FateRecalled},
		{"team", sentAt(neteasetest.TypeTeam, 0), "t1%7C2%7C99/messages/10386192?type=2", okV2, neteasetest.FateRecalled},
		{"super-team", sentAt(neteasetest.TypeSuperTeam, 0), "t1%7C3%7C99/messages/10386192?type=2", okV2, neteasetest.FateRecalled},
		{"bare bars", sentAt(neteasetest.TypeP2P, 0), "t1|1|99/messages/10386192?type=2", okV2, neteasetest.FateRecalled},
		{"one way", sentAt(neteasetest.TypeTeam, hour), "t1%7C2%7C99/messages/10386192?type=1", okV2, neteasetest.FateRecalledOneWay},
		{"deletion", sentAt(neteasetest.TypeP2P, hour), "t1%7C1%7C99/messages/10386192?type=3", okV2, neteasetest.FateDeleted},
		{"with time", sentAt(neteasetest.TypeP2P, 0), "t1%7C1%7C99/messages/10386192?type=2&message_time=1700000000000", okV2, neteasetest.FateRecalled},
		{"other time", sentAt(neteasetest.TypeP2P, 0), "t1%7C1%7C99/messages/10386192?type=2&message_time=1", noMessage, ""},
		{"bad time", sentAt(neteasetest.TypeP2P, 0), "t1%7C1%7C99/messages/10386192?type=2&message_time=x", `{"code":414,"msg":"message_time is illegal"}`, ""},
		{"outside the window", sentAt(neteasetest.TypeP2P, hour), "t1%7C1%7C99/messages/10386192?type=2", overV2, ""},
		{"ignored", sentAt(neteasetest.TypeP2P, hour), "t1%7C1%7C99/messages/10386192?type=2&ignore_revoke_time=1", okV2, neteasetest.FateRecalled},
		{"ingored", sentAt(neteasetest.TypeP2P, hour), "t1%7C1%7C99/messages/10386192?type=2&ingore_revoke_time=1", okV2, neteasetest.FateRecalled},
		{"too old", sentAt(neteasetest.TypeP2P, 800*hour), "t1%7C1%7C99/messages/10386192?type=2&ignore_revoke_time=1", overV2, ""},
		{"unknown", sentAt(neteasetest.TypeP2P, 0), "t1%7C1%7C99/messages/1?type=2", noMessage, ""},
		{"unknown, ignored", sentAt(neteasetest.TypeP2P, 0), "t1%7C1%7C99/messages/1?type=2&ignore_revoke_time=1", noMessage, ""},
		{"other sender", sentAt(neteasetest.TypeP2P, 0), "t2%7C1%7C99/messages/10386192?type=2", noMessage, ""},
		{"swapped", sentAt(neteasetest.TypeP2P, 0), "99%7C1%7Ct1/messages/10386192?type=2", noMessage, ""},
		{"other team", sentAt(neteasetest.TypeTeam, 0), "t1%7C2%7C98/messages/10386192?type=2", noTeam, ""},
		{"no type", sentAt(neteasetest.TypeP2P, 0), "t1%7C1%7C99/messages/10386192", badTypeV2, ""},
		{"type 4", sentAt(neteasetest.TypeP2P, 0), "t1%7C1%7C99/messages/10386192?type=4", badTypeV2, ""},
		{"super-team, one way", sentAt(neteasetest.TypeSuperTeam, 0), "t1%7C3%7C99/messages/10386192?type=1", badTypeV2, ""},
		{"conversation of two parts", sentAt(neteasetest.TypeP2P, 0), "t1%7C99/messages/10386192?type=2", badConvers, ""},
		{"conversation of four parts", sentAt(neteasetest.TypeP2P, 0), "t1%7C1%7C99%7C/messages/10386192?type=2", badConvers, ""},
		{"conversation of type 4", sentAt(neteasetest.TypeP2P, 0), "t1%7C4%7C99/messages/10386192?type=2", badConvers, ""},
		{"id of letters", sentAt(neteasetest.TypeP2P, 0), "t1%7C1%7C99/messages/x?type=2", `{"code":414,"msg":"message_server_id is illegal"}`, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			srv := frozen(t)
			srv.Add(row.message)
			assert.Equal(t, row.want, withdraw(t, srv, row.rest))
			assert.Equal(t, row.fate, srv.Fate("10386192"))
			if row.fate != "" {
				assert.Equal(t, noMessage, withdraw(t, srv, row.rest), "a second time")
			}
		})
	}
}

// Parameters in a body are no parameters.
func TestWithdrawIgnoresTheBody(t *testing.T) {
	srv := frozen(t)
	srv.Add(sentAt(neteasetest.TypeP2P, 0))
	assert.Equal(t, badTypeV2, do(t, srv, http.MethodDelete, "/im/v2/conversations/t1%7C1%7C99/messages/10386192", `{"type":2}`))
}

func TestWithdrawUnderBothBases(t *testing.T) {
	srv := frozen(t)
	srv.Add(sentAt(neteasetest.TypeP2P, 0))
	assert.Equal(t, okV2, do(t, srv, http.MethodDelete, "/nimserver/im/v2/conversations/t1%7C1%7C99/messages/10386192?type=2", ""))
}

func TestMembersAndTeamsV2(t *testing.T) {
	const path = "t1%7C2%7C99/messages/10386192?type=2"
	srv := frozen(t)
	srv.Add(sentAt(neteasetest.TypeTeam, 0))
	srv.RemoveMember("99", "t1")
	assert.Equal(t, notMember, withdraw(t, srv, path))
	assert.Equal(t, notMember, withdraw(t, srv, path+"&check_team_member_valid=true"))
	srv.RemoveTeam("99")
	assert.Equal(t, noTeam, withdraw(t, srv, path))
	srv.Add(sentAt(neteasetest.TypeTeam, 0))
	assert.Equal(t, okV2, withdraw(t, srv, path+"&check_team_member_valid=false"))
}

// answerTo returns the answer to a request of version 2 with some headers changed.
func answerTo(t *testing.T, srv *neteasetest.Server, changes map[string]string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/im/v2/conversations/t1%7C1%7C99/messages/1?type=2", http.NoBody)
	for name, value := range signed(srv) {
		r.Header.Set(name, value)
	}
	for name, value := range changes {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	srv.Answer(w, r)
	return w.Body.String()
}

func TestHeadersV2(t *testing.T) {
	srv := frozen(t)
	for header, want := range map[string]string{
		"AppKey":   `{"code":414,"msg":"appkey"}`,
		"Nonce":    `{"code":414,"msg":"nonce"}`,
		"CurTime":  `{"code":414,"msg":"CurTime is expired"}`,
		"CheckSum": `{"code":414,"msg":"checksum"}`,
	} {
		assert.Equal(t, want, answerTo(t, srv, map[string]string{header: ""}), header)
	}
	trace := map[string]string{"X-custom-traceid": "one"}
	assert.Equal(t, noMessage, answerTo(t, srv, trace))
	assert.Equal(t, `{"code":431,"msg":"HTTP request is repeated"}`, answerTo(t, srv, trace))
	assert.Equal(t, noMessage, answerTo(t, srv, map[string]string{"RequestId": "one"}), "that is version 1's header")
}

func TestBaseURLV2(t *testing.T) {
	srv := frozen(t)
	assert.Equal(t, srv.URL, srv.BaseURLV2())
}
