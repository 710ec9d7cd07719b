package main

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// action is what an audit record is about.
type action string

const (
	actionAsked       action = "asked"       // an operator wants a message gone
	actionAnswered    action = "answered"    // the call to the vendor has ended
	actionNotified    action = "notified"    // the vendor's callback says that the message is gone
	actionAlarmed     action = "alarmed"     // the callback did not come in time
	actionInterrupted action = "interrupted" // this program was killed during the call
	actionPostponed   action = "postponed"   // this program was stopped before the call
)

// record is one line of the audit: who asked, when, for what, and what came
// of it. It holds ids and codes, and no word of a message or of a vendor's
// answer.
type record struct {
	At         time.Time      `json:"at"`
	App        string         `json:"-"`
	Message    string         `json:"-"`
	Action     action         `json:"action"`
	State      state          `json:"state"`
	Operator   string         `json:"operator,omitempty"`
	Job        int64          `json:"job,omitempty"`
	Outcome    recall.Outcome `json:"outcome,omitempty"`
	Kind       recall.Kind    `json:"kind,omitempty"`
	Code       string         `json:"code,omitempty"`
	TraceID    string         `json:"trace_id,omitempty"`
	Attempts   int            `json:"attempts,omitempty"`
	Event      string         `json:"event,omitempty"`
	RecalledBy string         `json:"recalled_by,omitempty"`
}

// recordOf is what the audit keeps of a call's end.
func recordOf(receipt recall.Receipt, err error) *record {
	r := &record{Action: actionAnswered}
	var e *recall.Error
	switch {
	case err == nil:
		r.Outcome, r.Code, r.TraceID, r.Attempts = receipt.Outcome, receipt.Code, receipt.TraceID, receipt.Attempts
	case errors.As(err, &e):
		r.Kind, r.Code, r.TraceID, r.Attempts = e.Kind, e.Code, e.TraceID, e.Attempts
	default:
		errors.As(err, &r.Kind)
	}
	return r
}

func insertRecord(ctx context.Context, tx *sql.Tx, r record) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO audit
		(at, app, message, action, state, operator, job, outcome, kind, code, trace_id, attempts, event, recalled_by)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		milliseconds(r.At), r.App, r.Message, r.Action, r.State, r.Operator, r.Job, r.Outcome, r.Kind, r.Code,
		r.TraceID, r.Attempts, r.Event, r.RecalledBy)
	return err
}

// audit returns the records of a message, oldest first.
func (s *store) audit(ctx context.Context, app, id string) ([]record, error) {
	return list(ctx, s.reader, scanRecord, `SELECT
		at, action, state, operator, job, outcome, kind, code, trace_id, attempts, event, recalled_by
		FROM audit WHERE app = ? AND message = ? ORDER BY seq`, app, id)
}

func scanRecord(rows *sql.Rows, r *record) error {
	var at int64
	err := rows.Scan(&at, &r.Action, &r.State, &r.Operator, &r.Job, &r.Outcome, &r.Kind, &r.Code,
		&r.TraceID, &r.Attempts, &r.Event, &r.RecalledBy)
	r.At = fromMilliseconds(at)
	return err
}
