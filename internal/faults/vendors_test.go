package faults

import (
	"testing"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/recall"
)

// Credentials that must not show.
const (
	easemobToken  = "YWMt-s3cr3t-t0k3n-that-must-not-show"
	easemobSecret = "YXA6-s3cr3t-that-must-not-show"
	neteaseSecret = "s3cr3t-0f-netease"
	goeasyKey     = "BC-s3cr3t-k3y-that-must-not-show"
)

var allSecrets = []string{easemobToken, easemobSecret, neteaseSecret, goeasyKey}

// client is a vendor's client.
type client interface {
	recall.Provider
	Close()
}

// vendor is what a test has to know of one vendor.
type vendor struct {
	name string

	// open makes a client. The first host is preferred; the hosts are the
	// servers' bare addresses.
	open func(policy recall.Policy, hosts ...string) (client, error)

	// coded is an answer to message in which the word for success is replaced
	// by the JSON value given.
	coded func(code string) string

	yes     string         // that word
	also    string         // another JSON value that counts as yes
	tooFast string         // the answer to a call too many
	outcome recall.Outcome // of a yes
}

// answer is the vendor's yes to message.
func (v vendor) answer() string { return v.coded(v.yes) }

// message is one that all vendors can recall. Its sender, for one, is
// not needed by all of them.
var message = recall.Request{
	MessageID: "4291065454174142469", Chat: recall.ChatDirect, From: "user1", To: "user2",
	SentAt: time.UnixMilli(1700000000123),
}

var vendors = []vendor{
	{
		name: "easemob", open: openEasemob, outcome: recall.Recalled,
		coded: func(code string) string {
			return `{"data":{"msg_id":"` + message.MessageID + `","recalled":` + code + `}}`
		},
		yes: `"yes"`, also: `true`,
		tooFast: `{"error":"reach_limit","error_description":"This request has reached api limit"}`,
	},
	{
		name: "netease", open: openNetease, outcome: recall.Accepted,
		coded: func(code string) string { return `{"code":` + code + `}` },
		yes:   `200`, also: `"200"`, tooFast: `{"code":416,"desc":"too fast"}`,
	},
	{
		name: "goeasy", open: openGoeasy, outcome: recall.Accepted,
		coded: func(code string) string { return `{"content":"OK","code":` + code + `}` },
		yes:   `200`, also: `"200"`, tooFast: `{"code":429,"content":"too fast"}`,
	},
}

func openEasemob(policy recall.Policy, hosts ...string) (client, error) {
	return easemob.New(easemob.Config{
		Host: hosts[0], Fallbacks: hosts[1:], Org: "org", App: "app", Token: easemobToken, Policy: policy,
	})
}

func openNetease(policy recall.Policy, hosts ...string) (client, error) {
	bases := make([]string, len(hosts))
	for i, host := range hosts {
		bases[i] = host + "/nimserver"
	}
	return netease.New(netease.Config{
		Host: bases[0], Fallbacks: bases[1:], AppKey: "app", AppSecret: neteaseSecret, Policy: policy,
	})
}

func openGoeasy(policy recall.Policy, hosts ...string) (client, error) {
	return goeasy.New(goeasy.Config{Host: hosts[0], Fallbacks: hosts[1:], AppKey: goeasyKey, Policy: policy})
}

// forEachVendor runs a test for each vendor.
func forEachVendor(t *testing.T, test func(*testing.T, vendor)) {
	t.Helper()
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) { test(t, v) })
	}
}
