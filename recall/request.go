package recall

import "time"

// Request names one message to recall. An application fills in everything
// that it knows about the message, and any vendor's provider works: each
// checks the fields that it needs and names the missing one in its error.
//
// The JSON form is stable; requests may be put on queues and into files.
// SentAt is written in RFC 3339.
type Request struct {
	// MessageID is the id that the vendor's recall call takes. Easemob and
	// NetEase need it; GoEasy finds the message by SentAt.
	MessageID string `json:"message_id,omitempty"`

	// Chat is the kind of conversation that the message was sent in.
	Chat ChatType `json:"chat,omitempty"`

	// From is the user ID of the message's sender.
	From string `json:"from,omitempty"`

	// To is the recipient's user ID, the group's ID or the chat room's ID.
	To string `json:"to,omitempty"`

	// SentAt is the vendor's own time of the message, exact to the
	// millisecond: the one in the vendor's callback, history or answer to
	// sending, never the application's clock. A time with a fraction of a
	// millisecond can't be the vendor's, and is refused by the vendors that
	// look the message up by it.
	SentAt time.Time `json:"sent_at,omitzero"`

	// Operator is who recalls, as shown to users, where the vendor can show
	// it. It grants no permission.
	Operator string `json:"operator,omitempty"`

	// Reason is shown to the participants where the vendor can. It is not a
	// place for internal notes.
	Reason string `json:"reason,omitempty"`

	// Force is the permission to recall after the vendor's recall window has
	// passed, where the vendor can. It never turns a recall for everyone into
	// a deletion for one.
	Force bool `json:"force,omitempty"`

	// Extension is opaque application data that travels with the recall
	// event to the clients, where the vendor can carry it.
	Extension string `json:"extension,omitempty"`

	// Ref is the caller's own reference, such as a queue offset or a ticket.
	// It is never sent.
	Ref string `json:"ref,omitempty"`
}

// ChatType is the kind of conversation that a message was sent in. The zero
// value is invalid.
type ChatType string

// The kinds of chat. A vendor may know fewer; see Capabilities.Chats.
const (
	ChatDirect     ChatType = "direct"      // one to one
	ChatGroup      ChatType = "group"       // a group with members; NetEase: team
	ChatSuperGroup ChatType = "super_group" // NetEase: super-team
	ChatRoom       ChatType = "room"        // a chat room that users enter and leave
)

// Valid tells whether t is one of the kinds of chat above.
func (t ChatType) Valid() bool {
	switch t {
	case ChatDirect, ChatGroup, ChatSuperGroup, ChatRoom:
		return true
	}
	return false
}
