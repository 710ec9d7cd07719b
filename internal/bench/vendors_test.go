package bench

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/recall"
)

// The message that all calls are about.
const (
	messageID = "1234567890123456789"
	from, to  = "alice", "bob"
)

var sentAt = time.UnixMilli(1700000000123)

// recaller makes one call.
type recaller func(ctx context.Context) error

// The dimensions of the benchmarks.
var (
	vendors = []string{"easemob", "netease", "goeasy"}
	schemes = []string{"http", "https"}
	impls   = []string{"imrecall", "twin"}
	given   = "given" // imrecall, with a transport of the caller's
)

// makers makes the recallers of an implementation, by vendor.
var makers = map[string]map[string]func(tb testing.TB, base string, transport *http.Transport) recaller{
	"imrecall": {"easemob": ourEasemob, "netease": ourNetease, "goeasy": ourGoeasy},
	given:      {"easemob": ourEasemob, "netease": ourNetease, "goeasy": ourGoeasy},
	"twin":     {"easemob": twinEasemob, "netease": twinNetease, "goeasy": twinGoeasy},
}

// newRecaller returns a recaller with a pool of its own. Every implementation
// gets the same pool: the one that clients have by default, and ours makes it
// itself. Given is for a policy with such a transport, as for a private CA.
func newRecaller(tb testing.TB, vendor, scheme, impl string) (recaller, *http.Transport) {
	tb.Helper()
	at := theServer.start(tb)
	base := at.HTTP
	if scheme == "https" {
		base = at.HTTPS
	}
	if impl == "imrecall" {
		return makers[impl][vendor](tb, base, nil), nil
	}
	transport := recall.NewTransport()
	tb.Cleanup(transport.CloseIdleConnections)
	return makers[impl][vendor](tb, base, transport), transport
}

// unlimited is the default policy without its limit, with the transport if there
// is one, and with more time than the busiest machine needs.
func unlimited(transport *http.Transport) recall.Policy {
	policy := recall.Policy{Rate: -1, Timeout: 10 * time.Minute}
	if transport != nil {
		policy.Transport = transport
	}
	return policy
}

// through recalls the message through a provider.
func through(p recall.Provider) recaller {
	return func(ctx context.Context) error {
		_, err := p.RecallMessage(ctx, recall.Request{
			MessageID: messageID, Chat: recall.ChatDirect, From: from, To: to, SentAt: sentAt,
		})
		return err
	}
}

func ourEasemob(tb testing.TB, base string, transport *http.Transport) recaller {
	tb.Helper()
	c, err := easemob.New(easemob.Config{
		Host: base, Org: "acme", App: "chat", ClientID: "id", ClientSecret: "secret", Policy: unlimited(transport),
	})
	require.NoError(tb, err)
	tb.Cleanup(c.Close)
	return through(c)
}

func ourNetease(tb testing.TB, base string, transport *http.Transport) recaller {
	tb.Helper()
	c, err := netease.New(netease.Config{
		Host: base + "/nimserver", AppKey: "key", AppSecret: "secret", Policy: unlimited(transport),
	})
	require.NoError(tb, err)
	tb.Cleanup(c.Close)
	return through(c)
}

func ourGoeasy(tb testing.TB, base string, transport *http.Transport) recaller {
	tb.Helper()
	c, err := goeasy.New(goeasy.Config{Host: base, AppKey: "BC-key", Policy: unlimited(transport)})
	require.NoError(tb, err)
	tb.Cleanup(c.Close)
	return through(c)
}

func twinEasemob(_ testing.TB, base string, transport *http.Transport) recaller {
	t := &easemobTwin{twin: newTwin(base, transport)}
	return func(ctx context.Context) error { return t.Recall(ctx, messageID, from, to, sentAt) }
}

func twinNetease(_ testing.TB, base string, transport *http.Transport) recaller {
	t := &neteaseTwin{twin: newTwin(base, transport), appKey: "key", appSecret: "secret"}
	return func(ctx context.Context) error { return t.Recall(ctx, messageID, from, to, sentAt) }
}

func twinGoeasy(_ testing.TB, base string, transport *http.Transport) recaller {
	t := &goeasyTwin{twin: newTwin(base, transport), appKey: "BC-key"}
	return func(ctx context.Context) error { return t.Recall(ctx, messageID, from, to, sentAt) }
}
