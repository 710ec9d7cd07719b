package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// ending is how a call may end that met a fault.
type ending struct {
	kinds   []recall.Kind // of the error
	applied fate
	yes     bool // a success is right too, or the only right end where kinds is empty
	late    bool // it tells that the deadline leaves no room for another attempt
}

// fate is what MayHaveApplied has to say.
type fate int

const (
	no fate = iota
	maybe
	either // it depends on how far the client had got
)

// Endings that many faults share.
var (
	succeeds    = ending{yes: true}
	unreached   = ending{kinds: []recall.Kind{recall.ErrUnavailable}}
	wrongServer = ending{kinds: []recall.Kind{recall.ErrMisconfigured}}
	broken      = ending{kinds: []recall.Kind{recall.ErrUnavailable}, applied: maybe}
	unreadable  = ending{kinds: []recall.Kind{recall.ErrBadResponse}, applied: maybe}
)

// Time that a test allows. Slack is for a machine that is busy.
const (
	slack   = 3 * time.Second
	patient = 20 * time.Second       // a deadline that is not meant to matter
	brief   = 400 * time.Millisecond // one that is
)

// attemptTime is how long an attempt may take that meets a fault: long, where
// the fault does not keep the client waiting, as a busy machine may.
func attemptTime(waiting bool) time.Duration {
	if waiting {
		return brief
	}
	return patient
}

// policy is one without limits and with short waits.
func policy(attemptTimeout time.Duration) recall.Policy {
	return recall.Policy{
		Timeout: attemptTimeout, Rate: -1,
		Retry: recall.Retry{Attempts: 2, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond},
	}
}

// logbook keeps the log lines of a client.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logbook) observer() recall.Observer {
	return recall.LogObserver(slog.New(slog.NewTextHandler(l, nil)))
}

// opened returns a client that is closed with the test.
func opened(t *testing.T, v vendor, p recall.Policy, hosts ...string) client {
	t.Helper()
	c, err := v.open(p, hosts...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// during makes a call that meets a fault, within the time given, and checks
// how it ends.
func during(t *testing.T, c client, within time.Duration, want ending) *recall.Error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	start := time.Now()
	receipt, err := c.RecallMessage(ctx, message)
	assert.Less(t, time.Since(start), within+slack)
	if err == nil {
		require.True(t, want.yes, "a success: %+v", receipt)
		assert.NotEmpty(t, receipt.Outcome)
		return nil
	}
	require.NotEmpty(t, want.kinds, "%v", err)
	assert.Zero(t, receipt)
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, slices.Contains(want.kinds, e.Kind), "want %v: %v", want.kinds, err)
	if want.applied != either {
		assert.Equal(t, want.applied == maybe, e.MayHaveApplied, "%v", err)
	}
	assert.Equal(t, want.late || e.Kind == recall.ErrCanceled, errors.Is(err, context.DeadlineExceeded), "%v", err)
	return e
}

// afterwards makes a call once the fault is over.
func afterwards(t *testing.T, v vendor, c client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	receipt, err := c.RecallMessage(ctx, message)
	require.NoError(t, err, "the client still works")
	assert.Equal(t, v.outcome, receipt.Outcome)
}

// eventually is afterwards with a client that has little time for an attempt.
// On a busy machine a call may need more, and says nothing then.
func eventually(t *testing.T, v vendor, c client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	receipt, err := c.RecallMessage(ctx, message)
	for ranOut(err) {
		receipt, err = c.RecallMessage(ctx, message)
	}
	require.NoError(t, err, "the client still works")
	assert.Equal(t, v.outcome, receipt.Outcome)
}

// ranOut tells whether a call ended because its attempts had too little time.
func ranOut(err error) bool {
	var late interface{ Timeout() bool }
	return errors.Is(err, recall.ErrUnavailable) && errors.As(err, &late) && late.Timeout()
}

// longestText is how long an error may be: a log should not hold all that a
// server says.
const longestText = 2048

// hides checks that none of the secrets is in an error, however it is
// printed, or in the log, and that it is no longer than an error should be.
func hides(t *testing.T, secrets []string, err *recall.Error, log fmt.Stringer) {
	t.Helper()
	told := log.String()
	if err != nil {
		assert.Less(t, len(err.Error()), longestText, "%s", err.Kind)
		data, marshalErr := json.Marshal(err)
		require.NoError(t, marshalErr)
		told += fmt.Sprintf("%s\n%v\n%+v\n%#v\n%s", err, err, err, err, data)
		for cause := err.Err; cause != nil; cause = errors.Unwrap(cause) {
			told += fmt.Sprintf("\n%s %+v", cause, cause)
		}
	}
	for _, secret := range secrets {
		assert.NotContains(t, told, secret)
	}
}
