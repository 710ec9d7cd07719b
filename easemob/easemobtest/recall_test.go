package easemobtest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/easemob/easemobtest"
)

const recallPath = "/demo-org/demo-app/messages/msg_recall"

// recallBody recalls a message to user2.
func recallBody(id string, force bool) string {
	return fmt.Sprintf(`{"msg_id":%q,"to":"user2","chat_type":"chat","force":%t}`, id, force)
}

func recalled(srv *easemobtest.Server, chat, from, to, id string) string {
	return fmt.Sprintf(`{"path":"/messages/msg_recall","uri":"%s/demo-org/demo-app/messages/msg_recall",`+
		`"timestamp":1657529588473,"organization":"demo-org","application":"8be024f0-e978-41e8-b697-5d598d5f8402",`+
		`"action":"post","data":{"recalled":"yes","chattype":%q,"from":%q,"to":%q,"msg_id":%q},`+
		`"duration":0,"applicationName":"demo-app"}`, srv.URL, chat, from, to, id)
}

func TestRecallSucceeds(t *testing.T) {
	tests := map[string]struct {
		chat, to string
		age      time.Duration
		body     string
		from     string // in the answer
	}{
		"chat": {
			chat: "chat", to: "user2", from: "user1",
			body: `{"msg_id":"1028442084794698104","to":"user2","from":"user1","chat_type":"chat","force":true,` +
				`"recallMessageExtensionInfo":"{\"type\": \"chat\"}"}`,
		},
		"groupchat": {
			chat: "groupchat", to: "99537689575425", from: "admin",
			body: `{"msg_id":"1028442084794698104","to":"99537689575425","chat_type":"groupchat","force":false}`,
		},
		"chatroom": {
			chat: "chatroom", to: "99537689575426", from: "admin",
			body: `{"msg_id":"1028442084794698104","to":"99537689575426","chat_type":"chatroom","force":false,"sync_device":false}`,
		},
		"end of the window":     {chat: "chat", to: "user2", from: "admin", age: 2 * time.Minute, body: recallBody("1028442084794698104", false)},
		"force past the window": {chat: "chat", to: "user2", from: "admin", age: 24 * time.Hour, body: recallBody("1028442084794698104", true)},
		"user ID in other case": {
			chat: "chat", to: "USER2", from: "admin",
			body: `{"msg_id":"1028442084794698104","to":"USER2","chat_type":"chat","force":false}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			to := tt.to
			if to == "USER2" {
				to = "user2"
			}
			srv.Add(easemobtest.Message{
				ID: "1028442084794698104", From: "user1", To: to, Chat: tt.chat, SentAt: srv.Now().Add(-tt.age),
			})
			status, body := send(t, srv, http.MethodPost, recallPath, tt.body, bearer(t, srv)...)
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, recalled(srv, tt.chat, tt.from, tt.to, "1028442084794698104"), body)
			assert.True(t, srv.Recalled("1028442084794698104"))
		})
	}
}

func TestRecallRefused(t *testing.T) {
	tests := map[string]struct {
		body   string
		age    time.Duration
		status int
		code   string
		text   string
	}{
		"no msg_id":       {`{"msg_id":"","to":"user2","chat_type":"chat","force":false}`, 0, 400, "message_recall_error", "param msg_id can't be empty"},
		"no to":           {`{"msg_id":"1","chat_type":"chat","force":false}`, 0, 400, "message_recall_error", "param to can't be empty"},
		"no chat_type":    {`{"msg_id":"1","to":"user2","force":false}`, 0, 400, "message_recall_error", "param chat_type can't be empty"},
		"no force":        {`{"msg_id":"1","to":"user2","chat_type":"chat"}`, 0, 400, "message_recall_error", "param force can't be empty"},
		"other recipient": {`{"msg_id":"1","to":"user3","chat_type":"chat","force":true}`, 0, 400, "message_recall_error", "can't find msg to"},
		"other chat type": {`{"msg_id":"1","to":"user2","chat_type":"groupchat","force":false}`, 0, 400, "message_recall_error", "can't find msg to"},
		"past the window": {recallBody("1", false), 2*time.Minute + time.Millisecond, 403, "message_recall_error", "exceed recall time limit"},
		"unknown":         {recallBody("2", false), 0, 403, "message_recall_error", "not_found msg"},
		"force as string": {`{"msg_id":"1","to":"user2","chat_type":"chat","force":"true"}`, 0, 400, "invalid_request_body", "Request body is invalid. Please check body is correct."},
		"an array":        {`[]`, 0, 400, "invalid_request_body", "Request body is invalid. Please check body is correct."},
		"empty body":      {``, 0, 400, "json_parse", "Unexpected character (unexpected end of JSON input)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			srv.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: "chat", SentAt: srv.Now().Add(-tt.age)})
			status, body := send(t, srv, http.MethodPost, recallPath, tt.body, bearer(t, srv)...)
			assert.Equal(t, tt.status, status)
			assert.Equal(t, failed(tt.code, tt.text), body)
			assert.False(t, srv.Recalled("1"))
		})
	}
}

func TestRecallUnopened(t *testing.T) {
	srv := frozen(t)
	srv.RecallUnopened = true
	status, body := send(t, srv, http.MethodPost, recallPath, recallBody("1", true), bearer(t, srv)...)
	assert.Equal(t, http.StatusForbidden, status)
	assert.Equal(t, failedWith("forbidden_op", "EasemobForbiddenOpException", "message recall service is unopened"), body)
}

func TestRecallAgain(t *testing.T) {
	srv := frozen(t)
	srv.Add(easemobtest.Message{ID: "1", To: "user2", Chat: "chat"})
	token := bearer(t, srv)
	statuses := make([]int, 0, 3)
	for _, force := range []bool{false, false, true} {
		status, _ := send(t, srv, http.MethodPost, recallPath, recallBody("1", force), token...)
		statuses = append(statuses, status)
	}
	assert.Equal(t, []int{200, 403, 200}, statuses)
}

func TestForceOnUnknownMessageProvesNothing(t *testing.T) {
	srv := frozen(t)
	status, body := send(t, srv, http.MethodPost, recallPath, recallBody("13132131", true), bearer(t, srv)...)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, recalled(srv, "chat", "admin", "user2", "13132131"), body)
	assert.False(t, srv.Recalled("13132131"))
}

func TestAddFillsInTheTime(t *testing.T) {
	srv := frozen(t)
	assert.Equal(t, srv.Now(), srv.Add(easemobtest.Message{ID: "1"}).SentAt)
	sent := srv.Now().Add(-time.Hour)
	assert.Equal(t, sent, srv.Add(easemobtest.Message{ID: "1", SentAt: sent}).SentAt)
}

func TestAddWithoutChatIsSingle(t *testing.T) {
	srv := frozen(t)
	assert.Equal(t, easemobtest.ChatSingle, srv.Add(easemobtest.Message{ID: "1", To: "user2"}).Chat)
	send(t, srv, http.MethodPost, recallPath, recallBody("1", false), bearer(t, srv)...)
	assert.True(t, srv.Recalled("1"))
}

func TestWindowIsASetting(t *testing.T) {
	srv := frozen(t)
	srv.Window = 7 * 24 * time.Hour
	token := bearer(t, srv)
	srv.Add(easemobtest.Message{ID: "1", To: "user2", Chat: "chat"})
	srv.Advance(srv.Window)
	status, _ := send(t, srv, http.MethodPost, recallPath, recallBody("1", false), token...)
	assert.Equal(t, http.StatusOK, status)
}
