package netease

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// hostile are texts that naive code would take apart, change or send
// elsewhere.
var hostile = []string{
	"", " ", "a b", ".", "..", "../..", "/", "//", "a/../b", "?", "a?type=3", "#", "%", "%2F", "%7C", "%00", "&", "a&type=3", "=", "+",
	"|", "t1|1|t4", ";", ",", ":", "@", "$", "!", "*", "'", `"`, `\`, "~", "<a>", "{}", "\r\n", "a\r\nX-Evil: 1", "\x00", "\x7f", "\u00a0",
	"用户", "😀", "e\u0301", "\u202e", "a\xffb", "\xed\xa0\x80", "１２", "007", "-1", strings.Repeat("a", 33), strings.Repeat("😀", 32),
	"10386193", `{"a":"&"}`,
}

// What arrives is exactly what was given, or nothing was sent.
func TestHostileFormTexts(t *testing.T) {
	for _, e := range v1Endpoints() {
		for _, text := range e.texts {
			t.Run(e.op+"/"+text.wire, func(t *testing.T) {
				s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200}`))
				c := newClient(t, Config{Host: s.URL})
				for _, value := range hostile {
					sent := len(s.Requests())
					_, err := text.call(value)(c, t.Context())
					if refusedLocally(t, err) {
						assert.Len(t, s.Requests(), sent, "%q was refused and sent", value)
						continue
					}
					require.NoError(t, err, "%q", value)
					want := maps.Clone(e.form)
					want.Set(text.wire, value)
					if value == "" {
						want.Del(text.wire)
						assert.NotContains(t, e.form, text.wire, "a required text may not be empty")
					}
					got := s.Requests()[sent]
					assert.Equal(t, want, formOf(t, got.Body), "%q", value)
					assert.NotContains(t, got.URI, "?")
				}
			})
		}
	}
}

// refusedLocally tells whether a call ended before anything was sent.
func refusedLocally(t *testing.T, err error) bool {
	t.Helper()
	if err == nil {
		return false
	}
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	if e.Attempts > 0 {
		return false
	}
	assert.Equal(t, recall.ErrInvalidRequest, e.Kind)
	assert.NotEmpty(t, e.Field)
	return true
}

func TestHostileV2Texts(t *testing.T) {
	for _, text := range v2Endpoint().texts {
		t.Run(text.wire, func(t *testing.T) {
			s := newServer(t, vendortest.Answering(http.StatusOK, okV2))
			c := newClient(t, Config{HostV2: s.URL + "/nimserver"})
			for _, value := range hostile {
				sent := len(s.Requests())
				_, err := text.call(value)(c, t.Context())
				if refusedLocally(t, err) {
					assert.Len(t, s.Requests(), sent, "%q was refused and sent", value)
					continue
				}
				require.NoError(t, err, "%q", value)
				want := map[string]string{"sender": "t1", "receiver": "13827", "message": "10386192", "type": "2"}
				want[text.wire] = value
				if value == "" {
					assert.NotContains(t, []string{"sender", "receiver", "message"}, text.wire, "a required text may not be empty")
					delete(want, text.wire)
				}
				got, err := readV2Request(s.Requests()[sent].URI)
				require.NoError(t, err, "%q", value)
				assert.Equal(t, want, got, "%q", value)
			}
		})
	}
}

// readV2Request takes a request's URI apart as a strict server would, without
// the code under test.
func readV2Request(uri string) (map[string]string, error) {
	path, query, _ := strings.Cut(uri, "?")
	for i := range len(uri) {
		if uri[i] <= ' ' || uri[i] >= 0x7f || strings.IndexByte("|#\"<>\\^`{}+;,:@$!*'()[]", uri[i]) >= 0 {
			return nil, errors.New("a character of " + uri + " is not escaped")
		}
	}
	segments := strings.Split(path, "/")
	if len(segments) != 8 || strings.Join(segments[:5], "/") != "/nimserver/im/v2/conversations" || segments[6] != "messages" {
		return nil, errors.New("the path is " + path)
	}
	conversation, err := url.PathUnescape(segments[5])
	if err != nil {
		return nil, err
	}
	parts := strings.Split(conversation, "|")
	if len(parts) != 3 || parts[1] != "2" || strings.Contains(segments[5], "|") {
		return nil, errors.New("the conversation is " + segments[5])
	}
	message, err := url.PathUnescape(segments[7])
	if err != nil {
		return nil, err
	}
	out := map[string]string{"sender": parts[0], "receiver": parts[2], "message": message}
	values, err := url.ParseQuery(query)
	for name := range values {
		out[name] = values.Get(name)
	}
	return out, err
}

// The same through RecallMessage: whatever an application has for a user or a
// message reaches the vendor exactly, or not at all.
func TestHostileRequests(t *testing.T) {
	sets := map[string]func(*recall.Request, string){
		"MessageID": func(r *recall.Request, s string) { r.MessageID = s },
		"From":      func(r *recall.Request, s string) { r.From = s },
		"To":        func(r *recall.Request, s string) { r.To = s },
		"Operator":  func(r *recall.Request, s string) { r.Operator = s },
		"Reason":    func(r *recall.Request, s string) { r.Reason = s },
		"Extension": func(r *recall.Request, s string) { r.Extension = s },
		"Ref":       func(r *recall.Request, s string) { r.Ref = s },
	}
	full := recall.Request{MessageID: "10386192", From: "t1", To: "13827", SentAt: time.UnixMilli(1481528155741), Operator: "admin"}
	s := newServer(t, vendortest.Answering(http.StatusOK, okV2))
	clients := []*Client{
		newClient(t, Config{Host: s.URL}),
		newClient(t, Config{API: APIv2, HostV2: s.URL + "/nimserver", FormerMembers: true}),
	}
	for _, c := range clients {
		for _, chat := range c.Capabilities().Chats {
			for field, set := range sets {
				for _, value := range hostile {
					req := full
					req.Chat = chat
					set(&req, value)
					sent := len(s.Requests())
					_, err := c.RecallMessage(t.Context(), req)
					if refusedLocally(t, err) {
						assert.Equal(t, field, failure(t, err).Field, "%q", value)
						assert.Len(t, s.Requests(), sent)
						continue
					}
					require.NoError(t, err, "%s %s %q", chat, field, value)
					requireArrived(t, s.Requests()[sent], req)
				}
			}
		}
	}
}

// requireArrived checks that a request named the message of req and no other.
func requireArrived(t *testing.T, got vendortest.Request, req recall.Request) {
	t.Helper()
	form := formOf(t, got.Body)
	who := []string{form.Get("from") + form.Get("fromAcc"), form.Get("to") + form.Get("roomid"), form.Get("deleteMsgid") + form.Get("msgId")}
	if got.Method == http.MethodDelete {
		segments := strings.Split(strings.TrimPrefix(got.URI, "/nimserver"), "/")
		conversation, err := url.PathUnescape(segments[4])
		require.NoError(t, err)
		parts := strings.Split(conversation, "|")
		require.Len(t, parts, 3, got.URI)
		message, _, _ := strings.Cut(segments[6], "?")
		who = []string{parts[0], parts[2], message}
	}
	assert.Equal(t, []string{req.From, req.To, req.MessageID}, who)
}
