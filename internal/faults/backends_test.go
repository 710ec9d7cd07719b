package faults

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// backend is an emulator as a storm uses it. Messages are numbered.
type backend struct {
	name     string
	answer   http.HandlerFunc
	open     func(url string, p recall.Policy) (client, error)
	add      func(n int, req recall.Request) // puts the message of a request on the server
	recalled func(n int) bool
	about    func(body []byte) (n int, ok bool) // the message that a request is about
	secrets  []string

	tooFast       string // the vendor's refusal of a call too many
	limitedStatus int    // its HTTP status, 0 for 429
	failure       string // what it says when it fails
}

// epoch is when the messages of a storm were sent: message n so many
// milliseconds later.
var epoch = time.UnixMilli(time.Now().UnixMilli())

// window is how long after that the emulators let a message be recalled: longer
// than these tests take.
const window = 24 * time.Hour

func messageID(n int) string { return strconv.Itoa(1_000_000 + n) }

// message is what to recall.
func (b *backend) message(n int) recall.Request {
	return recall.Request{
		MessageID: messageID(n), Chat: recall.ChatDirect, From: "user1", To: "user2",
		SentAt: epoch.Add(time.Duration(n) * time.Millisecond),
	}
}

func numberOf(id string) (int, bool) {
	n, err := strconv.Atoi(id)
	return n - 1_000_000, err == nil
}

var stormBackends = []func(*testing.T) *backend{
	easemobBackend, neteaseBackend, goeasyBackend, inBatches(easemobBackend), inBatches(goeasyBackend),
}

func easemobBackend(t *testing.T) *backend {
	t.Helper()
	server := easemobtest.NewServer()
	server.Window = window
	t.Cleanup(server.Close)
	return &backend{
		name: "easemob", answer: server.Answer,
		open: func(url string, p recall.Policy) (client, error) {
			return easemob.New(easemob.Config{
				Host: url, Org: server.Org, App: server.App,
				ClientID: server.ClientID, ClientSecret: server.ClientSecret, Policy: p,
			})
		},
		add: func(n int, req recall.Request) {
			server.Add(easemobtest.Message{ID: messageID(n), From: req.From, To: req.To, Chat: "chat", SentAt: req.SentAt})
		},
		recalled: func(n int) bool { return server.Recalled(messageID(n)) },
		about: func(body []byte) (int, bool) {
			var req struct {
				ID string `json:"msg_id"`
			}
			json.Unmarshal(body, &req)
			return numberOf(req.ID)
		},
		secrets: []string{server.ClientSecret, "YWMt"},
		tooFast: vendors[0].tooFast,
		failure: `{"error":"internal_server_error","error_description":"internal error"}`,
	}
}

func neteaseBackend(t *testing.T) *backend {
	t.Helper()
	server := neteasetest.NewServer()
	server.Window = window
	t.Cleanup(server.Close)
	return &backend{
		name: "netease", answer: server.Answer,
		open: func(url string, p recall.Policy) (client, error) {
			return netease.New(netease.Config{
				Host: url + "/nimserver", AppKey: server.AppKey, AppSecret: server.AppSecret, Policy: p,
			})
		},
		add: func(n int, req recall.Request) {
			server.Add(neteasetest.Message{
				ID: messageID(n), From: req.From, To: req.To, Type: neteasetest.TypeP2P, SentAt: req.SentAt,
			})
		},
		recalled: func(n int) bool { return server.Recalled(messageID(n)) },
		about: func(body []byte) (int, bool) {
			form, _ := url.ParseQuery(string(body))
			return numberOf(form.Get("deleteMsgid"))
		},
		secrets: []string{server.AppSecret},
		tooFast: vendors[1].tooFast, limitedStatus: http.StatusOK,
		failure: `{"code":500,"desc":"server error"}`,
	}
}

// goeasyBackend knows messages by their time.
func goeasyBackend(t *testing.T) *backend {
	t.Helper()
	server := goeasytest.NewServer()
	t.Cleanup(server.Close)
	numbers := map[int64]int{}
	return &backend{
		name: "goeasy", answer: server.Answer,
		open: func(url string, p recall.Policy) (client, error) {
			return goeasy.New(goeasy.Config{Host: url, AppKey: server.RestKey, Policy: p})
		},
		add: func(n int, req recall.Request) {
			numbers[req.SentAt.UnixMilli()] = n
			server.Add(goeasytest.Message{ID: messageID(n), From: req.From, To: req.To, SentAt: req.SentAt})
		},
		recalled: func(n int) bool { return server.Recalled(messageID(n)) },
		about: func(body []byte) (int, bool) {
			var req struct {
				Messages []int64 `json:"messages"`
			}
			if json.Unmarshal(body, &req) != nil || len(req.Messages) != 1 {
				return 0, false
			}
			if n, known := numbers[req.Messages[0]]; known {
				return n, true
			}
			return int(req.Messages[0] - epoch.UnixMilli()), true // one that is not on the server
		},
		secrets: []string{server.RestKey, strings.TrimPrefix(server.RestKey, "PR-")},
		tooFast: vendors[2].tooFast,
		failure: `{"code":500,"content":"server error"}`,
	}
}
