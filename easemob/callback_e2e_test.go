package easemob_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
)

// application is an app server that the emulator posts to: it notes the events that it was told, and the errors.
type application struct {
	*httptest.Server
	mu     sync.Mutex
	events []recall.Event
	errors []error
	fails  int // how many events are still to be refused
}

// loop starts an emulator of a dialect that posts to an application. The URL of how is filled in.
func loop(t *testing.T, dialect string, how easemobtest.Callbacks) (*easemobtest.Server, *application) {
	t.Helper()
	server := easemobtest.NewServer()
	t.Cleanup(server.Close)
	server.Dialect = dialect
	cfg := easemob.CallbackConfig{
		Dialect: easemob.Dialect(dialect), Org: server.Org, App: server.App,
		Secrets: []string{"an older one", server.CallbackSecret},
	}
	if dialect == easemobtest.Shengwang {
		cfg.Org, cfg.App, cfg.AppID = "", "", server.AppID
	}
	callbacks, err := easemob.NewCallbacks(cfg)
	require.NoError(t, err)
	app := new(application)
	app.Server = httptest.NewServer(&recall.EventHandler{Parser: callbacks, Handle: app.handle, OnError: app.onError})
	t.Cleanup(app.Close)
	how.URL = app.URL
	server.SendCallbacks(how)
	return server, app
}

func (a *application) handle(_ context.Context, e recall.Event) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fails > 0 {
		a.fails--
		return errors.New("the store is down")
	}
	a.events = append(a.events, e)
	return nil
}

func (a *application) onError(_ *http.Request, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.errors = append(a.errors, err)
}

// told returns what the application was told, after what is due has been posted, and forgets it.
func (a *application) told(t *testing.T, server *easemobtest.Server) []recall.Event {
	t.Helper()
	require.NoError(t, server.WaitCallbacks(t.Context()))
	a.mu.Lock()
	defer a.mu.Unlock()
	events := a.events
	a.events = nil
	return events
}

// kindsOf returns the kinds of events and the messages that they are about.
func kindsOf(events []recall.Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, string(e.Kind)+" "+e.Request.MessageID)
	}
	return out
}

var (
	aMessage   = easemobtest.Message{ID: "1028442084794698104", From: "user1", To: "user2", Chat: "chat"}
	aGroups    = easemobtest.Message{ID: "1028442084794698105", From: "user1", To: "group1", Chat: "groupchat"}
	aChatRooms = easemobtest.Message{ID: "1028442084794698106", From: "user1", To: "room1", Chat: "chatroom"}
)

// TestCallbackLoop: what a callback told of a message is all that it takes to recall it, by each of the calls, and
// another callback proves that it is gone.
func TestCallbackLoop(t *testing.T) {
	calls := map[string]func(*easemob.Client, []recall.Request) error{
		"msg_recall": func(c *easemob.Client, reqs []recall.Request) error {
			var errs []error
			for _, req := range reqs {
				_, err := c.RecallMessage(t.Context(), req)
				errs = append(errs, err)
			}
			return errors.Join(errs...)
		},
		"batch_recall": func(c *easemob.Client, reqs []recall.Request) error {
			results, err := c.RecallMessages(t.Context(), reqs)
			for _, result := range results {
				err = errors.Join(err, result.Err)
			}
			return err
		},
		"recall": func(c *easemob.Client, reqs []recall.Request) error {
			var p easemob.LegacyParams
			for _, req := range reqs {
				chat := map[recall.ChatType]string{recall.ChatDirect: easemob.ChatTypeChat, recall.ChatGroup: easemob.ChatTypeGroupChat}[req.Chat]
				p.Msgs = append(p.Msgs, easemob.LegacyMessage{MsgID: req.MessageID, To: req.To, ChatType: chat})
			}
			results, err := c.RecallLegacy(t.Context(), p)
			for _, result := range results {
				err = errors.Join(err, result.Err)
			}
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{})
			client := connect(server)
			defer client.Close()
			messages := []easemobtest.Message{aMessage, aGroups, aChatRooms}
			if name == "recall" {
				messages = messages[:2] // no chat rooms there
			}
			for i := range messages {
				messages[i] = server.Add(messages[i])
			}
			sent := app.told(t, server)
			require.Len(t, sent, len(messages))
			var reqs []recall.Request
			for i, e := range sent {
				assert.Equal(t, recall.MessageSent, e.Kind)
				assert.Equal(t, recall.Request{
					MessageID: messages[i].ID, From: "user1", To: messages[i].To, SentAt: messages[i].SentAt.UTC(),
					Chat: []recall.ChatType{recall.ChatDirect, recall.ChatGroup, recall.ChatRoom}[i],
				}, e.Request)
				reqs = append(reqs, e.Request)
			}
			require.NoError(t, call(client, reqs))
			recalled := app.told(t, server)
			require.Len(t, recalled, len(messages))
			for i, e := range recalled {
				assert.Equal(t, recall.MessageRecalled, e.Kind)
				assert.Equal(t, recall.Request{MessageID: messages[i].ID, To: messages[i].To}, e.Request)
				assert.NotEqual(t, sent[i].ID, e.ID)
				assert.True(t, server.Recalled(messages[i].ID))
			}
			assert.Empty(t, app.errors)
		})
	}
}

func TestCallbackLoopOfDialects(t *testing.T) {
	for _, dialect := range []string{easemobtest.Agora, easemobtest.Shengwang} {
		t.Run(dialect, func(t *testing.T) {
			server, app := loop(t, dialect, easemobtest.Callbacks{})
			cfg := easemob.Config{
				Dialect: easemob.Dialect(dialect), Host: server.URL, Org: server.Org, App: server.App,
				AppID: server.AppID, AppCertificate: server.AppCertificate,
			}
			if dialect == easemobtest.Shengwang {
				cfg.Org, cfg.App = "", ""
			}
			client, err := easemob.New(cfg)
			require.NoError(t, err)
			defer client.Close()
			server.Add(aMessage)
			sent := app.told(t, server)
			require.Len(t, sent, 1)
			receipt, err := client.RecallMessage(t.Context(), sent[0].Request)
			require.NoError(t, err)
			recalled := app.told(t, server)
			assert.Equal(t, []string{"message_recalled " + aMessage.ID}, kindsOf(recalled))
			assert.Equal(t, receipt.App, recalled[0].App, "an event names the application as a receipt does")
			assert.Equal(t, receipt.Vendor, recalled[0].Vendor)
		})
	}
}

// recallIt recalls a message, after which it has to be gone.
func recallIt(t *testing.T, server *easemobtest.Server, force bool) recall.Receipt {
	t.Helper()
	client := connect(server)
	defer client.Close()
	receipt, err := client.RecallMessage(t.Context(), recall.Request{
		MessageID: aMessage.ID, Chat: recall.ChatDirect, From: aMessage.From, To: aMessage.To, Force: force,
	})
	require.NoError(t, err)
	return receipt
}

func TestCallbackLoopTwice(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{Times: 2})
	server.Add(aMessage)
	recallIt(t, server, false)
	events := app.told(t, server)
	const sent, recalled = "message_sent 1028442084794698104", "message_recalled 1028442084794698104"
	require.Equal(t, []string{sent, sent, recalled, recalled}, kindsOf(events))
	assert.Equal(t, events[0], events[1], "the ID tells that it is the same")
	assert.Equal(t, events[2], events[3])
	assert.NotEqual(t, events[0].ID, events[2].ID)
}

func TestCallbackLoopOutOfOrder(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{Shuffle: true})
	server.Add(aMessage)
	recallIt(t, server, false)
	assert.Equal(t, []string{"message_recalled " + aMessage.ID, "message_sent " + aMessage.ID}, kindsOf(app.told(t, server)))
}

func TestCallbackLoopWrongSignature(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{BadSignature: true})
	server.Add(aMessage)
	recallIt(t, server, false)
	assert.Empty(t, app.told(t, server))
	require.Len(t, app.errors, 4, "two events, and each once more after the 401")
	for _, err := range app.errors {
		assert.ErrorIs(t, err, recall.ErrUnauthorized)
	}
}

func TestCallbackLoopComesAgain(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{})
	app.fails = 1
	server.Add(aMessage)
	assert.Equal(t, []string{"message_sent " + aMessage.ID}, kindsOf(app.told(t, server)))
	assert.Len(t, app.errors, 1)

	app.fails = 2 // the vendor tries twice
	recallIt(t, server, false)
	assert.Empty(t, app.told(t, server))
	assert.Len(t, app.errors, 3)
}

func TestCallbackLoopEarly(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{Early: true})
	server.Add(aMessage)
	recallIt(t, server, false)
	app.mu.Lock()
	defer app.mu.Unlock()
	assert.Equal(t, []string{"message_sent " + aMessage.ID, "message_recalled " + aMessage.ID}, kindsOf(app.events))
}

// TestCallbackLoopProvesForce: with force the vendor says yes to anything, and only a callback proves that a
// message is gone.
func TestCallbackLoopProvesForce(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{})
	assert.Equal(t, recall.Accepted, recallIt(t, server, true).Outcome)
	assert.Empty(t, app.told(t, server), "there was no such message")

	server.Add(aMessage)
	assert.Equal(t, recall.Accepted, recallIt(t, server, true).Outcome)
	assert.Equal(t, []string{"message_sent " + aMessage.ID, "message_recalled " + aMessage.ID}, kindsOf(app.told(t, server)))
	assert.Equal(t, recall.Accepted, recallIt(t, server, true).Outcome)
	assert.Empty(t, app.told(t, server), "it was gone already")
}

func TestCallbackLoopNever(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{NoRecalls: true})
	server.Add(aMessage)
	recallIt(t, server, false)
	assert.Equal(t, []string{"message_sent " + aMessage.ID}, kindsOf(app.told(t, server)))
	server.SendCallbacks(easemobtest.Callbacks{})
	server.Add(aGroups)
	assert.Empty(t, app.told(t, server))
}
