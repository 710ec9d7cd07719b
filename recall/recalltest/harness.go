package recalltest

import (
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// Situation is what a harness stages before the suite calls the provider.
type Situation string

// The situations. Every one has a vendor's server of its own, or what stands
// for one.
const (
	// Healthy: the vendor knows the messages and recalls them.
	Healthy Situation = "healthy"

	// Untouched is Healthy, and the suite expects that nothing is ever sent: a
	// harness for a real vendor can cut the network.
	Untouched Situation = "untouched"

	// OneUnknown is Healthy but for Messages[1], which the vendor does not know.
	OneUnknown Situation = "one unknown"

	// UnknownMessages: the vendor knows none of the messages.
	UnknownMessages Situation = "unknown messages"

	// WindowExpired: the vendor knows the messages, and they are older than it
	// lets a plain recall reach, but not older than it lets a forced one.
	WindowExpired Situation = "window expired"

	// WrongCredentials is Healthy, but the provider has a wrong secret.
	WrongCredentials Situation = "wrong credentials"

	// RateLimited: the vendor answers every recall that it is one too many. Have
	// the provider make one attempt only, or the suite waits for the others.
	RateLimited Situation = "rate limited"

	// Garbage: the vendor answers every recall with what nobody can read. Let
	// that hold the credentials of the request, as Garble does, to show that
	// errors don't.
	Garbage Situation = "garbage"

	// Silent: the vendor takes every recall and never answers, as Hang does. The
	// provider would wait for seconds.
	Silent Situation = "silent"

	// Slow is Silent, but the provider waits no longer than some 50 ms for one
	// attempt, and makes one attempt only.
	Slow Situation = "slow"
)

// Harness is a provider in a situation.
type Harness struct {
	// Provider is what is tested, connected to a vendor's server of its own.
	Provider recall.Provider

	// Messages are at least 3 messages of one conversation, with every field
	// filled in that the provider knows, and legal in all kinds of chat that it
	// knows. Situation.Messages has some.
	Messages []recall.Request

	// Sent returns how many requests the vendor's server has got so far.
	Sent func() int

	// Secrets are what no error and no receipt may hold: passwords, keys,
	// signatures. A WrongCredentials secret belongs here too.
	Secrets []string

	// Skip says why the situation can't be staged, such as "GoEasy has no
	// recall window". The other fields are not looked at then.
	Skip string

	// Live says that the vendor is real. Nothing but Messages, of which one is
	// enough, and what has to be refused before it is sent is asked for then;
	// and a message that is gone is no surprise. See Live for a harness.
	Live bool
}

// Messages returns 4 direct messages between the same two users which fit the
// situation: sent a moment ago, or yesterday where the window has to have
// expired. Ids, also those of users, are numbers, as some vendors want them.
func (s Situation) Messages() []recall.Request {
	sentAt := time.Now().Truncate(time.Millisecond)
	if s == WindowExpired {
		sentAt = sentAt.Add(-24 * time.Hour)
	}
	messages := make([]recall.Request, 4)
	for i := range messages {
		messages[i] = recall.Request{
			MessageID: strconv.Itoa(1028442084794698100 + i), Chat: recall.ChatDirect, From: "1001", To: "1002",
			SentAt: sentAt.Add(time.Duration(-i) * time.Millisecond), Operator: "1003", Reason: "spam", Ref: "ticket " + strconv.Itoa(i),
		}
	}
	return messages
}

// Knows tells whether the vendor knows Messages[i].
func (s Situation) Knows(i int) bool {
	return s != UnknownMessages && (s != OneUnknown || i != 1)
}

// longestHang is when Hang gives up, so that no server waits for ever for a
// client that never hangs up.
const longestHang = 5 * time.Second

// Hang is a vendor that never answers: it waits until the client hangs up, or
// for 5 seconds.
func Hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // or the server does not see the client go
	timer := time.NewTimer(longestHang)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
	case <-timer.C:
	}
}

// Garble is a vendor whose answer nobody can read. It holds the whole request,
// credentials included.
func Garble(w http.ResponseWriter, r *http.Request) {
	request, _ := httputil.DumpRequest(r, true)
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, "cannot parse "+string(request)) //nolint:gosec // G705: to show that clients bear it
}

// Hook returns what a vendor's server does in the situation, where it is the
// same for every vendor: Garble, Hang, or nil.
func (s Situation) Hook() http.HandlerFunc {
	switch s {
	case Garbage:
		return Garble
	case Silent, Slow:
		return Hang
	default:
		return nil
	}
}
