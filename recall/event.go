package recall

import (
	"context"
	"net/http"
	"time"
)

// Event is what a vendor tells an application by a callback (webhook) about
// one message. Its JSON form is stable; events may be put on queues.
type Event struct {
	// Kind is what happened.
	Kind EventKind `json:"kind"`

	// Vendor and App are as in Receipt.
	Vendor string `json:"vendor"`
	App    string `json:"app,omitempty"`

	// ID is the same each time the vendor sends the same event, and no two
	// events of an application share one. Vendors repeat callbacks: remember
	// the IDs that were dealt with, or make dealing with one twice harmless.
	ID string `json:"id"`

	// At is when it happened, by the vendor's clock: for a message sent its
	// SentAt, for a recall the time of the recall where the vendor tells it.
	At time.Time `json:"at,omitzero"`

	// Request names the message. For MessageSent it is what recalling takes:
	// store it, and give it to the same vendor's RecallMessage. (The vendor's
	// Callbacks type says what a callback may leave to add.) For
	// MessageRecalled it holds what the vendor tells of the message that is
	// gone, which may be no more than its MessageID.
	Request Request `json:"request"`

	// RecalledBy is the user ID of whoever recalled the message, where the vendor
	// tells it. Empty for MessageSent.
	RecalledBy string `json:"recalled_by,omitempty"`
}

// EventKind is what happened to a message. Kinds may be added; ignore an
// unknown one.
type EventKind string

// The kinds of events.
const (
	// MessageSent: the vendor has delivered or stored a message.
	MessageSent EventKind = "message_sent"

	// MessageRecalled: a message is gone for everyone. It is the proof that an
	// Accepted receipt waits for.
	MessageRecalled EventKind = "message_recalled"
)

// EventParser is one vendor's side of an [EventHandler]: it knows whether a
// callback is really the vendor's, what it says, and what the vendor wants to
// hear. It is safe for concurrent use.
type EventParser interface {
	// ParseEvents returns what a callback with this header and body tells, in
	// order. No events and no error means that the callback is none of this
	// library's business (another kind of event, a probe of the vendor's
	// console) and is to be answered as received.
	//
	// ErrUnauthorized: the signature is missing or wrong; nothing of the body
	// can be believed. ErrMisconfigured: it is signed, but about another
	// application. ErrBadResponse: it is signed, and can't be read. Any other
	// error is not the callback's fault, such as ErrUnavailable for a secret that
	// can't be fetched. What counts is the outermost kind. No error holds the
	// text of a message or a secret.
	//
	// With ErrBadResponse come the events that could be read, where a callback
	// tells of several; with any other error there are none.
	ParseEvents(ctx context.Context, header http.Header, body []byte) ([]Event, error)

	// CallbackRules tells how this vendor wants its callbacks answered.
	CallbackRules() CallbackRules
}

// CallbackRules is how a vendor wants its callbacks answered.
type CallbackRules struct {
	// ContentType and Answer make the answer, with HTTP status 200, that the
	// vendor takes for "received".
	ContentType string
	Answer      []byte
	// Deadline is the time after which the vendor takes silence for a failure;
	// 0 where it is not documented.
	Deadline time.Duration
	// StopsForGood: the vendor, refused a few times, calls back no more until
	// somebody switches it on again. What is signed but can't be read is then
	// no reason to refuse.
	StopsForGood bool
}
