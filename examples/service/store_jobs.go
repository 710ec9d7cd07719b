package main

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

var errNoJob = errors.New("no such job")

// job is the recall of everything of a user.
type job struct {
	ID        int64
	App, User string
	Operator  string
	Force     bool
	CreatedAt time.Time
	EndedAt   time.Time
}

// progress is how far a job has come. A message that is done may still wait
// for its notification; States counts the messages by where they are now.
type progress struct {
	Messages int           `json:"messages"`
	Done     int           `json:"done"`
	States   map[state]int `json:"states"`
}

// settled tells whether nothing is waited for any longer.
func (p progress) settled() bool {
	for s := range p.States {
		if !s.final() {
			return false
		}
	}
	return true
}

// addJob makes a job of all that is stored of a user's messages and may still
// be there, also of those that another call is at: it may fail.
func (s *store) addJob(ctx context.Context, app, user string, by asking) (id int64, messages int64, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO jobs (app, user, operator, force, created_at) VALUES (?, ?, ?, ?, ?)`,
			app, user, by.operator, by.force, milliseconds(s.clock.Now()))
		if err != nil {
			return err
		}
		if id, err = result.LastInsertId(); err != nil {
			return err
		}
		result, err = tx.ExecContext(ctx, `INSERT INTO job_items (job, message) SELECT ?, id FROM messages
			WHERE app = ? AND sender = ? AND state IN ('live', 'requested', 'refused', 'unknown', 'alarmed')`, id, app, user)
		if err != nil {
			return err
		}
		messages, err = result.RowsAffected()
		return err
	})
	return id, messages, err
}

// endJob ends a job, and returns how many of its messages were not dealt with.
func (s *store) endJob(ctx context.Context, id int64) (left int, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE jobs SET ended_at = ? WHERE id = ?`, milliseconds(s.clock.Now()), id); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM job_items WHERE job = ? AND done = 0`, id).Scan(&left)
	})
	return left, err
}

// itemDone notes that a message of a job has been dealt with.
func itemDone(ctx context.Context, tx *sql.Tx, job int64, message string) error {
	if job == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE job_items SET done = 1 WHERE job = ? AND message = ?`, job, message)
	return err
}

// itemsLeft returns the next messages of a job that were not dealt with.
func (s *store) itemsLeft(ctx context.Context, job int64, after string, limit int) ([]string, error) {
	return list(ctx, s.reader, func(rows *sql.Rows, id *string) error { return rows.Scan(id) },
		`SELECT message FROM job_items WHERE job = ? AND done = 0 AND message > ? ORDER BY message LIMIT ?`, job, after, limit)
}

const jobColumns = `id, app, user, operator, force, created_at, ended_at`

// openJobs returns the jobs that have not ended, oldest first.
func (s *store) openJobs(ctx context.Context, app string) ([]job, error) {
	return list(ctx, s.reader, func(rows *sql.Rows, j *job) error { return scanJob(rows, j) },
		`SELECT `+jobColumns+` FROM jobs WHERE app = ? AND ended_at = 0 ORDER BY id`, app)
}

// job returns a job and how far it has come.
func (s *store) job(ctx context.Context, id int64) (job, progress, error) {
	var j job
	p := progress{States: map[state]int{}}
	err := scanJob(s.reader.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM jobs WHERE id = ?`, id), &j)
	if errors.Is(err, sql.ErrNoRows) {
		return j, p, errNoJob
	}
	if err != nil {
		return j, p, err
	}
	type count struct {
		state       state
		total, done int
	}
	counts, err := list(ctx, s.reader, func(rows *sql.Rows, c *count) error { return rows.Scan(&c.state, &c.total, &c.done) },
		`SELECT messages.state, count(*), sum(job_items.done) FROM job_items
			JOIN messages ON messages.app = ? AND messages.id = job_items.message WHERE job_items.job = ? GROUP BY messages.state`,
		j.App, id)
	for _, c := range counts {
		p.States[c.state] = c.total
		p.Messages += c.total
		p.Done += c.done
	}
	return j, p, err
}

func scanJob(row interface{ Scan(into ...any) error }, j *job) error {
	var createdAt, endedAt int64
	err := row.Scan(&j.ID, &j.App, &j.User, &j.Operator, &j.Force, &createdAt, &endedAt)
	j.CreatedAt, j.EndedAt = fromMilliseconds(createdAt), fromMilliseconds(endedAt)
	return err
}
