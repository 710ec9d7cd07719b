package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// emulated starts the vendors with what the banned user has sent, and returns
// a function that stops them.
func emulated() ([]backend, func(), error) {
	easemobServer, neteaseServer, goeasyServer := easemobtest.NewServer(), neteasetest.NewServer(), goeasytest.NewServer()
	stop := func() {
		easemobServer.Close()
		neteaseServer.Close()
		goeasyServer.Close()
	}
	a, err := easemobBackend(easemobServer)
	b, err2 := neteaseBackend(neteaseServer)
	c, err3 := goeasyBackend(goeasyServer)
	if err := errors.Join(err, err2, err3); err != nil {
		stop()
		return nil, nil, err
	}
	return []backend{a, b, c}, stop, nil
}

// sent is what a spammer has sent to many: 40 messages of the last minute, and
// 10 of yesterday.
func sent() []recall.Request {
	now := time.Now().Truncate(time.Millisecond)
	var messages []recall.Request
	for i := range 50 {
		sentAt := now.Add(-time.Duration(i) * time.Second)
		if i >= 40 {
			sentAt = sentAt.Add(-24 * time.Hour)
		}
		messages = append(messages, recall.Request{
			MessageID: strconv.Itoa(1000 + i), Chat: recall.ChatDirect, From: "spammer", To: "victim" + strconv.Itoa(i%4),
			SentAt: sentAt, Reason: "spam",
		})
	}
	return messages
}

func easemobBackend(server *easemobtest.Server) (backend, error) {
	client, err := easemob.New(easemob.Config{
		Host: server.BaseURL(), Org: server.Org, App: server.App,
		ClientID: server.ClientID, ClientSecret: server.ClientSecret,
	})
	b := backend{vendor: "easemob", provider: client, messages: sent()}
	for _, m := range b.messages {
		server.Add(easemobtest.Message{ID: m.MessageID, From: m.From, To: m.To, Chat: "chat", SentAt: m.SentAt})
	}
	b.deleteOneWay = func(ctx context.Context, m recall.Request) error {
		_, err := client.DeleteRoamingChat(ctx, easemob.RoamingChatParams{
			UserID: m.To, PeerID: m.From, MsgIDs: []string{m.MessageID},
		})
		return err
	}
	return b, err
}

func neteaseBackend(server *neteasetest.Server) (backend, error) {
	client, err := netease.New(netease.Config{
		Host: server.BaseURL(), AppKey: server.AppKey, AppSecret: server.AppSecret,
	})
	b := backend{vendor: "netease", provider: client, messages: sent()}
	for _, m := range b.messages {
		server.Add(neteasetest.Message{
			ID: m.MessageID, From: m.From, To: m.To, Type: neteasetest.TypeP2P, SentAt: m.SentAt,
		})
	}
	b.deleteOneWay = func(ctx context.Context, m recall.Request) error {
		_, err := client.RecallOneWay(ctx, netease.OneWayParams{
			DeleteMsgID: m.MessageID, TimeTag: m.SentAt.UnixMilli(), Type: netease.TypeP2POneWay, From: m.From, To: m.To,
		})
		return err
	}
	return b, err
}

func goeasyBackend(server *goeasytest.Server) (backend, error) {
	client, err := goeasy.New(goeasy.Config{Host: server.BaseURL(), AppKey: server.AppKey})
	b := backend{vendor: "goeasy", provider: client, messages: sent()}
	for _, m := range b.messages {
		server.Add(goeasytest.Message{ID: m.MessageID, From: m.From, To: m.To, SentAt: m.SentAt})
	}
	return b, err
}
