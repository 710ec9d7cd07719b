package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/imrecall/imrecall/recall"
	_ "modernc.org/sqlite" // SQLite in pure Go
)

var errNotStored = errors.New("no such message here: the vendor has not told of it")

// store is the database. One connection writes, as SQLite wants it, and
// others read meanwhile.
type store struct {
	writer, reader *sql.DB
	// turn has room for the one write that has the writer. Those that wait for it
	// get it in order; database/sql would pick one at random.
	turn chan struct{}
	// queue has room for the one of the background's writes that waits for its
	// turn or has it. Single recalls don't queue here, and so overtake.
	queue   chan struct{}
	clock   clock
	changed *broadcast // told after each write
}

func openStore(ctx context.Context, path string, c clock) (*store, error) {
	s := &store{turn: make(chan struct{}, 1), queue: make(chan struct{}, 1), clock: c, changed: newBroadcast()}
	var err error
	// A transaction that reads and then writes takes its lock at once; one that
	// took it at the first write could find that another was faster.
	s.writer, err = open(path, url.Values{"_txlock": {"immediate"}}, 1)
	if err != nil {
		return nil, err
	}
	if s.reader, err = open(path, url.Values{"_pragma": {"query_only(1)"}}, 4); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	if _, err = s.writer.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, err), s.close())
	}
	return s, nil
}

func open(path string, more url.Values, connections int) (*sql.DB, error) {
	// synchronous(FULL): an audit record outlives a power cut, at the price of
	// two waits for the disk for each recall.
	query := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}}
	for key, values := range more {
		query[key] = append(query[key], values...)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	return db, nil
}

func (s *store) close() error { return errors.Join(s.reader.Close(), s.writer.Close()) }

// write runs f in a transaction, and commits where it returns nil.
func (s *store) write(ctx context.Context, f func(tx *sql.Tx) error) error {
	if recall.IsBulk(ctx) {
		if err := enter(ctx, s.queue); err != nil {
			return err
		}
		defer leave(s.queue)
	}
	if err := enter(ctx, s.turn); err != nil {
		return err
	}
	defer leave(s.turn)
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.changed.tell()
	return nil
}

func enter(ctx context.Context, room chan struct{}) error {
	select {
	case room <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func leave(room chan struct{}) { <-room }

// change gives a message to f and writes down what f made of it, together with
// f's record of it and whatever else belongs to it. Where f returns nil,
// nothing is written.
func (s *store) change(ctx context.Context, app, id string, f func(*message) *record, more ...func(*sql.Tx) error) (message, error) {
	var m message
	err := s.write(ctx, func(tx *sql.Tx) (err error) {
		if m, err = selectMessage(ctx, tx, app, id); err != nil {
			return err
		}
		if err := s.apply(ctx, tx, &m, f); err != nil {
			return err
		}
		for _, also := range more {
			if err := also(tx); err != nil {
				return err
			}
		}
		return nil
	})
	return m, err
}

func (s *store) apply(ctx context.Context, tx *sql.Tx, m *message, f func(*message) *record) error {
	r := f(m)
	if r == nil {
		return nil
	}
	now := s.clock.Now()
	r.At, r.App, r.Message, r.State = now, m.App, m.ID, m.State
	_, err := tx.ExecContext(ctx, `UPDATE messages SET state = ?, asked = ?, maybe = ?, force = ?, confirm_by = ?
		WHERE app = ? AND id = ?`, m.State, m.Asked, m.Maybe, m.Force, milliseconds(m.ConfirmBy), m.App, m.ID)
	if err != nil {
		return err
	}
	if m.State == gone || m.State == confirmed {
		if _, err := tx.ExecContext(ctx, `UPDATE alarms SET closed_at = ? WHERE app = ? AND message = ? AND closed_at = 0`,
			milliseconds(now), m.App, m.ID); err != nil {
			return err
		}
	}
	return insertRecord(ctx, tx, *r)
}

// sent stores what is told of a message. What is already known of its recall
// stays: the notification of it may have come first.
func (s *store) sent(ctx context.Context, app, id string, e recall.Event) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		isNew, err := s.newEvent(ctx, tx, app, e)
		if err != nil || !isNew {
			return err
		}
		r := e.Request
		_, err = tx.ExecContext(ctx, `INSERT INTO messages (app, id, message_id, chat, sender, recipient, sent_at)
			VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET message_id = excluded.message_id, chat = excluded.chat, sender = excluded.sender,
				recipient = excluded.recipient, sent_at = excluded.sent_at WHERE chat = ''`,
			app, id, r.MessageID, r.Chat, r.From, r.To, milliseconds(r.SentAt))
		return err
	})
}

// recalled stores the vendor's word that a message is gone, also of one that
// nobody has told of yet.
func (s *store) recalled(ctx context.Context, app, id string, e recall.Event) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		isNew, err := s.newEvent(ctx, tx, app, e)
		if err != nil || !isNew {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO messages (app, id) VALUES (?, ?) ON CONFLICT DO NOTHING`, app, id); err != nil {
			return err
		}
		m, err := selectMessage(ctx, tx, app, id)
		if err != nil {
			return err
		}
		return s.apply(ctx, tx, &m, func(m *message) *record {
			m.notified()
			return &record{Action: actionNotified, Event: e.ID, RecalledBy: e.RecalledBy}
		})
	})
}

// newEvent remembers e and tells whether it is the first time.
func (s *store) newEvent(ctx context.Context, tx *sql.Tx, app string, e recall.Event) (bool, error) {
	result, err := tx.ExecContext(ctx, `INSERT INTO events (app, id, received_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		app, e.ID, milliseconds(s.clock.Now()))
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// key names a message.
type key struct{ app, id string }

func scanKey(rows *sql.Rows, k *key) error { return rows.Scan(&k.app, &k.id) }

// queryer is a database or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// message returns a message as it is now.
func (s *store) message(ctx context.Context, app, id string) (message, error) {
	return selectMessage(ctx, s.reader, app, id)
}

func selectMessage(ctx context.Context, db queryer, app, id string) (message, error) {
	m := message{App: app, ID: id}
	var sentAt, confirmBy int64
	err := db.QueryRowContext(ctx, `SELECT message_id, chat, sender, recipient, sent_at, state, asked, maybe, force, confirm_by
		FROM messages WHERE app = ? AND id = ?`, app, id).
		Scan(&m.MessageID, &m.Chat, &m.From, &m.To, &sentAt, &m.State, &m.Asked, &m.Maybe, &m.Force, &confirmBy)
	if errors.Is(err, sql.ErrNoRows) {
		return m, errNotStored
	}
	m.SentAt, m.ConfirmBy = fromMilliseconds(sentAt), fromMilliseconds(confirmBy)
	return m, err
}

// list returns one value for each row of a query's answer.
func list[T any](ctx context.Context, db queryer, scan func(*sql.Rows, *T) error, query string, args ...any) (all []T, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var one T
		if err := scan(rows, &one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMilliseconds(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
