package main

import (
	"errors"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// emulated starts the vendors of an application that has been at Easemob, in
// two data centres, that moves to NetEase, and whose customer support uses
// GoEasy. It returns its applications, what it has stored, and a function that
// stops the vendors.
func emulated() (map[string]recall.Provider, []message, func(), error) {
	china, europe := easemobtest.NewServer(), easemobtest.NewServer()
	moved, support := neteasetest.NewServer(), goeasytest.NewServer()
	china.App, europe.App = "chat-cn", "chat-eu"

	chatCN, err := easemobClient(china)
	chatEU, err2 := easemobClient(europe)
	chatNew, err3 := netease.New(netease.Config{
		Host: moved.BaseURL(), AppKey: moved.AppKey, AppSecret: moved.AppSecret,
	})
	helpdesk, err4 := goeasy.New(goeasy.Config{Host: support.BaseURL(), AppKey: support.AppKey})
	stop := func() {
		for _, server := range []interface{ Close() }{china, europe, moved, support} {
			server.Close()
		}
	}
	if err := errors.Join(err, err2, err3, err4); err != nil {
		stop()
		return nil, nil, nil, err
	}

	sentAt := time.Now().Truncate(time.Millisecond)
	china.Add(easemobtest.Message{ID: "1001", From: "user1", To: "user2", Chat: "chat", SentAt: sentAt})
	europe.Add(easemobtest.Message{ID: "1001", From: "user8", To: "user9", Chat: "chat", SentAt: sentAt.Add(-time.Hour)})
	moved.Add(neteasetest.Message{ID: "1002", From: "user1", To: "user2", Type: neteasetest.TypeP2P, SentAt: sentAt})
	support.Add(goeasytest.Message{ID: "1003", From: "agent1", To: "user2", SentAt: sentAt})

	apps := map[string]recall.Provider{"chat-cn": chatCN, "chat-eu": chatEU, "chat-new": chatNew, "helpdesk": helpdesk}
	return apps, []message{
		stored("chat-cn", "1001", "user1", "user2", "T-1", sentAt),
		stored("chat-eu", "1001", "user8", "user9", "T-2", sentAt.Add(-time.Hour)), // the same id, another message
		stored("chat-new", "1002", "user1", "user2", "T-3", sentAt),
		stored("helpdesk", "1003", "agent1", "user2", "T-4", sentAt),
		stored("chat-us", "1004", "user1", "user2", "T-5", sentAt), // an application that nobody knows any more
	}, stop, nil
}

func stored(app, id, from, to, ticket string, sentAt time.Time) message {
	return message{app, recall.Request{
		MessageID: id, Chat: recall.ChatDirect, From: from, To: to, SentAt: sentAt, Ref: ticket,
	}}
}

func easemobClient(server *easemobtest.Server) (*easemob.Client, error) {
	return easemob.New(easemob.Config{
		Host: server.BaseURL(), Org: server.Org, App: server.App, ClientID: server.ClientID, ClientSecret: server.ClientSecret,
	})
}
