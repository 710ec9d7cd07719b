package recalltest

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// Env reads the environment variables that name a real account and a real
// message of one vendor, for a test with Live.
type Env struct {
	t       *testing.T
	prefix  string
	getenv  func(string) string
	missing []string
}

// NewEnv returns the variables that begin with prefix, such as "ACMECHAT_". It
// skips t where the one called prefix + wanted is not set. Give it os.Getenv.
func NewEnv(t *testing.T, prefix, wanted string, getenv func(string) string) *Env {
	t.Helper()
	if getenv(prefix+wanted) == "" {
		t.Skipf("no real message is named: set %s%s and the other %s variables to recall one; it is really withdrawn", prefix, wanted, prefix)
	}
	return &Env{t: t, prefix: prefix, getenv: getenv}
}

// Optional returns the value of a variable, which may be empty.
func (e *Env) Optional(name string) string { return e.getenv(e.prefix + name) }

// Required returns the value of a variable; see Check.
func (e *Env) Required(name string) string {
	value := e.Optional(name)
	if value == "" {
		e.missing = append(e.missing, e.prefix+name)
	}
	return value
}

// Message returns the request that the variables MESSAGE_ID, CHAT, FROM, TO,
// SENT_AT, OPERATOR and FORCE make. CHAT and TO are required. SENT_AT is a time
// such as 2026-03-04T05:06:07.891+08:00, or milliseconds since 1970; FORCE is
// "true" or empty.
func (e *Env) Message() recall.Request {
	e.t.Helper()
	req := recall.Request{
		MessageID: e.Optional("MESSAGE_ID"), Chat: recall.ChatType(e.Required("CHAT")),
		From: e.Optional("FROM"), To: e.Required("TO"), Operator: e.Optional("OPERATOR"), Force: e.Optional("FORCE") == "true",
	}
	sentAt := e.Optional("SENT_AT")
	if sentAt == "" {
		return req
	}
	if ms, err := strconv.ParseInt(sentAt, 10, 64); err == nil {
		req.SentAt = time.UnixMilli(ms)
	} else if req.SentAt, err = time.Parse(time.RFC3339, sentAt); err != nil {
		e.t.Fatalf("%sSENT_AT is neither a time such as 2026-03-04T05:06:07.891+08:00 nor in milliseconds", e.prefix)
	}
	return req
}

// Check fails the test where a required variable is missing, and names it. Call
// it after the last Required.
func (e *Env) Check() {
	e.t.Helper()
	if len(e.missing) > 0 {
		e.t.Fatalf("a real message is named, but not set are %s", strings.Join(e.missing, ", "))
	}
}
