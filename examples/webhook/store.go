package main

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/imrecall/imrecall/recall"
)

// store is in memory what a service has in tables. Callbacks come at least
// once and in any order, the recall before its message too. So events are
// only collected, and where a message stands is worked out when somebody asks.
type store struct {
	mu       sync.Mutex
	seen     map[eventID]bool
	messages map[key]recall.Request
	receipts map[key]recall.Receipt
	recalls  map[named][]key // also of messages that are not known yet
	repeated int             // events that came again
}

// eventID is the same each time a vendor sends the same event.
type eventID struct{ vendor, app, id string }

// named is what every event tells of its message.
type named struct{ vendor, app, id string }

// key is the one message; see docs/callbacks.md, "What to store".
type key struct {
	named
	chat recall.ChatType
	made clientMade
}

// clientMade belongs to the key where clients make the ids, or may: else a
// message that was given the id of another one would never be stored.
type clientMade struct {
	from, to string
	sentAt   int64 // in milliseconds; times that are equal may differ by ==
}

func keyOf(e recall.Event) key {
	r := e.Request
	k := key{named: named{e.Vendor, e.App, r.MessageID}, chat: r.Chat}
	if e.Vendor == "goeasy" || e.Vendor == "netease" && r.Chat == recall.ChatRoom {
		k.made = clientMade{r.From, r.To, r.SentAt.UnixMilli()}
	}
	return k
}

func newStore() *store {
	return &store{
		seen: map[eventID]bool{}, messages: map[key]recall.Request{}, receipts: map[key]recall.Receipt{},
		recalls: map[named][]key{},
	}
}

// handle stores an event, once. In a database all of it is one transaction,
// whose error is returned: the vendor sends the event again.
func (s *store) handle(_ context.Context, e recall.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := eventID{e.Vendor, e.App, e.ID}
	if s.seen[id] {
		s.repeated++
		return nil
	}
	s.seen[id] = true
	switch k := keyOf(e); e.Kind {
	case recall.MessageSent:
		if _, ok := s.messages[k]; !ok { // what came first stays: an Easemob callback can be forged
			s.messages[k] = e.Request
		}
	case recall.MessageRecalled:
		s.recalls[k.named] = append(s.recalls[k.named], k)
	}
	return nil
}

// accepted stores a vendor's yes.
func (s *store) accepted(k key, receipt recall.Receipt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receipts[k] = receipt
}

// request is all that the message's recall needs.
func (s *store) request(k key) recall.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages[k]
}

// sentBy returns the messages of a sender that a vendor has told of.
func (s *store) sentBy(sender, vendor string) map[key]recall.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := maps.Clone(s.messages)
	maps.DeleteFunc(found, func(k key, r recall.Request) bool { return k.vendor != vendor || r.From != sender })
	return found
}

// counts returns how many events were stored, and how many came again.
func (s *store) counts() (events, repeated int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen), s.repeated
}

// Where a message stands.
const (
	stored    = "stored"    // nobody has recalled it
	pending   = "pending"   // the vendor said yes, which is no proof
	confirmed = "confirmed" // the vendor told of the recall: the proof
	gone      = "gone"      // the vendor's yes was the proof
)

func (s *store) state(k key) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	receipt, yes := s.receipts[k]
	switch {
	case yes && receipt.Outcome.Proven():
		return gone
	case s.toldGone(k):
		return confirmed
	case yes:
		return pending
	}
	return stored
}

func (s *store) toldGone(k key) bool {
	return slices.ContainsFunc(s.recalls[k.named], func(told key) bool {
		return told == k || told.chat == "" && k.made == clientMade{} // Easemob does not tell the kind of chat
	})
}
