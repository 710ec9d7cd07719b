package easemobtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/easemob/easemobtest"
)

const (
	roamingPath = "/demo-org/demo-app/rest/message/roaming/"
	deleted     = `{"requestStatusCode":"ok","timestamp":1657529588473}`
)

func TestDeleteConversation(t *testing.T) {
	for _, test := range []struct {
		body       string
		kept, lost string // messages
	}{
		{`{"channel":"u2","type":"chat","delete_roam":true}`, "group", "chat"},
		{`{"channel":"u2","type":"chat","delete_roam":false}`, "chat", ""},
		{`{"channel":"U2","type":"chat","delete_roam":true}`, "group", "chat"},
		{`{"channel":"g","type":"groupchat","delete_roam":true}`, "chat", "group"},
	} {
		srv := frozen(t)
		srv.Add(easemobtest.Message{ID: "chat", From: "u2", To: "u1", Chat: "chat"})
		srv.Add(easemobtest.Message{ID: "group", From: "u2", To: "g", Chat: "groupchat"})
		status, body := send(t, srv, http.MethodDelete, "/demo-org/demo-app/users/u1/user_channel", test.body, bearer(t, srv)...)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, `{"path":"/users/user_channel","uri":"`+srv.URL+`/demo-org/demo-app/users/u1/user_channel",`+
			`"timestamp":1657529588473,"organization":"demo-org","application":"8be024f0-e978-41e8-b697-5d598d5f8402",`+
			`"entities":[],"action":"delete","data":{"result":"ok"},"duration":0,"applicationName":"demo-app"}`, body)
		assert.False(t, srv.DeletedFor("u1", test.kept), test.body)
		assert.Equal(t, test.lost != "", srv.DeletedFor("U1", test.lost), test.body)
		assert.False(t, srv.DeletedFor("u2", test.lost))
	}
}

func TestConversationDeleted(t *testing.T) {
	srv := frozen(t)
	_, _ = send(t, srv, http.MethodDelete, "/demo-org/demo-app/users/U1/user_channel", `{"channel":"u2","type":"chat","delete_roam":false}`, bearer(t, srv)...)
	assert.True(t, srv.ConversationDeleted("u1", "u2"))
	assert.False(t, srv.ConversationDeleted("u2", "u1"))
}

func TestDeleteConversationRefused(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"chat","delete_roam":true}`:                    failed("illegal_argument", "field channel cannot be null or empty"),
		`{"channel":"u2","delete_roam":true}`:                   failed("illegal_argument", "field type cannot be null or empty"),
		`{"channel":"u2","type":"chat"}`:                        failed("illegal_argument", "field delete_roam cannot be null"),
		`{"channel":"u2","type":"chatroom","delete_roam":true}`: failed("illegal_argument", "this is an invalid request."),
		`{"channel":"u2","type":"chat","delete_roam":"yes"}`:    failed("invalid_request_body", "Request body is invalid. Please check body is correct."),
	} {
		srv := frozen(t)
		status, got := send(t, srv, http.MethodDelete, "/demo-org/demo-app/users/u1/user_channel", body, bearer(t, srv)...)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, want, got)
		assert.False(t, srv.ConversationDeleted("u1", "u2"))
	}
}

// TestRoaming: for each call, which of the messages user loses. Those of the chat with peer are c0 and c1, of a
// group g0 and g1, of a chat room r0 and r1; the second is a second younger.
func TestRoaming(t *testing.T) {
	for name, test := range map[string]struct{ method, path, lost string }{
		"chat":          {"DELETE", "chat/user/user?userId=peer&msgIdList=c1,g0,x&isNotify=false", "c1"},
		"chat, encoded": {"DELETE", "chat/user/user?userId=peer&msgIdList=c0%2Cc1", "c0 c1"},
		"other peer":    {"DELETE", "chat/user/user?userId=other&msgIdList=c0,c1", ""},
		"group":         {"DELETE", "group/user/user?groupId=group&msgIdList=g0,c0,r0&isNotify=true", "g0"},
		"room":          {"DELETE", "group/user/user?groupId=room&msgIdList=r0,r1", "r0 r1"},
		"all":           {"POST", "user/user/delete/all", "c0 c1 g0 g1 r0 r1"},
		"chat time":     {"DELETE", "chat/user/USER/time?userId=PEER&delTime=1657529588473", "c0"},
		"chat earlier":  {"DELETE", "chat/user/user/time?userId=peer&delTime=1657529588472&isNotify=false", ""},
		"group time":    {"DELETE", "group/user/user/time?groupId=group&delTime=1657529589473", "g0 g1"},
		"room time":     {"DELETE", "group/user/user/time?groupId=room&delTime=1657529588473", "r0"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			for i := range 2 {
				sent := srv.Now().Add(time.Duration(i) * time.Second)
				srv.Add(easemobtest.Message{ID: fmt.Sprint("c", i), From: "peer", To: "user", Chat: "chat", SentAt: sent})
				srv.Add(easemobtest.Message{ID: fmt.Sprint("g", i), From: "peer", To: "group", Chat: "groupchat", SentAt: sent})
				srv.Add(easemobtest.Message{ID: fmt.Sprint("r", i), From: "peer", To: "room", Chat: "chatroom", SentAt: sent})
			}
			status, body := send(t, srv, test.method, roamingPath+test.path, "", bearer(t, srv)...)
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, deleted, body)
			var lost []string
			for _, id := range []string{"c0", "c1", "g0", "g1", "r0", "r1"} {
				if srv.DeletedFor("user", id) {
					lost = append(lost, id)
				}
				assert.False(t, srv.DeletedFor("peer", id), "one way")
				assert.False(t, srv.Recalled(id))
			}
			assert.Equal(t, test.lost, strings.Join(lost, " "))
		})
	}
}

func TestRoamingRefused(t *testing.T) {
	wrong := failed("Bad Request", "Bad Request")
	for path, want := range map[string]string{
		"chat/user/u?msgIdList=1":                                       wrong,
		"chat/user/u?userId=p":                                          wrong,
		"chat/user/u?userId=p&msgIdList=":                               wrong,
		"chat/user/u?userId=p&msgIdList=XXXXisNotify=false&isNotify=no": wrong,
		"chat/user/u?userId=p&msgIdList=1;2":                            wrong,
		"chat/user/u?userId=p&msgIdList=1" + strings.Repeat(",1", 50):   failed("param exception", "delete msg list limit can not greater than 50"),
		"group/user/u?groupId=g":                                        wrong,
		"group/user/u?msgIdList=1":                                      wrong,
		"group/user/u?groupId=g&msgIdList=1" + strings.Repeat(",1", 50): failed("param exception", "delete msg list limit can not greater than 50"),
		"chat/user/u/time?userId=p":                                     wrong,
		"chat/user/u/time?delTime=1":                                    wrong,
		"chat/user/u/time?userId=p&delTime=now":                         wrong,
		"group/user/u/time?groupId=g":                                   wrong,
		"group/user/u/time?delTime=1":                                   wrong,
	} {
		srv := frozen(t)
		srv.Add(easemobtest.Message{ID: "1", From: "u", To: "p", Chat: "chat"})
		status, body := send(t, srv, http.MethodDelete, roamingPath+path, "", bearer(t, srv)...)
		assert.Equal(t, http.StatusBadRequest, status, path)
		assert.Equal(t, want, body, path)
		assert.False(t, srv.DeletedFor("u", "1"))
	}
}

func TestRoamingUnopened(t *testing.T) {
	srv := frozen(t)
	srv.RoamingUnopened = true
	status, body := send(t, srv, http.MethodPost, roamingPath+"user/u/delete/all", "", bearer(t, srv)...)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, failed("service open exception", "this appKey not open message roaming"), body)
}

// TestRoamingRouting: methods and paths that there are not.
func TestRoamingRouting(t *testing.T) {
	for path, want := range map[string]string{
		"POST chat/user/u/time?userId=p&delTime=1": "unsupported_service_operation", // the page of the limits is wrong
		"DELETE user/u/delete/all":                 "unsupported_service_operation",
		"DELETE chat/user/":                        "web_application",
		"DELETE chat/user//time":                   "web_application",
		"DELETE chat/user/u/x":                     "web_application",
	} {
		srv := frozen(t)
		method, path, _ := strings.Cut(path, " ")
		status, body := send(t, srv, method, roamingPath+path, "", bearer(t, srv)...)
		assert.Equal(t, http.StatusInternalServerError, status, path)
		assert.Contains(t, body, want, path)
	}
}

func TestAddedAgainIsNotDeleted(t *testing.T) {
	srv := frozen(t)
	srv.Add(easemobtest.Message{ID: "1", From: "u", To: "p", Chat: "chat"})
	_, _ = send(t, srv, http.MethodPost, roamingPath+"user/u/delete/all", "", bearer(t, srv)...)
	assert.True(t, srv.DeletedFor("u", "1"))
	srv.Add(easemobtest.Message{ID: "1", From: "u", To: "p", Chat: "chat"})
	assert.False(t, srv.DeletedFor("u", "1"))
	assert.False(t, srv.DeletedFor("u", "2"))
}
