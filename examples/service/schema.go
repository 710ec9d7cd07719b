package main

// schema is the whole database. Times are in milliseconds since 1970, 0 where
// there is none. There is no column for the text of a message.
const schema = `
CREATE TABLE IF NOT EXISTS messages (
	app        TEXT    NOT NULL,
	id         TEXT    NOT NULL,
	message_id TEXT    NOT NULL DEFAULT '', -- the vendor's
	chat       TEXT    NOT NULL DEFAULT '', -- '' until the message itself was told of
	sender     TEXT    NOT NULL DEFAULT '',
	recipient  TEXT    NOT NULL DEFAULT '',
	sent_at    INTEGER NOT NULL DEFAULT 0,
	state      TEXT    NOT NULL DEFAULT 'live' CHECK (state IN
		('live', 'requested', 'refused', 'unknown', 'pending', 'alarmed', 'gone', 'confirmed')),
	asked      INTEGER NOT NULL DEFAULT 0,
	maybe      INTEGER NOT NULL DEFAULT 0,
	force      INTEGER NOT NULL DEFAULT 0,
	confirm_by INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (app, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_of_sender ON messages (app, sender);
CREATE INDEX IF NOT EXISTS messages_to_confirm ON messages (confirm_by) WHERE confirm_by > 0;
CREATE INDEX IF NOT EXISTS messages_being_asked ON messages (app) WHERE state = 'requested';

-- The callbacks that were dealt with: vendors repeat them.
CREATE TABLE IF NOT EXISTS events (
	app         TEXT    NOT NULL,
	id          TEXT    NOT NULL,
	received_at INTEGER NOT NULL,
	PRIMARY KEY (app, id)
) STRICT, WITHOUT ROWID;

-- What happened, in order. Nothing in it is ever changed.
CREATE TABLE IF NOT EXISTS audit (
	seq         INTEGER PRIMARY KEY AUTOINCREMENT,
	at          INTEGER NOT NULL,
	app         TEXT    NOT NULL,
	message     TEXT    NOT NULL,
	action      TEXT    NOT NULL,
	state       TEXT    NOT NULL, -- of the message, after it
	operator    TEXT    NOT NULL, -- who asked
	job         INTEGER NOT NULL, -- 0: a recall of its own
	outcome     TEXT    NOT NULL,
	kind        TEXT    NOT NULL, -- of the error
	code        TEXT    NOT NULL, -- the vendor's
	trace_id    TEXT    NOT NULL,
	attempts    INTEGER NOT NULL,
	event       TEXT    NOT NULL, -- the vendor's notification
	recalled_by TEXT    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS audit_of_message ON audit (app, message);
CREATE TRIGGER IF NOT EXISTS audit_unchanged BEFORE UPDATE ON audit
	BEGIN SELECT RAISE(ABORT, 'audit records are not changed'); END;
CREATE TRIGGER IF NOT EXISTS audit_kept BEFORE DELETE ON audit
	BEGIN SELECT RAISE(ABORT, 'audit records are not deleted'); END;

CREATE TABLE IF NOT EXISTS alarms (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	app       TEXT    NOT NULL,
	message   TEXT    NOT NULL,
	text      TEXT    NOT NULL,
	raised_at INTEGER NOT NULL,
	closed_at INTEGER NOT NULL DEFAULT 0 -- when the notification came after all
) STRICT;
CREATE INDEX IF NOT EXISTS alarms_open ON alarms (app, message) WHERE closed_at = 0;

-- The recall of everything of a user.
CREATE TABLE IF NOT EXISTS jobs (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	app        TEXT    NOT NULL,
	user       TEXT    NOT NULL,
	operator   TEXT    NOT NULL,
	force      INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	ended_at   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_open ON jobs (app, id) WHERE ended_at = 0;
CREATE TABLE IF NOT EXISTS job_items (
	job     INTEGER NOT NULL REFERENCES jobs (id),
	message TEXT    NOT NULL,
	done    INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (job, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS job_items_left ON job_items (job, message) WHERE done = 0;
`
