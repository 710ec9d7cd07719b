package main

import (
	"errors"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// state is where the recall of a message stands. A message moves towards the
// end of this list, but for one that is asked for again, or was not asked for
// after all.
type state string

const (
	live      state = "live"      // nobody has asked for its recall
	requested state = "requested" // the vendor is being asked, or was when something broke; see flights
	refused   state = "refused"   // the vendor said no, or could not be asked: the message is still there
	unknown   state = "unknown"   // the vendor was asked, and no answer tells whether it is gone; its notification would
	pending   state = "pending"   // the vendor said yes, which is no proof; its notification would be
	alarmed   state = "alarmed"   // the notification did not come in time
	gone      state = "gone"      // the vendor's answer proves it, or somebody else recalled the message
	confirmed state = "confirmed" // the vendor's notification proves it
)

// final tells that no call and no notification is waited for.
func (s state) final() bool {
	return s != requested && s != unknown && s != pending
}

// message is what is kept of a message: what its recall needs, and no word of
// its text. Its methods are the only place where its state changes; they know
// nothing of databases, and the store calls them inside a transaction.
type message struct {
	App       string // the application's name in this service
	ID        string // in this service; see app.key
	MessageID string // the vendor's
	Chat      recall.ChatType
	From, To  string
	SentAt    time.Time
	State     state
	Asked     bool      // somebody here has asked for its recall
	Maybe     bool      // a request for its recall may have reached the vendor
	Force     bool      // what was asked for allows to recall after the vendor's window
	ConfirmBy time.Time // when the alarm is raised; zero where nothing is waited for
}

func (a *app) request(m message) recall.Request {
	req := recall.Request{
		MessageID: m.MessageID, Chat: m.Chat, From: m.From, To: m.To, SentAt: m.SentAt, Force: m.Force, Ref: m.ID,
	}
	if m.Chat == recall.ChatRoom {
		req.Operator = a.roomOperator
	}
	return req
}

// ask says whether the vendor is to be asked now. It is not where another call
// is at it, where the vendor has already said yes, and where the message is
// gone.
func (m *message) ask(force bool) bool {
	switch m.State {
	case requested, pending, gone, confirmed:
		return false
	case live, refused, unknown, alarmed:
	}
	m.State, m.Asked, m.Force = requested, true, force
	m.ConfirmBy = time.Time{}
	return true
}

// answered takes what came of the call. A notification may have been faster,
// and knows better.
func (m *message) answered(receipt recall.Receipt, err error, confirmBy time.Time) {
	if m.State != requested {
		return
	}
	m.State = fate(m.Maybe, receipt, err)
	if m.State == pending || m.State == unknown {
		m.Maybe, m.ConfirmBy = true, confirmBy
	}
}

// fate is what a call's end means. maybe: an earlier call may have recalled
// the message.
func fate(maybe bool, receipt recall.Receipt, err error) state {
	var e *recall.Error
	switch {
	case err == nil && receipt.Outcome.Proven():
		return gone
	case err == nil:
		return pending
	case maybe && errors.Is(err, recall.ErrNotFound):
		return pending // as recall.AlreadyGone
	case maybe:
		return unknown // what is refused is this call; it says nothing about the earlier one
	case !errors.As(err, &e), e.MayHaveApplied:
		return unknown
	}
	return refused
}

// postpone takes back that the vendor was to be asked: it was not.
func (m *message) postpone(confirmBy time.Time) {
	switch {
	case m.State != requested:
	case m.Maybe:
		m.State, m.ConfirmBy = unknown, confirmBy
	default:
		m.State = live
	}
}

// interrupted is for a call whose outcome was not written down, such as one
// during which this program was killed. It tells whether there was one.
func (m *message) interrupted(confirmBy time.Time) bool {
	if m.State != requested {
		return false
	}
	m.State, m.Maybe, m.ConfirmBy = unknown, true, confirmBy
	return true
}

// notified takes the vendor's word that the message is gone.
func (m *message) notified() {
	m.ConfirmBy = time.Time{}
	if m.Asked {
		m.State = confirmed
	} else {
		m.State = gone
	}
}

// overdue tells whether the notification has not come in time.
func (m *message) overdue(now time.Time) bool {
	if m.ConfirmBy.IsZero() || now.Before(m.ConfirmBy) || m.State.final() {
		return false
	}
	m.State, m.ConfirmBy = alarmed, time.Time{}
	return true
}
