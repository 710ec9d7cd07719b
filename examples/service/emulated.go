package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// emulators are the three vendors on this machine.
type emulators struct {
	easemob *easemobtest.Server
	netease *neteasetest.Server
	goeasy  *goeasytest.Server
}

func startEmulators() *emulators {
	e := &emulators{easemobtest.NewServer(), neteasetest.NewServer(), goeasytest.NewServer()}
	// Who reads the README takes longer than the vendors' two minutes.
	e.easemob.Window, e.netease.Window = time.Hour, time.Hour
	return e
}

func (e *emulators) close() {
	e.easemob.Close()
	e.netease.Close()
	e.goeasy.Close()
}

func (e *emulators) apps(p recall.Policy) ([]*app, error) {
	a, err := easemobApp(easemob.Config{
		Host: e.easemob.URL, Org: e.easemob.Org, App: e.easemob.App,
		ClientID: e.easemob.ClientID, ClientSecret: e.easemob.ClientSecret,
	}, easemob.CallbackConfig{Org: e.easemob.Org, App: e.easemob.App, Secrets: []string{e.easemob.CallbackSecret}}, p)
	b, err2 := neteaseApp(netease.Config{
		Host: e.netease.BaseURL(), AppKey: e.netease.AppKey, AppSecret: e.netease.AppSecret,
	}, "", p)
	c, err3 := goeasyApp(goeasy.Config{Host: e.goeasy.URL, AppKey: e.goeasy.AppKey}, e.goeasy.SecretKey, p)
	return []*app{a, b, c}, errors.Join(err, err2, err3)
}

// callBack makes the vendors send their callbacks to the service at url. Where
// hold is true they keep one back until wait.
func (e *emulators) callBack(url string, hold bool) {
	e.easemob.SendCallbacks(easemobtest.Callbacks{URL: url + "/callbacks/easemob", Shuffle: hold})
	e.netease.SendCallbacks(neteasetest.Callbacks{URL: url + "/callbacks/netease", Shuffle: hold})
	// That GoEasy tells of recalls is not documented.
	e.goeasy.SendCallbacks(goeasytest.Callbacks{URL: url + "/callbacks/goeasy", NoRecalls: true})
}

// wait returns when the service has got the callbacks that are due.
func (e *emulators) wait(ctx context.Context) error {
	return errors.Join(e.easemob.WaitCallbacks(ctx), e.netease.WaitCallbacks(ctx), e.goeasy.WaitCallbacks(ctx))
}

// addMessages puts the messages of the README into the vendors, which tell the
// service of them: two of user1 to user2 at each, one of them from yesterday,
// and twenty of a spammer.
func (e *emulators) addMessages() {
	now := time.Now().Truncate(time.Millisecond)
	e.add("1001", "user1", "user2", now)
	e.add("1002", "user1", "user2", now.Add(-24*time.Hour))
	for i := range 20 {
		e.add(fmt.Sprint(2001+i), "spammer", fmt.Sprint("victim", i%4+1), now.Add(time.Duration(i)*time.Millisecond))
	}
	// GoEasy finds a message by its time, and has no window.
	e.goeasy.Add(goeasytest.Message{
		ID: "1001", From: "user1", To: "user2", SentAt: time.Date(2026, 3, 4, 5, 6, 7, 891_000_000, time.UTC),
	})
}

func (e *emulators) add(id, from, to string, sentAt time.Time) {
	e.easemob.Add(easemobtest.Message{ID: id, From: from, To: to, Chat: "chat", SentAt: sentAt})
	e.netease.Add(neteasetest.Message{ID: id, From: from, To: to, Type: neteasetest.TypeP2P, SentAt: sentAt})
}
