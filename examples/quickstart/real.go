package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/recall"
)

// settings reads the variables of one vendor and remembers which were missing.
type settings struct {
	prefix  string
	getenv  func(string) string
	missing []string
}

func (s *settings) optional(name string) string { return s.getenv(s.prefix + name) }

func (s *settings) required(name string) string {
	value := s.optional(name)
	if value == "" {
		s.missing = append(s.missing, s.prefix+name)
	}
	return value
}

// realTrials returns one case for each vendor whose message id or time is set,
// and none where there is no such vendor.
func realTrials(getenv func(string) string) ([]trial, error) {
	var trials []trial
	for _, vendor := range []struct {
		name, wanted string
		connect      func(*settings) (recall.Provider, error)
	}{
		{"easemob", "EASEMOB_MESSAGE_ID", connectEasemob},
		{"netease", "NETEASE_MESSAGE_ID", connectNetEase},
		{"goeasy", "GOEASY_SENT_AT", connectGoEasy},
	} {
		if getenv(vendor.wanted) == "" {
			continue
		}
		s := &settings{prefix: strings.ToUpper(vendor.name) + "_", getenv: getenv}
		request, err := requestFrom(s)
		if err != nil {
			return nil, err
		}
		provider, err := vendor.connect(s)
		if len(s.missing) > 0 {
			return nil, fmt.Errorf("to use %s, set %s", vendor.name, strings.Join(s.missing, ", "))
		}
		if err != nil {
			return nil, err
		}
		trials = append(trials, trial{vendor.name, "real message", provider, request})
	}
	return trials, nil
}

func requestFrom(s *settings) (recall.Request, error) {
	request := recall.Request{
		MessageID: s.optional("MESSAGE_ID"), Chat: recall.ChatType(s.required("CHAT")),
		From: s.optional("FROM"), To: s.required("TO"), Force: s.optional("FORCE") == "true",
	}
	if sentAt := s.optional("SENT_AT"); sentAt != "" {
		if ms, err := strconv.ParseInt(sentAt, 10, 64); err == nil {
			request.SentAt = time.UnixMilli(ms)
		} else if request.SentAt, err = time.Parse(time.RFC3339, sentAt); err != nil {
			return request, fmt.Errorf("%sSENT_AT is neither a time such as 2026-03-04T05:06:07.891+08:00 nor in milliseconds", s.prefix)
		}
	}
	return request, nil
}

func connectEasemob(s *settings) (recall.Provider, error) {
	return easemob.New(easemob.Config{
		Host: s.required("HOST"), Org: s.required("ORG"), App: s.required("APP"),
		ClientID: s.required("CLIENT_ID"), ClientSecret: s.required("CLIENT_SECRET"),
	})
}

func connectNetEase(s *settings) (recall.Provider, error) {
	return netease.New(netease.Config{
		Host: s.required("HOST"), AppKey: s.required("APP_KEY"), AppSecret: s.required("APP_SECRET"),
	})
}

func connectGoEasy(s *settings) (recall.Provider, error) {
	return goeasy.New(goeasy.Config{Host: s.required("HOST"), AppKey: s.required("APP_KEY")})
}
