package goeasytest

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // GoEasy's protocol
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/imrecall/imrecall/internal/emulator"
)

// Callbacks is how the emulator posts to a webhook: each message, and each message that was recalled. That GoEasy tells
// of recalls is not documented; with NoRecalls the emulator does not.
//
// They are posted in the background, one after the other, in the order of what happened. One that is not answered
// within 3 seconds with status 200 and exactly {"code":200,"content":"success"} is posted again, twice at most. After
// the third failure the webhook is off, and stays so until SendCallbacks is called again.
//
// With Early, a recall is not answered before every callback that comes before its own. An application that recalls from
// inside its callback handler would wait for itself.
type Callbacks struct {
	URL          string // where to post; empty: nowhere
	Times        int    // how often each is posted, though it was answered; 0 and 1: once
	Shuffle      bool   // of every two events the later is posted first; a single one waits for the next, or for WaitCallbacks
	BadSignature bool   // signed with another secret
	Early        bool   // a recall's callback is posted and answered before the recall call itself is answered
	NoRecalls    bool   // nothing is posted about recalls
}

// SendCallbacks makes the emulator post callbacks from now on, in the way that c says: one for each message that is added,
// and one for each that is recalled. A recall that changes nothing has none, though it is answered with yes. The zero
// Callbacks stops them. What is pending is still posted in the way that was set before.
func (s *Server) SendCallbacks(c Callbacks) { s.poster.Start(emulator.Callbacks(c)) }

// WaitCallbacks returns when each callback that was due when it was called has been answered or given up, or
// with ctx's error.
func (s *Server) WaitCallbacks(ctx context.Context) error { return s.poster.Wait(ctx) }

// Close shuts the server down. Callbacks that are pending are not posted any more.
func (s *Server) Close() {
	s.poster.Close()
	s.Server.Close()
}

// newPoster knows https://docs.goeasy.io/2.x/common/webhook.
func newPoster() *emulator.Poster {
	return emulator.NewPoster(emulator.PostRules{
		Tries:   3,
		Timeout: 3 * time.Second,
		GivesUp: true,
		Received: func(status int, body []byte) bool {
			return status == http.StatusOK && string(body) == `{"code":200,"content":"success"}`
		},
	})
}

// item is a message as GoEasy's pages show it to clients. The page with the format of the webhook's items was not to be
// found.
//
// https://docs.goeasy.io/2.x/im/message/private-chat, https://docs.goeasy.io/2.x/im/history/recall
type item struct {
	MessageID  string    `json:"messageId"`
	Timestamp  int64     `json:"timestamp"`
	Type       string    `json:"type"`
	SenderID   string    `json:"senderId"`
	Payload    payload   `json:"payload"`
	ReceiverID string    `json:"receiverId,omitempty"`
	GroupID    string    `json:"groupId,omitempty"`
	Recalled   bool      `json:"recalled,omitempty"`
	Recaller   *recaller `json:"recaller,omitempty"`
}

type payload struct {
	Text string `json:"text"`
}

// recaller is who recalls, as the call says and as clients see it.
type recaller struct {
	ID string `json:"id"`
	// Data is a string in the table of the page and an object in its examples.
	Data json.RawMessage `json:"data,omitempty"`
}

// itemOf tells of a message. The emulator holds no texts, so all messages say the same.
func itemOf(m Message) item {
	it := item{
		MessageID: m.ID, Timestamp: m.SentAt.UnixMilli(), Type: "text", SenderID: m.From, Payload: payload{Text: "hello"}, GroupID: m.GroupID,
	}
	if m.GroupID == "" {
		it.ReceiverID = m.To
	}
	return it
}

// tellRecalls posts the callbacks of a recall. The caller does not hold the lock: who gets one may ask the server
// something.
func (s *Server) tellRecalls(ctx context.Context, messages []Message, by recaller) {
	for _, m := range messages {
		it := itemOf(m)
		it.Recalled, it.Recaller = true, &by
		s.poster.Recalled(ctx, s.callback(it))
	}
}

// callback is a form whose parameter content, a list, is signed.
func (s *Server) callback(it item) emulator.Callback {
	return emulator.Callback{Secret: s.SecretKey, Render: func(secret string) (http.Header, []byte) {
		content, _ := emulator.JSON([]item{it}) // it can't fail: what the recaller is came out of JSON
		body := []byte(url.Values{"content": {string(content)}}.Encode())
		mac := hmac.New(sha1.New, []byte(secret))
		mac.Write(content)
		return http.Header{
			"Content-Type":       {"application/x-www-form-urlencoded"},
			"X-Goeasy-Signature": {base64.StdEncoding.EncodeToString(mac.Sum(nil))},
		}, body
	}}
}
