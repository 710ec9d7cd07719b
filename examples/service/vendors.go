package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/recall"
)

// policy is how the vendors are called. An attempt may take a fraction of what
// a call may take, so that there is time for another.
func policy(within time.Duration, log *slog.Logger) recall.Policy {
	return recall.Policy{Timeout: within * 3 / 8, Observer: recall.LogObserver(log)}
}

func easemobApp(client easemob.Config, callbacks easemob.CallbackConfig, p recall.Policy) (*app, error) {
	client.Policy = p
	provider, err := easemob.New(client)
	parser, err2 := easemob.NewCallbacks(callbacks)
	return &app{
		name: "easemob", provider: provider, close: provider.Close, callbacks: parser, key: serverKey,
		notifies: []recall.ChatType{recall.ChatDirect, recall.ChatGroup, recall.ChatRoom},
	}, errors.Join(err, err2)
}

// neteaseApp: roomOperator is an administrator of the chat rooms, without whom
// the vendor recalls nothing there.
func neteaseApp(client netease.Config, roomOperator string, p recall.Policy) (*app, error) {
	client.Policy = p
	provider, err := netease.New(client)
	parser, err2 := netease.NewCallbacks(netease.CallbackConfig{AppKey: client.AppKey, Secrets: []string{client.AppSecret}})
	return &app{
		name: "netease", provider: provider, close: provider.Close, callbacks: parser, key: neteaseKey,
		notifies:     []recall.ChatType{recall.ChatDirect, recall.ChatGroup, recall.ChatSuperGroup},
		roomOperator: roomOperator,
	}, errors.Join(err, err2)
}

func goeasyApp(client goeasy.Config, secretKey string, p recall.Policy) (*app, error) {
	client.Policy = p
	provider, err := goeasy.New(client)
	parser, err2 := goeasy.NewCallbacks(goeasy.CallbackConfig{AppKey: client.AppKey, Secrets: []string{secretKey}})
	return &app{
		name: "goeasy", provider: provider, close: provider.Close, callbacks: parser, key: placeKey,
	}, errors.Join(err, err2)
}

// serverKey is for messages whose ids are made by the vendor's server.
func serverKey(r recall.Request) string { return r.MessageID }

// neteaseKey knows that NetEase's server makes the ids, but in chat rooms. That
// teams and super-teams do not count on their own is documented nowhere; their
// callbacks always name the kind of chat.
func neteaseKey(r recall.Request) string {
	switch r.Chat {
	case recall.ChatRoom:
		return placeKey(r) + "," + joined(r.MessageID)
	case recall.ChatGroup, recall.ChatSuperGroup:
		return joined(string(r.Chat), r.MessageID)
	default:
		return serverKey(r)
	}
}

// placeKey is where and when a message was sent, such as
// "direct,1772600767891,user1,user2". It is for messages whose ids are made by
// clients: one could hide a message behind the id of another, and nobody could
// recall it.
func placeKey(r recall.Request) string {
	return joined(string(r.Chat), strconv.FormatInt(r.SentAt.UnixMilli(), 10), r.From, r.To)
}

// joined puts commas between parts, and takes them out of the parts, so that
// none can pass for two.
func joined(parts ...string) string {
	for i, part := range parts {
		parts[i] = strings.NewReplacer("%", "%25", ",", "%2C").Replace(part)
	}
	return strings.Join(parts, ",")
}

// settings reads the environment, and remembers which variables were missing.
type settings struct {
	getenv  func(string) string
	policy  recall.Policy
	missing []string
}

func (s *settings) required(name string) string {
	value := s.getenv(name)
	if value == "" {
		s.missing = append(s.missing, name)
	}
	return value
}

// realApps returns an application for each vendor whose ..._HOST is set.
func realApps(getenv func(string) string, p recall.Policy) ([]*app, error) {
	s := &settings{getenv: getenv, policy: p}
	var apps []*app
	for _, vendor := range []struct {
		host    string
		connect func(*settings) (*app, error)
	}{
		{"EASEMOB_HOST", realEasemob}, {"NETEASE_HOST", realNetEase}, {"GOEASY_HOST", realGoEasy},
	} {
		if getenv(vendor.host) == "" {
			continue
		}
		a, err := vendor.connect(s)
		if len(s.missing) > 0 {
			return nil, fmt.Errorf("with %s, set also %s", vendor.host, strings.Join(s.missing, ", "))
		}
		if err != nil {
			return nil, err
		}
		apps = append(apps, a)
	}
	return apps, nil
}

func realEasemob(s *settings) (*app, error) {
	org, name := s.required("EASEMOB_ORG"), s.required("EASEMOB_APP")
	return easemobApp(easemob.Config{
		Host: s.required("EASEMOB_HOST"), Org: org, App: name,
		ClientID: s.required("EASEMOB_CLIENT_ID"), ClientSecret: s.required("EASEMOB_CLIENT_SECRET"),
	}, easemob.CallbackConfig{Org: org, App: name, Secrets: []string{s.required("EASEMOB_CALLBACK_SECRET")}}, s.policy)
}

func realNetEase(s *settings) (*app, error) {
	return neteaseApp(netease.Config{
		Host: s.required("NETEASE_HOST"), AppKey: s.required("NETEASE_APP_KEY"), AppSecret: s.required("NETEASE_APP_SECRET"),
	}, s.getenv("NETEASE_ROOM_OPERATOR"), s.policy)
}

func realGoEasy(s *settings) (*app, error) {
	return goeasyApp(goeasy.Config{
		Host: s.required("GOEASY_HOST"), AppKey: s.required("GOEASY_APP_KEY"),
	}, s.required("GOEASY_SECRET_KEY"), s.policy)
}
