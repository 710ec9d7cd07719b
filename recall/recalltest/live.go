package recalltest

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/imrecall/imrecall/recall"
)

// Account is an application at a real vendor, with the one message in it that
// a test may touch.
type Account struct {
	// Message is really recalled. It should be fresh: where the vendor has a
	// recall window, seconds old.
	Message recall.Request

	// Connect returns a provider that sends through transport, with a wrong
	// secret where wrong is true. One with a Close method is closed in the end.
	Connect func(transport http.RoundTripper, wrong bool) (recall.Provider, error)

	// Secrets are as in Harness.
	Secrets []string
}

// Live returns a harness for TestProvider that works on a real account. It is
// safe to run there: all that is ever sent is recalls of Message, some of them
// with a wrong secret. Where the contract says that nothing is sent, the
// harness sees to it. What a real vendor can't be made to do is skipped.
func Live(a Account) func(t *testing.T, s Situation) Harness {
	return func(t *testing.T, s Situation) Harness {
		t.Helper()
		h := Harness{Live: true, Messages: []recall.Request{a.Message}, Secrets: a.Secrets}
		base := recall.NewTransport()
		t.Cleanup(base.CloseIdleConnections)
		network := &counting{next: base}
		switch s {
		case Healthy, WrongCredentials, Silent:
		case Untouched: // what can't be sent may be about any message
			network.next, h.Messages = offline{}, s.Messages()
		default:
			h.Skip = "a real vendor can't be brought into this situation"
			return h
		}
		provider, err := a.Connect(network, s == WrongCredentials)
		if err != nil {
			t.Fatal("recalltest: ", err)
		}
		if c, ok := provider.(interface{ Close() }); ok {
			t.Cleanup(c.Close)
		}
		h.Provider, h.Sent = provider, func() int { return int(network.sent.Load()) }
		return h
	}
}

// counting is a network that counts what goes out.
type counting struct {
	next http.RoundTripper
	sent atomic.Int64
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.sent.Add(1)
	return c.next.RoundTrip(r)
}

// offline is a network that lets nothing through.
type offline struct{}

func (offline) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("recalltest: nothing may be sent to the real vendor here")
}
