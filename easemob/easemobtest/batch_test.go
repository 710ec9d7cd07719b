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
	batchPath  = "/demo-org/demo-app/messages/batch_recall"
	legacyPath = "/demo-org/demo-app/messages/recall"
)

// TestBatch answers each message on its own: as the page's sample, and where that has none in the legacy form.
func TestBatch(t *testing.T) {
	srv := frozen(t)
	old := srv.Now().Add(-time.Hour)
	for _, m := range []easemobtest.Message{
		{ID: "7126", To: "room", Chat: "chatroom"},
		{ID: "2", To: "user2", Chat: "chat", SentAt: old},
		{ID: "3", To: "user2", Chat: "chat", SentAt: old},
		{ID: "4", To: "user2", Chat: "chat"},
	} {
		srv.Add(m)
	}
	status, body := send(t, srv, http.MethodPost, batchPath, `{"msgs":[
		{"msg_id":"7126","to":"room","from":"user1","chat_type":"chatroom","force":false,"sync_device":false},
		{"msg_id":"2","to":"user2","chat_type":"chat","force":false},
		{"msg_id":"3","to":"user2","chat_type":"chat","force":true},
		{"msg_id":"4","to":"user3","chat_type":"chat","force":true},
		{"msg_id":"5","to":"user2","chat_type":"chat","force":false}],
		"recallMessageExtensionInfo":"{}"}`, bearer(t, srv)...)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, `{"path":"/messages/batch_recall","uri":"`+srv.URL+`/demo-org/demo-app/messages/batch_recall",`+
		`"timestamp":1657529588473,"organization":"demo-org","application":"8be024f0-e978-41e8-b697-5d598d5f8402",`+
		`"action":"post","data":[`+
		`{"recalled":"yes","chattype":"chatroom","from":"user1","to":"room","msg_id":"7126"},`+
		`{"msg_id":"2","recalled":"exceed recall time limit"},`+
		`{"recalled":"yes","chattype":"chat","from":"admin","to":"user2","msg_id":"3"},`+
		`{"msg_id":"4","recalled":"can't find msg to"},`+
		`{"msg_id":"5","recalled":"not_found msg"}],"duration":0,"applicationName":"demo-app"}`, body)
	assert.Equal(t, []bool{true, false, true, false}, []bool{srv.Recalled("7126"), srv.Recalled("2"), srv.Recalled("3"), srv.Recalled("4")})
}

func TestBatchRefused(t *testing.T) {
	item := `{"msg_id":"1","to":"user2","chat_type":"chat","force":false}`
	for name, test := range map[string]struct{ body, code, text string }{
		"none":      {`{"msgs":[]}`, "illegal_argument", "this is an invalid request."},
		"too many":  {`{"msgs":[` + strings.Repeat(item+",", 30) + item + `]}`, "illegal_argument", "this is an invalid request."},
		"no force":  {`{"msgs":[` + item + `,{"msg_id":"2","to":"user2","chat_type":"chat"}]}`, "message_recall_error", "param force can't be empty"},
		"no id":     {`{"msgs":[{"to":"user2","chat_type":"chat","force":false}]}`, "message_recall_error", "param msg_id can't be empty"},
		"no list":   {`{"msgs":{}}`, "invalid_request_body", "Request body is invalid. Please check body is correct."},
		"wrong key": {`{"messages":[` + item + `]}`, "illegal_argument", "this is an invalid request."},
	} {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			srv.Add(easemobtest.Message{ID: "1", To: "user2", Chat: "chat"})
			status, body := send(t, srv, http.MethodPost, batchPath, test.body, bearer(t, srv)...)
			assert.Equal(t, http.StatusBadRequest, status)
			assert.Equal(t, failed(test.code, test.text), body)
			assert.False(t, srv.Recalled("1"))
		})
	}
}

// TestLegacy answers in the reverse order and without the envelope, as the page's sample.
func TestLegacy(t *testing.T) {
	srv := frozen(t)
	srv.Add(easemobtest.Message{ID: "673296797703079892", To: "99537689575425", Chat: "groupchat"})
	srv.Add(easemobtest.Message{ID: "673296835082717140", To: "yifan1", Chat: "chat"})
	token := bearer(t, srv)
	request := `{"msgs": [{"msg_id": "673296797703079892","to": "99537689575425","chat_type": "%s"},` +
		`{"msg_id": "673296835082717140","to": "yifan1","chat_type": "chat"}]}`
	status, body := send(t, srv, http.MethodPost, legacyPath, fmt.Sprintf(request, "groupchat"), token...)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, `{"msgs":[{"msg_id":"673296835082717140","recalled":"yes","from":"admin","to":"yifan1","chattype":"chat"},`+
		`{"msg_id":"673296797703079892","recalled":"yes","from":"admin","to":"99537689575425","chattype":"groupchat"}]}`, body)

	status, body = send(t, srv, http.MethodPost, legacyPath, fmt.Sprintf(request, "group_chat"), token...)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, `{"msgs":[{"msg_id":"673296835082717140","recalled":"not_found msg"},`+
		`{"msg_id":"673296797703079892","recalled":"not_found msg"}]}`, body)
}

func TestLegacySpellings(t *testing.T) {
	srv := frozen(t)
	token := bearer(t, srv)
	for chat, want := range map[string]bool{"groupchat": true, "group_chat": true, "chatroom": false} {
		srv.Add(easemobtest.Message{ID: chat, To: "g", Chat: "groupchat"})
		srv.Add(easemobtest.Message{ID: "room", To: "g", Chat: "chatroom"})
		status, _ := send(t, srv, http.MethodPost, legacyPath, fmt.Sprintf(`{"msgs":[{"msg_id":%q,"to":"g","chat_type":%q},{"msg_id":"room","to":"g","chat_type":%q}]}`, chat, chat, chat), token...)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, want, srv.Recalled(chat), chat)
		assert.False(t, srv.Recalled("room"), "the legacy call knows no chat rooms")
	}
}

func TestLegacyRefused(t *testing.T) {
	for body, want := range map[string]string{
		`{"msgs":[]}`:             failed("illegal_argument", "this is an invalid request."),
		`{"msgs":[{"to":"u"}]}`:   failed("message_recall_error", "param msg_id can't be empty"),
		`{"msgs":[{"msg_id":7}]}`: failed("invalid_request_body", "Request body is invalid. Please check body is correct."),
	} {
		srv := frozen(t)
		status, got := send(t, srv, http.MethodPost, legacyPath, body, bearer(t, srv)...)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, want, got)
	}
}

func TestUnopenedForBatchAndLegacy(t *testing.T) {
	for _, path := range []string{batchPath, legacyPath} {
		srv := frozen(t)
		srv.RecallUnopened = true
		status, body := send(t, srv, http.MethodPost, path, `{"msgs":[]}`, bearer(t, srv)...)
		assert.Equal(t, http.StatusForbidden, status)
		assert.Equal(t, failedWith("forbidden_op", "EasemobForbiddenOpException", "message recall service is unopened"), body)
	}
}
