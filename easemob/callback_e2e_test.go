package easemob_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// loop starts an emulator of a dialect that posts to an application. The URL of how is filled in.
func loop(t *testing.T, dialect string, how easemobtest.Callbacks) (*easemobtest.Server, *vendortest.Receiver) {
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
	app := vendortest.NewReceiver(callbacks)
	t.Cleanup(app.Close)
	how.URL = app.URL
	server.SendCallbacks(how)
	return server, app
}

// told returns what the application was told, after what is due has been posted.
func told(t *testing.T, server *easemobtest.Server, app *vendortest.Receiver) []recall.Event {
	t.Helper()
	require.NoError(t, server.WaitCallbacks(t.Context()))
	return app.Events()
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
			sent := told(t, server, app)
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
			recalled := told(t, server, app)[len(sent):]
			require.Len(t, recalled, len(messages))
			for i, e := range recalled {
				assert.Equal(t, recall.MessageRecalled, e.Kind)
				assert.Equal(t, recall.Request{MessageID: messages[i].ID, To: messages[i].To}, e.Request)
				assert.NotEqual(t, sent[i].ID, e.ID)
				assert.True(t, server.Recalled(messages[i].ID))
			}
			_, refusals := app.Answered()
			assert.Empty(t, refusals)
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
			sent := told(t, server, app)
			require.Len(t, sent, 1)
			receipt, err := client.RecallMessage(t.Context(), sent[0].Request)
			require.NoError(t, err)
			recalled := told(t, server, app)[len(sent):]
			assert.Equal(t, []string{"message_recalled " + aMessage.ID}, vendortest.Told(recalled))
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
	events := told(t, server, app)
	const sent, recalled = "message_sent 1028442084794698104", "message_recalled 1028442084794698104"
	require.Equal(t, []string{sent, sent, recalled, recalled}, vendortest.Told(events))
	assert.Equal(t, events[0], events[1], "the ID tells that it is the same")
	assert.Equal(t, events[2], events[3])
	assert.NotEqual(t, events[0].ID, events[2].ID)
}

func TestCallbackLoopOutOfOrder(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{Shuffle: true})
	server.Add(aMessage)
	recallIt(t, server, false)
	assert.Equal(t, []string{"message_recalled " + aMessage.ID, "message_sent " + aMessage.ID}, vendortest.Told(told(t, server, app)))
}

func TestCallbackLoopWrongSignature(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{BadSignature: true})
	server.Add(aMessage)
	recallIt(t, server, false)
	assert.Empty(t, told(t, server, app))
	statuses, refusals := app.Answered()
	assert.Equal(t, []int{401, 401, 401, 401}, statuses, "two events, and each once more")
	require.Len(t, refusals, 4)
	for _, err := range refusals {
		assert.ErrorIs(t, err, recall.ErrUnauthorized)
	}
}

func TestCallbackLoopComesAgain(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{})
	down := errors.New("the store is down")
	fails := 1
	app.Handle = func(recall.Event) error {
		if fails--; fails >= 0 {
			return down
		}
		return nil
	}
	server.Add(aMessage)
	assert.Equal(t, []string{"message_sent " + aMessage.ID}, vendortest.Told(told(t, server, app)))
	fails = 2 // the vendor tries twice
	recallIt(t, server, false)
	assert.Len(t, told(t, server, app), 1)
	statuses, refusals := app.Answered()
	assert.Equal(t, []int{503, 200, 503, 503}, statuses)
	assert.Equal(t, []error{down, down, down}, refusals)
}

func TestCallbackLoopEarly(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{Early: true})
	server.Add(aMessage)
	recallIt(t, server, false)
	assert.Equal(t, []string{"message_sent " + aMessage.ID, "message_recalled " + aMessage.ID}, vendortest.Told(app.Events()))
}

// TestCallbackLoopProvesForce: with force the vendor says yes to anything, and only a callback proves that a
// message is gone.
func TestCallbackLoopProvesForce(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{})
	assert.Equal(t, recall.Accepted, recallIt(t, server, true).Outcome)
	assert.Empty(t, told(t, server, app), "there was no such message")

	server.Add(aMessage)
	assert.Equal(t, recall.Accepted, recallIt(t, server, true).Outcome)
	assert.Equal(t, []string{"message_sent " + aMessage.ID, "message_recalled " + aMessage.ID}, vendortest.Told(told(t, server, app)))
	assert.Equal(t, recall.Accepted, recallIt(t, server, true).Outcome)
	assert.Len(t, told(t, server, app), 2, "it was gone already")
}

func TestCallbackLoopNever(t *testing.T) {
	server, app := loop(t, easemobtest.Easemob, easemobtest.Callbacks{NoRecalls: true})
	server.Add(aMessage)
	recallIt(t, server, false)
	assert.Equal(t, []string{"message_sent " + aMessage.ID}, vendortest.Told(told(t, server, app)))
	server.SendCallbacks(easemobtest.Callbacks{})
	server.Add(aGroups)
	assert.Len(t, told(t, server, app), 1)
}
