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

// stage is one emulated vendor: how to put a message into it, and a client
// with the right credentials and one with wrong ones.
type stage struct {
	vendor      string
	add         func(recall.Request)
	right       recall.Provider
	wrong       recall.Provider
	closeServer func()
}

// emulatedTrials starts the emulators and returns the six cases of each
// vendor, and a function that stops the emulators.
func emulatedTrials() ([]trial, func(), error) {
	var trials []trial
	var stages []stage
	var failure error
	for _, start := range []func() (stage, error){easemobStage, neteaseStage, goeasyStage} {
		s, err := start()
		failure = errors.Join(failure, err)
		stages = append(stages, s)
	}
	stop := func() {
		for _, s := range stages {
			s.closeServer()
		}
	}
	if failure != nil {
		stop()
		return nil, nil, failure
	}
	for _, s := range stages {
		trials = append(trials, s.trials()...)
	}
	return trials, stop, nil
}

func (s stage) trials() []trial {
	now := time.Now().Truncate(time.Millisecond)
	fresh := message("1028442084794698101", now)
	expired := message("1028442084794698102", now.Add(-time.Hour))
	s.add(fresh)
	s.add(expired)
	forced := expired
	forced.Force = true
	unknown := message("1028442084794698103", now.Add(-time.Second))

	return []trial{
		{s.vendor, "fresh", s.right, fresh},
		{s.vendor, "the same again", s.right, fresh},
		{s.vendor, "expired", s.right, expired},
		{s.vendor, "expired, Force", s.right, forced},
		{s.vendor, "unknown", s.right, unknown},
		{s.vendor, "wrong credentials", s.wrong, fresh},
	}
}

// message fills in everything that is known about a message, so that any
// vendor can recall it.
func message(id string, sentAt time.Time) recall.Request {
	return recall.Request{
		MessageID: id, Chat: recall.ChatDirect, From: "user1", To: "user2", SentAt: sentAt, Reason: "spam",
	}
}

func easemobStage() (stage, error) {
	server := easemobtest.NewServer()
	config := easemob.Config{
		Host: server.BaseURL(), Org: server.Org, App: server.App,
		ClientID: server.ClientID, ClientSecret: server.ClientSecret,
	}
	right, err := easemob.New(config)
	config.ClientSecret = "wrong"
	wrong, err2 := easemob.New(config)
	return stage{
		vendor: "easemob", right: right, wrong: wrong, closeServer: server.Close,
		add: func(m recall.Request) {
			server.Add(easemobtest.Message{ID: m.MessageID, From: m.From, To: m.To, Chat: "chat", SentAt: m.SentAt})
		},
	}, errors.Join(err, err2)
}

func neteaseStage() (stage, error) {
	server := neteasetest.NewServer()
	config := netease.Config{Host: server.BaseURL(), AppKey: server.AppKey, AppSecret: server.AppSecret}
	right, err := netease.New(config)
	config.AppSecret = "wrong"
	wrong, err2 := netease.New(config)
	return stage{
		vendor: "netease", right: right, wrong: wrong, closeServer: server.Close,
		add: func(m recall.Request) {
			server.Add(neteasetest.Message{
				ID: m.MessageID, From: m.From, To: m.To, Type: neteasetest.TypeP2P, SentAt: m.SentAt,
			})
		},
	}, errors.Join(err, err2)
}

func goeasyStage() (stage, error) {
	server := goeasytest.NewServer()
	right, err := goeasy.New(goeasy.Config{Host: server.BaseURL(), AppKey: server.AppKey})
	wrong, err2 := goeasy.New(goeasy.Config{Host: server.BaseURL(), AppKey: "BC-wrong"})
	return stage{
		vendor: "goeasy", right: right, wrong: wrong, closeServer: server.Close,
		add: func(m recall.Request) {
			server.Add(goeasytest.Message{ID: m.MessageID, From: m.From, To: m.To, SentAt: m.SentAt})
		},
	}, errors.Join(err, err2)
}
