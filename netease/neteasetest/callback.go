package neteasetest

import (
	"context"
	"crypto/md5" //nolint:gosec // NetEase's protocol
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/internal/emulator"
)

// Callbacks is how the emulator posts message copies: of messages, and of recalls from everyone, but for those in chat
// rooms, which are not documented to be copied. Recalls that keep the sender's copy and deletions are not told either;
// whether NetEase tells them is not documented.
//
// They are posted in the background, one after the other, in the order of what happened. NetEase takes the statuses 200
// and 500 for "received". After another one, or 5 seconds, a copy is posted again, twice at most, and then given up: the
// number is this emulator's own.
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
// and one for each that is recalled. A recall that changes nothing has none, though it may be answered with yes. The zero
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

// newPoster knows https://doc.commsease.com/en/messaging/server-apis/jQ4ODE0NTY?platform=server.
func newPoster() *emulator.Poster {
	return emulator.NewPoster(emulator.PostRules{
		Tries:   3,
		Timeout: 5 * time.Second,
		Received: func(status int, _ []byte) bool {
			return status == http.StatusOK || status == http.StatusInternalServerError
		},
	})
}

// sentCopy is the copy of a message, https://doc.yunxin.163.com/messaging/server-apis/DI3OTg5Mjg?platform=server.
type sentCopy struct {
	Attach         string `json:"attach"`
	Body           string `json:"body"`
	ConvType       string `json:"convType"`
	EventType      string `json:"eventType"`
	FromAccount    string `json:"fromAccount"`
	FromClientType string `json:"fromClientType"`
	FromNick       string `json:"fromNick"`
	MsgTimestamp   string `json:"msgTimestamp"`
	MsgType        string `json:"msgType"`
	MsgIDClient    string `json:"msgidClient"`
	MsgIDServer    string `json:"msgidServer"`
	ResendFlag     string `json:"resendFlag"`
	To             string `json:"to"`
}

// roomCopy is the copy of a message in a chat room,
// https://doc.yunxin.163.com/messaging/guide/TcxNzU4NzU?platform=server.
type roomCopy struct {
	Attach          string `json:"attach"`
	EventType       string `json:"eventType"`
	Ext             string `json:"ext"`
	FromAccount     string `json:"fromAccount"`
	FromAvator      string `json:"fromAvator"`
	FromClientType  string `json:"fromClientType"`
	FromExt         string `json:"fromExt"`
	FromNick        string `json:"fromNick"`
	MsgTimestamp    string `json:"msgTimestamp"`
	MsgType         string `json:"msgType"`
	MsgIDClient     string `json:"msgidClient"`
	ResendFlag      string `json:"resendFlag"`
	RoleInfoTimetag string `json:"roleInfoTimetag"`
	RoomID          string `json:"roomId"`
}

// recallCopy is the copy of a recall, from the same page.
type recallCopy struct {
	ClientID       string `json:"clientId"`
	DeleteTime     string `json:"deleteTime"`
	EventType      string `json:"eventType"`
	From           string `json:"from"`
	FromClientType string `json:"fromClientType"`
	MsgID          string `json:"msgId"`
	SelfMsg        string `json:"selfMsg"`
	SendTime       string `json:"sendTime"`
	To             string `json:"to"`
}

// The emulator holds no texts, so all messages and all recalls say the same.
const (
	demoText   = "hello"
	demoNotice = "撤回了一条消息"
)

// sent is the callback that tells of a message.
func (s *Server) sent(m Message) emulator.Callback {
	if m.Type == TypeChatroom {
		return s.callback(roomCopy{
			Attach: demoText, EventType: "4", FromAccount: m.From, FromClientType: "REST", FromNick: m.From, MsgTimestamp: millis(m.SentAt),
			MsgType: "TEXT", MsgIDClient: m.ID, ResendFlag: "0", RoleInfoTimetag: "0", RoomID: m.To,
		})
	}
	convType := "PERSON"
	switch m.Type {
	case TypeTeam:
		convType = "TEAM"
	case TypeSuperTeam:
		convType = "SUPER_TEAM"
	}
	return s.callback(sentCopy{
		Body: demoText, ConvType: convType, EventType: "1", FromAccount: m.From, FromClientType: "REST", FromNick: m.From,
		MsgTimestamp: millis(m.SentAt), MsgType: "TEXT", MsgIDClient: clientID(m), MsgIDServer: m.ID, ResendFlag: "0", To: m.To,
	})
}

// tellRecall posts the callback of a recall. The caller does not hold the lock: who gets it may ask the server
// something.
func (s *Server) tellRecall(ctx context.Context, m Message) {
	eventType := strconv.Itoa(m.Type) // these numbers are the same
	if m.Type == TypeSuperTeam {
		eventType = "25"
	}
	s.poster.Recalled(ctx, s.callback(recallCopy{
		ClientID: clientID(m), DeleteTime: millis(s.Now()), EventType: eventType, From: m.From, FromClientType: "REST", MsgID: m.ID,
		SelfMsg: demoNotice, SendTime: millis(m.SentAt), To: m.To,
	}))
}

// clientID is the id that the sender's client would have made.
func clientID(m Message) string { return "client-" + m.ID }

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// callback signs a copy when it is posted: with the emulator's time in milliseconds then.
func (s *Server) callback(v any) emulator.Callback {
	return emulator.Callback{Secret: s.AppSecret, Render: func(secret string) (http.Header, []byte) {
		body, _ := emulator.JSON(v) // strings only: it can't fail
		sum := md5.Sum(body)
		digest, curTime := hex.EncodeToString(sum[:]), millis(s.Now())
		h := http.Header{}
		h.Set("Content-Type", "application/json")
		h.Set("AppKey", s.AppKey)
		h.Set("CurTime", curTime)
		h.Set("MD5", digest)
		h.Set("CheckSum", checkSum(secret, digest, curTime))
		return h, body
	}}
}
