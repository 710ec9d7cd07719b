package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// asking is who asks for a recall, and how.
type asking struct {
	operator string
	force    bool
	job      int64 // 0: for this one message
}

// verdict is what came of it.
type verdict struct {
	message message
	record  *record // of the vendor's answer; nil where the vendor was not asked
	err     error   // the vendor's, or the library's
}

// recallOne asks the vendor to recall a message, where that is needed, and
// writes down what came of it. That somebody wants the message gone is written
// down before the call, so that a killed program leaves a trace. An error means
// that the vendor was not asked.
func (s *service) recallOne(ctx context.Context, a *app, id string, by asking) (verdict, error) {
	// A moderator who closes the page does not end this: the outcome would be
	// unknown.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limits.recall)
	defer cancel()
	m, needed, err := s.ask(ctx, a, id, by)
	if err != nil || !needed {
		return verdict{message: m}, err
	}
	receipt, failure := a.provider.RecallMessage(ctx, a.request(m))
	v, err := s.settle(ctx, a, id, by, receipt, failure, true)
	if err != nil {
		v.message.State = unknown // as the database will have it
	}
	return v, nil
}

// ask writes down that a recall is asked for, and tells whether the vendor has
// to be.
func (s *service) ask(ctx context.Context, a *app, id string, by asking) (m message, needed bool, err error) {
	k := key{a.name, id}
	m, err = s.store.change(ctx, a.name, id, func(m *message) *record {
		if !s.flights.under(k) {
			m.interrupted(s.confirmBy())
		}
		if needed = m.ask(by.force); needed {
			s.flights.begin(k)
		}
		return &record{Action: actionAsked, Operator: by.operator, Job: by.job}
	}, func(tx *sql.Tx) error {
		if needed {
			return nil
		}
		return itemDone(ctx, tx, by.job, id)
	})
	if err != nil && needed {
		s.landed(k, err)
	}
	return m, needed, err
}

// settle writes down what came of a call, also where ctx is over. Where the
// call was made by a job, done tells whether the job is done with the message.
func (s *service) settle(
	ctx context.Context, a *app, id string, by asking, receipt recall.Receipt, failure error, done bool,
) (v verdict, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limits.store)
	defer cancel()
	defer func() { s.landed(key{a.name, id}, err) }()
	r := recordOf(receipt, failure)
	r.Operator, r.Job = by.operator, by.job
	m, err := s.store.change(ctx, a.name, id, func(m *message) *record {
		m.answered(receipt, failure, s.confirmBy())
		return r
	}, func(tx *sql.Tx) error {
		if !done {
			return nil
		}
		return itemDone(ctx, tx, by.job, id)
	})
	if err != nil {
		// The log is all that is left of what the vendor said.
		s.log.ErrorContext(ctx, "outcome not stored", "app", a.name, "message", id, "operator", by.operator,
			"outcome", r.Outcome, "kind", r.Kind, "code", r.Code, "error", err)
	}
	return verdict{message: m, record: r, err: failure}, err
}

func (s *service) confirmBy() time.Time { return s.clock.Now().Add(s.limits.confirm) }

// landed is told that nobody asks the vendor for a message any longer. Where
// err is not nil that could not be written down: interrupt will.
func (s *service) landed(k key, err error) {
	s.flights.end(k)
	if err != nil {
		s.cutShort.Store(true)
		s.store.changed.tell()
	}
}
