package recall

import "context"

// Provider recalls messages through one application at one vendor.
//
// This comment is the contract between those who call a Provider and those
// who implement one.
//
//   - RecallMessage may be called by any number of goroutines at once.
//   - It obeys ctx at every step (waiting, fetching credentials, on the wire)
//     and returns soon after ctx ends, with [ErrCanceled], and with no kind that
//     the cause of ctx has: it may be another call's failure. When ctx is over
//     before the call, nothing is sent.
//   - It neither changes req nor keeps any part of it after it returns.
//   - It checks the fields that it needs and, before anything is sent, refuses
//     a request that the vendor could not carry out: [ErrInvalidRequest] with
//     the name of the field, or [ErrUnsupported].
//   - A refusal by the vendor is always a non-nil error, whatever the HTTP
//     status. A nil error means that the vendor said yes to this very message,
//     or that its fate is one of the other outcomes that [Outcome] lists.
//   - An answer that can't be read is an error, never a success.
//   - Errors are, or wrap, an [*Error]. Its MayHaveApplied says whether the
//     message may be gone in spite of the error.
//   - No error, receipt or log line holds a secret.
//   - With an error the receipt is the zero Receipt.
//
// Package recalltest has this contract as a suite of tests.
//
// A wrapper (for metrics, routing, auditing) should hold a Provider and not a
// vendor's concrete client: embedding the client would expose its other
// methods, and callers that look for them (as [Each] looks for [Batcher]) would
// go around the wrapper. One that passes on Batcher has to do its own work in
// RecallMessages too.
type Provider interface {
	RecallMessage(ctx context.Context, req Request) (Receipt, error)
}

// ProviderFunc makes a Provider of a function, for wrappers and for tests.
type ProviderFunc func(ctx context.Context, req Request) (Receipt, error)

// RecallMessage calls f.
func (f ProviderFunc) RecallMessage(ctx context.Context, req Request) (Receipt, error) {
	return f(ctx, req)
}

// Validator is implemented by providers that can tell without sending
// anything whether they would refuse a request, for callers that check a
// whole file or a queue before they start.
type Validator interface {
	// ValidateRequest returns the error with which RecallMessage would refuse
	// req without sending it: ErrInvalidRequest or ErrUnsupported. Nil means
	// that req would be sent, not that the vendor will agree.
	ValidateRequest(req Request) error
}

// Capable is implemented by providers that describe themselves.
type Capable interface {
	// Capabilities sends nothing. It is safe for concurrent use.
	Capabilities() Capabilities
}

// Capabilities are facts about a provider, for choosing one, for documents
// and for refusing early what could not work. Field names are those of
// [Request], as in "MessageID".
type Capabilities struct {
	Vendor string `json:"vendor"` // as in Receipt.Vendor and Error.Vendor

	// Chats are the kinds of chat whose messages RecallMessage can recall.
	Chats []ChatType `json:"chats"`
	// Needs are the fields without which every request is refused.
	Needs []string `json:"needs"`
	// NeedsDirect are the fields needed as well where Chat is ChatDirect.
	NeedsDirect []string `json:"needs_direct,omitempty"`
	// NeedsSuperGroup and NeedsRoom are the same for ChatSuperGroup and
	// ChatRoom.
	NeedsSuperGroup []string `json:"needs_super_group,omitempty"`
	NeedsRoom       []string `json:"needs_room,omitempty"`
	// Sends are the optional fields that reach the vendor, for at least one kind
	// of chat. A field that is in none of these lists may be filled in, and has
	// no effect.
	Sends []string `json:"sends,omitempty"`

	// Batch is how many messages one call recalls at most, 0 where the provider
	// is no Batcher.
	Batch int `json:"batch,omitempty"`
	// CallsPerSecond is the pace that the provider keeps by itself, 0 where it
	// keeps none.
	CallsPerSecond float64 `json:"calls_per_second,omitempty"`

	// Force tells whether Request.Force makes a difference.
	Force bool `json:"force"`
	// Success is the outcome of a plain yes from the vendor.
	Success Outcome `json:"success"`
	// ForcedSuccess is the outcome of a yes to a request with Force.
	ForcedSuccess Outcome `json:"forced_success"`
}
