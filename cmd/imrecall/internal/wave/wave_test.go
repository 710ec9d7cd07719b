package wave

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/journal"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/records"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake answers by message ID, and says yes to the rest.
type fake struct {
	mu      sync.Mutex
	asked   map[string]int
	answers map[string]error
	refs    []string
	before  func(id string)
}

func newFake() *fake { return &fake{asked: map[string]int{}, answers: map[string]error{}} }

func (f *fake) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	if f.before != nil {
		f.before(req.MessageID)
	}
	if err := ctx.Err(); err != nil {
		return recall.Receipt{}, &recall.Error{Kind: recall.ErrCanceled, Err: err}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[req.MessageID]++
	f.refs = append(f.refs, req.Ref)
	if err := f.answers[req.MessageID]; err != nil {
		return recall.Receipt{}, err
	}
	return recall.Receipt{Vendor: "fake", MessageID: req.MessageID, Outcome: recall.Recalled}, nil
}

func (f *fake) ValidateRequest(req recall.Request) error {
	if req.To == "" {
		return recall.Invalid("To", "is required")
	}
	return nil
}

func (f *fake) Capabilities() recall.Capabilities { return recall.Capabilities{Vendor: "fake"} }

// listener remembers what it was told.
type listener struct {
	classes map[int]Class
	results map[int]recall.Result
	texts   map[int]string
	deaf    error // of telling it any more
}

func newListener() *listener {
	return &listener{classes: map[int]Class{}, results: map[int]recall.Result{}, texts: map[int]string{}}
}

func (l *listener) Result(line int, class Class, res recall.Result, text string) error {
	l.classes[line], l.results[line], l.texts[line] = class, res, text
	return l.deaf
}

func (l *listener) Progress(Counts) {}

const header = "message_id,to,ref\n"

func input(t *testing.T, text string) *records.Reader {
	t.Helper()
	reader, err := records.NewReader(strings.NewReader(text), "", records.CSV)
	require.NoError(t, err)
	return reader
}

func openJournal(t *testing.T, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(path, journal.Identity{Vendor: "fake", Size: 1 << 20})
	require.NoError(t, err)
	return j
}

func failed(kind recall.Kind, may bool) error {
	return &recall.Error{Kind: kind, Vendor: "fake", Status: 200, Attempts: 1, MayHaveApplied: may, Code: "c", TraceID: "t"}
}

func TestClasses(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Class
	}{
		{failed(recall.ErrNotFound, false), NotFound},
		{failed(recall.ErrNotFound, true), Unknown},
		{failed(recall.ErrForbidden, false), Refused},
		{failed(recall.ErrWindowExpired, false), Refused},
		{failed(recall.ErrInvalidRequest, false), Refused},
		{recall.Invalid("To", "is required"), Invalid},
		{&recall.Error{Kind: recall.ErrUnsupported}, Invalid},
		{failed(recall.ErrUnavailable, false), Failed},
		{failed(recall.ErrUnavailable, true), Unknown},
		{failed(recall.ErrRateLimited, false), Failed},
		{failed(recall.ErrBadResponse, false), Failed},
		{failed(recall.ErrCanceled, false), Failed},
		{errors.New("another provider's"), Unknown},
	} {
		assert.Equal(t, c.want, ClassOf(recall.Result{Err: c.err}), c.err)
	}
	for outcome, want := range map[recall.Outcome]Class{
		recall.Recalled: Recalled, recall.Accepted: Accepted, recall.AlreadyGone: AlreadyGone, "vanished": Accepted,
	} {
		assert.Equal(t, want, ClassOf(recall.Result{Receipt: recall.Receipt{Outcome: outcome}}))
	}
	counts := Counts{Recalled: 3, NotFound: 1, AlreadyGone: 2}
	assert.Equal(t, "3 recalled, 2 already gone, 1 not found", counts.String())
	assert.Equal(t, 6, counts.Total())
	assert.Equal(t, 1, counts.FailureCount())
	assert.Equal(t, "0 messages", Counts{}.String())
}

func TestEachLineHasAFate(t *testing.T) {
	f, l := newFake(), newListener()
	f.answers["b"] = failed(recall.ErrNotFound, false)
	f.answers["c"] = failed(recall.ErrUnavailable, true)
	path := filepath.Join(t.TempDir(), "failed")
	failures, err := OpenFailures(path, nil)
	require.NoError(t, err)
	w := Wave{
		Provider: f, Reporter: l, Failures: failures,
		Input: input(t, header+"a,bob,my ref\nb,bob,\nc,bob,12!x\nd,,\ne,bob\n"),
	}
	summary := w.Run(t.Context())
	require.NoError(t, failures.Close())
	assert.Equal(t, Summary{Counts: Counts{Recalled: 1, NotFound: 1, Unknown: 1, Invalid: 2}}, summary)
	assert.Equal(t, map[int]Class{2: Recalled, 3: NotFound, 4: Unknown, 5: Invalid, 6: Invalid}, l.classes)
	assert.Equal(t, "my ref", l.results[2].Request.Ref)
	assert.Equal(t, "12!x", l.results[4].Request.Ref)
	assert.Equal(t, "e,bob", l.texts[6])
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 4, strings.Count(string(data), "\n"))
	assert.Contains(t, string(data), `{"line":4,"request":{"message_id":"c","to":"bob","ref":"12!x"},"error":{"kind":"unavailable",`)
	assert.Contains(t, string(data), `{"line":6,"input":"e,bob","error":{"kind":"invalid_request"`)
}

func TestWhatWasInFlightAndIsNotFoundIsAlreadyGone(t *testing.T) {
	f, l := newFake(), newListener()
	f.answers["a"] = failed(recall.ErrNotFound, false)
	f.answers["b"] = failed(recall.ErrNotFound, false)
	path := filepath.Join(t.TempDir(), "j")
	j := openJournal(t, path)
	require.NoError(t, j.Sending([]int{2}))
	require.NoError(t, j.Close())
	j = openJournal(t, path)
	w := Wave{Provider: f, Reporter: l, Journal: j, Input: input(t, header+"a,bob,\nb,bob,\n")}
	summary := w.Run(t.Context())
	require.NoError(t, j.Close())
	assert.Equal(t, Counts{AlreadyGone: 1, NotFound: 1}, summary.Counts)
	assert.Equal(t, recall.AlreadyGone, l.results[2].Receipt.Outcome)
	assert.Equal(t, "t", l.results[2].Receipt.TraceID)
	assert.NoError(t, l.results[2].Err)
	assert.ErrorIs(t, l.results[3].Err, recall.ErrNotFound)
}

func TestWhatIsAboutTheAppStopsTheRunAndLosesNothing(t *testing.T) {
	for _, kind := range []recall.Kind{recall.ErrUnauthorized, recall.ErrMisconfigured, recall.ErrNotEnabled, recall.ErrPlanExhausted} {
		var text strings.Builder
		text.WriteString(header)
		f := newFake()
		for i := range 1000 {
			id := strconv.Itoa(i)
			text.WriteString(id + ",bob,\n")
			if i >= 100 {
				f.answers[id] = failed(kind, false)
			}
		}
		path := filepath.Join(t.TempDir(), "j")
		j := openJournal(t, path)
		w := Wave{Provider: f, Reporter: newListener(), Journal: j, Input: input(t, text.String()), Concurrency: 4}
		summary := w.Run(t.Context())
		require.NoError(t, j.Close())
		assert.ErrorIs(t, summary.Halt, kind)
		before := summary.Counts[Recalled]
		assert.LessOrEqual(t, before, 100)
		assert.Equal(t, before, summary.Counts.Total())
		assert.Zero(t, summary.Open, "the vendor said that it did nothing")
		assert.Less(t, len(f.asked), 200)

		clear(f.answers)
		j = openJournal(t, path)
		assert.Zero(t, j.Unanswered())
		w = Wave{Provider: f, Reporter: newListener(), Journal: j, Input: input(t, text.String())}
		summary = w.Run(t.Context())
		require.NoError(t, j.Close())
		assert.Equal(t, Summary{Counts: Counts{Recalled: 1000 - before}, Skipped: before}, summary)
	}
}

func TestAnOutageStopsTheRun(t *testing.T) {
	for _, kind := range []recall.Kind{recall.ErrUnavailable, recall.ErrBadResponse, recall.ErrRateLimited} {
		t.Run(string(kind), func(t *testing.T) { testOutage(t, kind) })
	}
}

func testOutage(t *testing.T, kind recall.Kind) {
	f := newFake()
	var text strings.Builder
	text.WriteString(header)
	for i := range 5000 {
		id := strconv.Itoa(i)
		text.WriteString(id + ",bob,\n")
		if i%400 != 0 || i > 2000 {
			f.answers[id] = failed(kind, false)
		}
	}
	j := openJournal(t, filepath.Join(t.TempDir(), "j"))
	w := Wave{Provider: f, Reporter: newListener(), Journal: j, Input: input(t, text.String()), Concurrency: 1}
	summary := w.Run(t.Context())
	require.NoError(t, j.Close())
	assert.ErrorContains(t, summary.Halt, "500 times in a row there was no answer about a message")
	assert.Equal(t, 6, summary.Counts[Recalled], "shorter outages do not stop it")
	assert.Less(t, len(f.asked), 2000+longOutage+10)
}

// TestNobodyToTell ends a run whose results nobody takes any more, and not after all of a long input.
func TestNobodyToTell(t *testing.T) {
	f, l := newFake(), newListener()
	l.deaf = errors.New("the pipe is gone")
	text := header + strings.Repeat("a,bob,\n", 20_000)
	w := Wave{Provider: f, Reporter: l, Input: input(t, text), Concurrency: 1}
	summary := w.Run(t.Context())
	assert.ErrorIs(t, summary.Halt, l.deaf)
	assert.Less(t, f.asked["a"], 20_000)
	assert.Equal(t, f.asked["a"], summary.Counts.Total(), "what was sent is counted")
}

func TestARefusalThatMayHaveAppliedStaysInFlight(t *testing.T) {
	f := newFake()
	f.answers["a"] = failed(recall.ErrUnauthorized, true)
	j := openJournal(t, filepath.Join(t.TempDir(), "j"))
	w := Wave{Provider: f, Reporter: newListener(), Journal: j, Input: input(t, header+"a,bob,\n")}
	summary := w.Run(t.Context())
	assert.Equal(t, 1, summary.Open)
	assert.True(t, j.IsUnanswered(2))
	require.NoError(t, j.Close())
}

func TestFirst(t *testing.T) {
	f := newFake()
	j := openJournal(t, filepath.Join(t.TempDir(), "j"))
	text := header + "a,bob,\nbad,,\nb,bob,\nc,bob,\nd,bob,\n"
	for _, want := range []Summary{
		{Counts: Counts{Recalled: 2, Invalid: 1}, Limited: true},
		{Counts: Counts{Recalled: 2}, Skipped: 3},
		{Counts: Counts{}, Skipped: 5},
	} {
		w := Wave{Provider: f, Reporter: newListener(), Journal: j, Input: input(t, text), First: 2}
		summary := w.Run(t.Context())
		assert.Equal(t, want, summary)
	}
	require.NoError(t, j.Close())
	assert.Equal(t, map[string]int{"a": 1, "b": 1, "c": 1, "d": 1}, f.asked)
}

// TestNothingIsSentThatIsNotInTheJournal breaks the journal before the run.
func TestNothingIsSentThatIsNotInTheJournal(t *testing.T) {
	f := newFake()
	j := openJournal(t, filepath.Join(t.TempDir(), "j"))
	require.NoError(t, j.Close())
	w := Wave{Provider: f, Reporter: newListener(), Journal: j, Input: input(t, header+"a,bob,\nb,bob,\n")}
	summary := w.Run(t.Context())
	assert.ErrorContains(t, summary.Halt, "the journal can't be written")
	assert.Empty(t, f.asked)
}

func TestMarks(t *testing.T) {
	for _, ref := range []string{"", "x", "12", ":", "!7:"} {
		for _, again := range []bool{false, true} {
			line, back, req := unmarked(marked(recall.Request{Ref: ref, To: "bob"}, 2_000_000, again))
			assert.Equal(t, 2_000_000, line)
			assert.Equal(t, again, back)
			assert.Equal(t, recall.Request{Ref: ref, To: "bob"}, req)
		}
	}
	line, _, _ := unmarked(recall.Request{Ref: "17"})
	assert.Zero(t, line)
}
