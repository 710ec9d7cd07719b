package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/imrecall/imrecall/recall"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/journal"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/progress"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/records"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/wave"
)

// report tells people, or with --json programs, how a run goes.
type report struct {
	p        *program
	f        bulkFlags
	source   *source
	journal  *journal.Journal
	failures *wave.Failures
	progress progress.Progress
	skipped  int // settled in earlier runs
	start    time.Time

	mu      sync.Mutex
	shown   time.Time
	told    int // failures that were printed
	out     *json.Encoder
	outFail error
}

// mostTold is how many failures are printed where a file holds them all.
const mostTold = 20

// lineEvery is how often a run without a terminal says how far it is.
const lineEvery = 10 * time.Second

func (p *program) newReport(f bulkFlags, source *source, log *journal.Journal, failures *wave.Failures) *report {
	r := &report{
		p: p, f: f, source: source, journal: log, failures: failures, start: p.env.Now(), out: json.NewEncoder(p.env.Stdout),
	}
	total := source.total
	if log != nil {
		for _, n := range log.Past() {
			r.skipped += n
		}
		total = max(total-r.skipped, 0)
	}
	if f.first > 0 && total >= 0 {
		total = min(total, f.first)
	}
	if p.env.Width >= progress.Narrowest && total != 0 {
		r.progress = progress.Bar(p.env.Stderr, total, p.env.Width)
	} else {
		r.progress = progress.Lines(p.env.Stderr, total, lineEvery, p.env.Now)
	}
	return r
}

// begin tells what earlier runs left.
func (r *report) begin() {
	if r.journal == nil {
		r.progress.Print("no journal: if this run is killed, nobody knows how far it came (--journal FILE keeps one)")
		return
	}
	if !r.journal.Resumed() {
		return
	}
	r.progress.Print(fmt.Sprintf("going on: %d of %s settled before (%s)", r.skipped, messagesWere(r.source.total), pastOf(r.journal)))
	if n := r.journal.Unanswered(); n > 0 {
		r.progress.Print(fmt.Sprintf("in flight when the run before ended: %d, recalled again now, which is harmless", n))
	}
}

func pastOf(log *journal.Journal) wave.Counts {
	counts := wave.Counts{}
	for outcome, n := range log.Past() {
		counts[wave.Class(outcome)] = n
	}
	return counts
}

// message is a line of --json.
type message struct {
	Line  int        `json:"line"`
	Class wave.Class `json:"class"`
	Input string     `json:"input,omitempty"`
	recall.Result
}

// MarshalJSON writes the stable form of a result, and where it comes from.
func (m message) MarshalJSON() ([]byte, error) {
	type fields struct {
		Line    int             `json:"line"`
		Class   wave.Class      `json:"class"`
		Input   string          `json:"input,omitempty"`
		Request *recall.Request `json:"request,omitempty"`
		Receipt json.RawMessage `json:"receipt,omitempty"`
		Error   json.RawMessage `json:"error,omitempty"`
	}
	data, err := json.Marshal(m.Result)
	if err != nil {
		return nil, err
	}
	out := fields{Line: m.Line, Class: m.Class, Input: m.Input}
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, err
	}
	if m.Input != "" {
		out.Request = nil
	}
	return json.Marshal(out)
}

// Result implements wave.Reporter.
func (r *report) Result(line int, class wave.Class, res recall.Result, text string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.f.json {
		if r.outFail == nil {
			r.outFail = r.out.Encode(message{Line: line, Class: class, Input: text, Result: res})
		}
		return r.outFail
	}
	if res.Err == nil {
		return nil
	}
	r.told++
	if r.failures != nil && r.told > mostTold {
		if r.told == mostTold+1 {
			r.progress.Print("more failures are only written to " + r.failures.Path())
		}
		return nil
	}
	r.progress.Print(fmt.Sprintf("line %d: %s: %s", line, class.Words(), explain(class, res.Err)))
	return nil
}

func explain(class wave.Class, err error) string {
	if class == wave.Invalid {
		return records.Explain(err)
	}
	return err.Error()
}

// Progress implements wave.Reporter.
func (r *report) Progress(counts wave.Counts) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.p.env.Now()
	if now.Sub(r.shown) < 100*time.Millisecond {
		return
	}
	r.shown = now
	r.progress.Show(counts.Total(), counts.String())
}

func (r *report) end(s wave.Summary) {
	r.progress.Show(s.Counts.Total(), s.Counts.String())
	r.progress.Close()
}

// summaryJSON is the last line of --json.
type summaryJSON struct {
	Input    string      `json:"input"`
	Counts   wave.Counts `json:"counts"`             // of this run
	Skipped  int         `json:"skipped"`            // settled in earlier runs
	Open     int         `json:"open"`               // sent or about to be, and left for another run
	Finished bool        `json:"finished"`           // nothing is left
	Halt     string      `json:"halt,omitempty"`     // why the run had to stop
	Failures string      `json:"failures,omitempty"` // the file
	Journal  string      `json:"journal,omitempty"`  // the file
	ExitCode int         `json:"exit_code"`
}

// summary tells what became of the run.
func (r *report) summary(s wave.Summary, code int) error {
	finished := !s.Stopped && !s.Limited && s.Halt == nil
	if r.f.json {
		out := summaryJSON{
			Input: r.source.name, Counts: s.Counts, Skipped: s.Skipped, Open: s.Open, Finished: finished, ExitCode: code,
			Journal: r.source.journalPath(r.f),
		}
		if s.Halt != nil {
			out.Halt = s.Halt.Error()
		}
		if r.together(s.Counts).FailureCount() > 0 {
			out.Failures = r.source.failuresPath(r.f)
		}
		if r.outFail != nil {
			return r.outFail
		}
		return r.out.Encode(map[string]summaryJSON{"summary": out})
	}
	took := progress.Round(r.p.env.Now().Sub(r.start))
	_, err := fmt.Fprintf(r.p.env.Stdout, "%s in %s: %s\n", messages(s.Counts.Total()), took, s.Counts)
	if s.Skipped > 0 && finished {
		fmt.Fprintf(r.p.env.Stdout, "with the runs before: %s\n", r.together(s.Counts))
	}
	r.summarizeFailures(s, finished)
	if !finished {
		fmt.Fprintln(r.p.env.Stdout, r.left(s))
	}
	return err
}

// summarizeFailures tells where the failures are. Until the input is through, more may come into the file: it is not to be
// sent again before, because the journal of that run would be bound to what the file held.
func (r *report) summarizeFailures(s wave.Summary, finished bool) {
	if r.failures == nil {
		return
	}
	elsewhere := 0 // of earlier runs
	if r.journal != nil {
		elsewhere = pastOf(r.journal).FailureCount() - r.failures.Kept()
	}
	if n := r.together(s.Counts).FailureCount() - elsewhere; n > 0 {
		fmt.Fprintf(r.p.env.Stdout, "%d failed: see %s", n, r.failures.Path())
		if finished {
			fmt.Fprintf(r.p.env.Stdout, "; to send these again: imrecall bulk %s", r.again(r.failures.Path()))
		}
		fmt.Fprintln(r.p.env.Stdout)
	}
	if elsewhere > 0 {
		fmt.Fprintf(r.p.env.Stdout, "%d more failed in earlier runs, and are not in that file: it was moved, or --failures named another\n", elsewhere)
	}
}

// together adds up all runs.
func (r *report) together(now wave.Counts) wave.Counts {
	all := wave.Counts{}
	if r.journal != nil {
		all = pastOf(r.journal)
	}
	for class, n := range now {
		all[class] += n
	}
	return all
}

// left tells why messages are left, and how to go on.
func (r *report) left(s wave.Summary) string {
	var b strings.Builder
	switch {
	case s.Halt != nil:
		fmt.Fprintf(&b, "stopped: %v\n", s.Halt)
		if wave.AboutApp(s.Halt) {
			fmt.Fprintf(&b, "correct that first: imrecall doctor %s tells what\n", r.again(""))
		}
	case s.Stopped:
		fmt.Fprintln(&b, "interrupted: nothing is in flight any more")
	case s.Limited:
		fmt.Fprintf(&b, "stopped after the first %d, as asked\n", r.f.first)
	}
	if r.journal == nil {
		b.WriteString("there is no journal: give the messages that are left in another input")
	} else {
		fmt.Fprintf(&b, "%s left; to go on: imrecall %s", messagesAre(r.remaining(s)), quoted(r.resumeArgs(s.Limited)))
	}
	return b.String()
}

func (r *report) remaining(s wave.Summary) int {
	return r.source.total - r.skipped - s.Counts.Total()
}

// resumeArgs are the arguments of the run that goes on: those of this one, but a stream was kept as a file, and after a
// careful start comes the rest.
func (r *report) resumeArgs(limited bool) []string {
	args := slices.Clone(r.p.env.Args)
	if i := slices.Index(args, r.source.name); i >= 0 {
		args[i] = r.source.path
	}
	if i := slices.Index(args, "--first"); limited && i >= 0 {
		args = slices.Delete(args, i, min(i+2, len(args)))
	}
	return slices.DeleteFunc(args, func(arg string) bool { return limited && strings.HasPrefix(arg, "--first=") })
}

// again are the arguments of a run over the failures.
func (r *report) again(path string) string {
	var args []string
	if r.p.app != "" {
		args = append(args, "--app", r.p.app)
	}
	if r.p.vendor != "" {
		args = append(args, "--vendor", r.p.vendor)
	}
	if r.p.file != "" {
		args = append(args, "--config", r.p.file)
	}
	for _, set := range r.p.set {
		args = append(args, "--set", set)
	}
	if path != "" {
		args = append(args, path)
	}
	return quoted(args)
}

// messages is a number of messages in words.
func messages(n int) string { return plural(n, "message") }

func messagesAre(n int) string { return plural(n, "message") + verb(n, " is", " are") }

func messagesWere(n int) string { return plural(n, "message") + verb(n, " was", " were") }

func plural(n int, noun string) string { return strconv.Itoa(n) + " " + noun + verb(n, "", "s") }

func verb(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}
