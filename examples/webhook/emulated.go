package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
)

// emulators are the three vendors, and the server that they call back.
type emulators struct {
	easemob *easemobtest.Server
	netease *neteasetest.Server
	goeasy  *goeasytest.Server
	app     *httptest.Server
	vendors []vendor
}

// startEmulators starts the vendors, which call back what newHandler returns.
func startEmulators(newHandler func([]vendor) http.Handler) (*emulators, error) {
	e := &emulators{easemob: easemobtest.NewServer(), netease: neteasetest.NewServer(), goeasy: goeasytest.NewServer()}
	var err error
	if e.vendors, err = e.connect(); err != nil {
		e.closeVendors()
		return nil, err
	}
	e.app = httptest.NewServer(newHandler(e.vendors))
	url := e.app.URL + "/callbacks/"
	e.easemob.SendCallbacks(easemobtest.Callbacks{URL: url + "easemob", Times: 2, Shuffle: true})
	e.netease.SendCallbacks(neteasetest.Callbacks{URL: url + "netease", Times: 2, Shuffle: true})
	e.goeasy.SendCallbacks(goeasytest.Callbacks{URL: url + "goeasy", Times: 2, Shuffle: true, NoRecalls: true})
	return e, nil
}

// connect returns the application at each vendor, with a client, and what reads
// the vendor's callbacks. The emulators' fields stand for your configuration.
func (e *emulators) connect() ([]vendor, error) {
	easemobClient, err := easemob.New(easemob.Config{
		Host: e.easemob.BaseURL(), Org: e.easemob.Org, App: e.easemob.App,
		ClientID: e.easemob.ClientID, ClientSecret: e.easemob.ClientSecret,
	})
	easemobCallbacks, err2 := easemob.NewCallbacks(easemob.CallbackConfig{
		Org: e.easemob.Org, App: e.easemob.App, Secrets: []string{e.easemob.CallbackSecret},
	})
	neteaseClient, err3 := netease.New(netease.Config{
		Host: e.netease.BaseURL(), AppKey: e.netease.AppKey, AppSecret: e.netease.AppSecret,
	})
	neteaseCallbacks, err4 := netease.NewCallbacks(netease.CallbackConfig{
		AppKey: e.netease.AppKey, Secrets: []string{e.netease.AppSecret},
	})
	goeasyClient, err5 := goeasy.New(goeasy.Config{Host: e.goeasy.BaseURL(), AppKey: e.goeasy.AppKey})
	goeasyCallbacks, err6 := goeasy.NewCallbacks(goeasy.CallbackConfig{
		AppKey: e.goeasy.AppKey, Secrets: []string{e.goeasy.SecretKey},
	})
	return []vendor{
		{name: "easemob", provider: easemobClient, callbacks: easemobCallbacks, tellsOfRecalls: true},
		{name: "netease", provider: neteaseClient, callbacks: neteaseCallbacks, tellsOfRecalls: true},
		{name: "goeasy", provider: goeasyClient, callbacks: goeasyCallbacks},
	}, errors.Join(err, err2, err3, err4, err5, err6)
}

// sendMessages sends two messages through each vendor, one of them a spammer's.
func (e *emulators) sendMessages() {
	now := time.Now().Truncate(time.Millisecond)
	for i, from := range []string{"user1", "spammer"} {
		id := strconv.Itoa(1001 + i)
		e.easemob.Add(easemobtest.Message{ID: id, From: from, To: "user2", Chat: easemobtest.ChatSingle, SentAt: now})
		e.netease.Add(neteasetest.Message{ID: id, From: from, To: "user2", Type: neteasetest.TypeP2P, SentAt: now})
		e.goeasy.Add(goeasytest.Message{ID: id, From: from, To: "user2", SentAt: now})
	}
}

// callbacksArrive returns when all callbacks that are due have been answered.
// Until then each vendor keeps one back, where their number is odd.
func (e *emulators) callbacksArrive(ctx context.Context) error {
	return errors.Join(e.easemob.WaitCallbacks(ctx), e.netease.WaitCallbacks(ctx), e.goeasy.WaitCallbacks(ctx))
}

func (e *emulators) stop() {
	e.closeVendors()
	e.app.Close()
}

func (e *emulators) closeVendors() {
	e.easemob.Close()
	e.netease.Close()
	e.goeasy.Close()
}
