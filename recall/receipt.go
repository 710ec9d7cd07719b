package recall

import "time"

// Receipt is what is known of a message after a call that did not fail,
// complete enough for an audit log. Its JSON form is stable.
type Receipt struct {
	// Vendor is the provider's vendor, such as "easemob".
	Vendor string `json:"vendor"`

	// App is the application at the vendor. It is never a secret: for a vendor
	// whose application key is its credential it is a short hash of the key.
	App string `json:"app,omitempty"`

	// MessageID is the MessageID of the request.
	MessageID string `json:"message_id,omitempty"`

	// Outcome is how much the vendor's yes proves.
	Outcome Outcome `json:"outcome"`

	// Code is the vendor's own word for success, verbatim.
	Code string `json:"code,omitempty"`

	// Attempts is how often the call was tried on the network, whether or not a
	// connection came about. Fetching credentials does not count.
	Attempts int `json:"attempts"`

	// TraceID is the id sent to, or given by, the vendor, for a support
	// ticket. Empty where the vendor has none.
	TraceID string `json:"trace_id,omitempty"`

	// At is when the answer came, by the local clock.
	At time.Time `json:"at"`
}

// Outcome is how much is proven by a call that did not fail. The zero value
// claims nothing.
type Outcome string

const (
	// Recalled: this vendor refuses messages that it does not know, so its yes
	// is proof that the message is gone.
	Recalled Outcome = "recalled"

	// Accepted: the vendor said yes, but it says yes to unknown messages too,
	// so this is no proof. The vendor's recall notification is, where the
	// application receives one.
	Accepted Outcome = "accepted"

	// AlreadyGone: an earlier request of this same call may have reached the
	// vendor, and now the vendor does not know the message. In practice a
	// success, but no proof: a wrong id looks the same.
	AlreadyGone Outcome = "already_gone"
)

// Proven tells whether the vendor's answer alone proves that the message is
// gone.
func (o Outcome) Proven() bool { return o == Recalled }
