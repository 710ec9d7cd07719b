package easemobtest_test

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob/easemobtest"
)

// signing is what a test makes a token of Agora's form from.
type signing struct {
	appID, certificate, user string
	service, privilege       uint16
	issued                   time.Time
	life                     uint32
	dropLast                 int // bytes missing at the end
}

// signed returns the token as a header for send.
func (s signing) signed(t *testing.T) []string {
	t.Helper()
	text := func(v string) []byte {
		return append(binary.LittleEndian.AppendUint16(nil, uint16(len(v))), v...)
	}
	var content bytes.Buffer
	write := func(values ...any) {
		for _, v := range values {
			require.NoError(t, binary.Write(&content, binary.LittleEndian, v))
		}
	}
	issued := uint32(s.issued.Unix())
	write(text(s.appID), issued, s.life, uint32(77), uint16(1), s.service, uint16(1), s.privilege, s.life, text(s.user))
	content.Truncate(content.Len() - s.dropLast)
	mac := func(key, data []byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(data)
		return h.Sum(nil)
	}
	le := binary.LittleEndian
	key := mac(le.AppendUint32(nil, 77), mac(le.AppendUint32(nil, issued), []byte(s.certificate)))
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, err := z.Write(append(text(string(mac(key, content.Bytes()))), content.Bytes()...))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return []string{"Authorization", "Bearer 007" + base64.StdEncoding.EncodeToString(out.Bytes())}
}

func good(srv *easemobtest.Server) signing {
	return signing{
		appID: srv.AppID, certificate: srv.AppCertificate, service: 5, privilege: 2,
		issued: time.UnixMilli(nowMillis), life: 3600,
	}
}

func TestAgoraTokens(t *testing.T) {
	const security = "EasemobSecurityException"
	foreign := failedWith("auth_bad_access_token", security, "Unable to authenticate")
	corrupt := failedWith("auth_bad_access_token", security, "Unable to authenticate due to corrupt access token")
	for name, test := range map[string]struct {
		change func(*signing)
		want   string // "" for a token that is let in
	}{
		"good":              {func(*signing) {}, ""},
		"other app":         {func(s *signing) { s.appID = strings.Repeat("0", 32) }, foreign},
		"other certificate": {func(s *signing) { s.certificate = strings.Repeat("0", 32) }, foreign},
		"other service":     {func(s *signing) { s.service = 1 }, foreign},
		"a user's":          {func(s *signing) { s.privilege = 1 }, foreign},
		"of a user":         {func(s *signing) { s.user = "u" }, foreign},
		"cut":               {func(s *signing) { s.dropLast = 1 }, corrupt},
		"cut short":         {func(s *signing) { s.dropLast = 20 }, corrupt},
		"expired": {
			func(s *signing) { s.issued = s.issued.Add(-time.Hour) },
			usergridFailed("unauthorized", security, "Unable to authenticate due to expired access token"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			srv.Dialect = easemobtest.Agora
			token := good(srv)
			test.change(&token)
			status, body := send(t, srv, http.MethodPost, recallPath, recallBody("1", true), token.signed(t)...)
			if test.want == "" {
				assert.Equal(t, http.StatusOK, status)
				return
			}
			assert.Equal(t, http.StatusUnauthorized, status)
			assert.Equal(t, test.want, body)
		})
	}
	for _, value := range []string{"007", "007!", "007AAAA", "007" + base64.StdEncoding.EncodeToString([]byte("not compressed")), "YWMtxyz"} {
		srv := frozen(t)
		srv.Dialect = easemobtest.Agora
		status, body := send(t, srv, http.MethodPost, recallPath, recallBody("1", true), "Authorization", "Bearer "+value)
		assert.Equal(t, http.StatusUnauthorized, status)
		assert.Equal(t, corrupt, body, value)
	}
}

func TestAgoraTokensAreRevokedOnceSeen(t *testing.T) {
	srv := frozen(t)
	srv.Dialect = easemobtest.Agora
	seen, other := good(srv), good(srv)
	other.life++
	status, _ := send(t, srv, http.MethodPost, recallPath, recallBody("1", true), seen.signed(t)...)
	require.Equal(t, http.StatusOK, status)
	srv.RevokeTokens()
	assert.Zero(t, srv.TokensIssued())
	status, _ = send(t, srv, http.MethodPost, recallPath, recallBody("1", true), seen.signed(t)...)
	assert.Equal(t, http.StatusUnauthorized, status)
	status, _ = send(t, srv, http.MethodPost, recallPath, recallBody("1", true), other.signed(t)...)
	assert.Equal(t, http.StatusOK, status)
}

func TestAgoraHasFewerCalls(t *testing.T) {
	srv := frozen(t)
	srv.Dialect = easemobtest.Agora
	for _, call := range []string{
		"POST " + batchPath, "POST " + legacyPath, "POST " + tokenPath, "POST " + roamingPath + "user/u/delete/all",
		"DELETE " + roamingPath + "chat/user/u?userId=p&msgIdList=1",
	} {
		method, path, _ := strings.Cut(call, " ")
		status, body := send(t, srv, method, path, "{}", good(srv).signed(t)...)
		assert.Equal(t, http.StatusInternalServerError, status, call)
		assert.Contains(t, body, "web_application", call)
	}
	status, _ := send(t, srv, http.MethodDelete, "/demo-org/demo-app/users/u1/user_channel",
		`{"channel":"u2","type":"chat","delete_roam":true}`, good(srv).signed(t)...)
	assert.Equal(t, http.StatusOK, status)
}

// TestAgoraTexts, and a force that does not reach a message that is stored and past the window.
func TestAgoraTexts(t *testing.T) {
	srv := frozen(t)
	srv.Dialect = easemobtest.Agora
	srv.Add(easemobtest.Message{ID: "old", To: "user2", Chat: "chat", SentAt: srv.Now().Add(-time.Hour)})
	srv.Add(easemobtest.Message{ID: "elsewhere", To: "user3", Chat: "chat"})
	status, body := send(t, srv, http.MethodPost, recallPath, recallBody("old", true), good(srv).signed(t)...)
	assert.Equal(t, http.StatusForbidden, status)
	assert.Equal(t, failed("message_recall_error", "exceed call time limit"), body)
	_, body = send(t, srv, http.MethodPost, recallPath, recallBody("elsewhere", true), good(srv).signed(t)...)
	assert.Equal(t, failed("message_recall_error", "can't find message to"), body)
}

func TestShengwang(t *testing.T) {
	srv := frozen(t)
	srv.Dialect = easemobtest.Shengwang
	srv.Add(easemobtest.Message{ID: "1", To: "user2", Chat: "chat"})
	root := "/app-id/" + srv.AppID
	status, body := send(t, srv, http.MethodPost, root+"/token", credentials)
	require.Equal(t, http.StatusOK, status)
	issued := []string{"Authorization", "Bearer " + strings.Split(body, `"`)[3]}
	for _, token := range [][]string{issued, good(srv).signed(t)} {
		status, body = send(t, srv, http.MethodPost, root+"/messages/msg_recall", recallBody("1", true), token...)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, `{"path":"/messages/msg_recall","uri":"`+srv.URL+root+`/messages/msg_recall","timestamp":1657529588473,`+
			`"action":"post","data":{"recalled":"yes","chattype":"chat","from":"admin","to":"user2","msg_id":"1"},"duration":0}`, body)
	}
	status, _ = send(t, srv, http.MethodPost, root+"/messages/recall", `{"msgs":[]}`, issued...)
	assert.Equal(t, http.StatusInternalServerError, status, "no legacy recall")
	status, body = send(t, srv, http.MethodPost, recallPath, recallBody("1", true), issued...)
	assert.Equal(t, http.StatusNotFound, status, "another application")
	assert.Contains(t, body, "organization_application_not_found")
	status, _ = send(t, srv, http.MethodPost, root+"/rest/message/roaming/user/u/delete/all", "", issued...)
	assert.Equal(t, http.StatusOK, status)
}

func TestEasemobTakesNoSignedTokens(t *testing.T) {
	srv := frozen(t)
	status, _ := send(t, srv, http.MethodPost, recallPath, recallBody("1", true), good(srv).signed(t)...)
	assert.Equal(t, http.StatusUnauthorized, status)
}
