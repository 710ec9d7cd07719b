package main

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

const (
	// alarmsAtOnce bounds what one look at the database brings into memory.
	alarmsAtOnce = 100
	// watchAgain is when the database is looked at again after it failed.
	watchAgain = time.Second
)

// watch raises an alarm for each message whose notification does not come in
// time.
func (s *service) watch(ctx context.Context) {
	for {
		changed := s.store.changed.wait() // before looking: nothing is missed
		next, err := s.lookAfter(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			s.log.ErrorContext(ctx, "confirmations not watched", "error", err)
			next = s.clock.Now().Add(watchAgain)
		}
		var due <-chan time.Time
		if !next.IsZero() {
			due = s.clock.After(next.Sub(s.clock.Now()))
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-due:
		}
	}
}

// lookAfter looks once at all that may need it, and returns when to look again,
// or the zero time.
func (s *service) lookAfter(ctx context.Context) (time.Time, error) {
	if s.cutShort.Swap(false) {
		if _, err := s.interrupt(ctx); err != nil {
			s.cutShort.Store(true)
			return time.Time{}, err
		}
	}
	// The clock may have been set back since a message was given its time.
	if err := s.store.confirmNoLaterThan(ctx, s.confirmBy()); err != nil {
		return time.Time{}, err
	}
	return s.raiseAlarms(ctx)
}

// raiseAlarms raises the alarms that are due, and returns when the next will
// be, or the zero time.
func (s *service) raiseAlarms(ctx context.Context) (time.Time, error) {
	for {
		keys, err := s.store.overdue(ctx, s.clock.Now())
		if err != nil {
			return time.Time{}, err
		}
		for _, k := range keys {
			if err := s.raiseAlarm(ctx, k); err != nil {
				return time.Time{}, err
			}
		}
		if len(keys) < alarmsAtOnce {
			return s.store.nextConfirmBy(ctx)
		}
	}
}

func (s *service) raiseAlarm(ctx context.Context, k key) error {
	text := ""
	_, err := s.store.change(ctx, k.app, k.id, func(m *message) *record {
		before := m.State
		if !m.overdue(s.clock.Now()) {
			return nil // the notification came meanwhile
		}
		text = s.alarmText(*m, before)
		return &record{Action: actionAlarmed}
	}, func(tx *sql.Tx) error {
		if text == "" {
			return nil
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO alarms (app, message, text, raised_at) VALUES (?, ?, ?, ?)`,
			k.app, k.id, text, milliseconds(s.clock.Now()))
		return err
	})
	if err == nil && text != "" {
		s.log.ErrorContext(ctx, "ALARM: recall not confirmed", "app", k.app, "message", k.id, "why", text)
	}
	return err
}

// alarmText says what is known, and no more.
func (s *service) alarmText(m message, before state) string {
	a, served := s.apps[m.App]
	within := s.limits.confirm.String()
	switch {
	case before == unknown:
		return "the vendor was asked, and no answer tells whether it is gone; no notification within " + within
	case served && !slices.Contains(a.notifies, m.Chat):
		return "the vendor said yes; no notification: this vendor documents none for such a message, so nothing proves that the message is gone"
	default:
		return "the vendor said yes; no notification within " + within
	}
}

// overdue returns some of the messages whose alarm is due.
func (s *store) overdue(ctx context.Context, now time.Time) ([]key, error) {
	return list(ctx, s.reader, scanKey, `SELECT app, id FROM messages WHERE confirm_by > 0 AND confirm_by <= ?
		ORDER BY confirm_by, app, id LIMIT ?`, milliseconds(now), alarmsAtOnce)
}

// confirmNoLaterThan brings forward the alarms that would be raised later. It
// leaves alone those of a call that was answered this very moment.
func (s *store) confirmNoLaterThan(ctx context.Context, latest time.Time) error {
	tooLate := milliseconds(latest.Add(time.Second))
	var found bool
	if err := s.reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM messages WHERE confirm_by > 0 AND confirm_by > ?)`,
		tooLate).Scan(&found); err != nil || !found {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE messages SET confirm_by = ? WHERE confirm_by > 0 AND confirm_by > ?`,
			milliseconds(latest), tooLate)
		return err
	})
}

// nextConfirmBy returns when the next alarm would be due, or the zero time.
func (s *store) nextConfirmBy(ctx context.Context) (time.Time, error) {
	var next sql.NullInt64
	err := s.reader.QueryRowContext(ctx, `SELECT min(confirm_by) FROM messages WHERE confirm_by > 0`).Scan(&next)
	return fromMilliseconds(next.Int64), err
}

// alarm is one that was raised.
type alarm struct {
	App      string    `json:"app"`
	Message  string    `json:"message"`
	Text     string    `json:"text"`
	RaisedAt time.Time `json:"raised_at"`
	ClosedAt time.Time `json:"closed_at,omitzero"` // the notification came after all
}

// alarms returns the newest alarms, the latest first.
func (s *store) alarms(ctx context.Context, limit int) ([]alarm, error) {
	return list(ctx, s.reader, func(rows *sql.Rows, a *alarm) error {
		var raisedAt, closedAt int64
		err := rows.Scan(&a.App, &a.Message, &a.Text, &raisedAt, &closedAt)
		a.RaisedAt, a.ClosedAt = fromMilliseconds(raisedAt), fromMilliseconds(closedAt)
		return err
	}, `SELECT app, message, text, raised_at, closed_at FROM alarms ORDER BY id DESC LIMIT ?`, limit)
}
