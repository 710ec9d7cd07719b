package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/config"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/journal"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/records"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/wave"
)

// bulkFlags are what the command bulk takes.
type bulkFlags struct {
	input       string // a file, or "-"
	format      string
	journal     string
	failures    string
	dryRun      bool
	rate        float64
	first       int
	concurrency int
	json        bool
}

func (p *program) bulkCommand() *cobra.Command {
	var f bulkFlags
	cmd := &cobra.Command{
		Use:   "bulk FILE|- [flags]",
		Short: "Recall the messages of a file, and go on where a killed run ended",
		Long: `Recall the messages of a file: NDJSON, or CSV with a header (message_id, chat,
from, to, sent_at, operator, reason, force, extension, ref). The same command
again goes on where a killed or interrupted run ended.`,
		Example: "  imrecall bulk --app feed-cn --dry-run spam.csv",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("bulk takes one FILE, or - for standard input, and got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.input = args[0]
			if err := notZero(cmd, "first", "rate", "concurrency"); err != nil {
				return usage(err)
			}
			return p.bulk(cmd.Context(), f)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"csv", "ndjson", "jsonl"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	cmd.DisableFlagsInUseLine = true
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&f.dryRun, "dry-run", false, "check every line and say how long it takes; send nothing")
	flags.IntVar(&f.first, "first", 0, "send only the next `N` messages: a careful start")
	flags.Float64Var(&f.rate, "rate", 0, "send at most `N` messages a second (default: the quota)")
	flags.StringVar(&f.format, "format", "", "the `FORMAT`: csv or ndjson (default: by name or contents)")
	flags.StringVar(&f.journal, "journal", "", "the `FILE` of what was sent (default: INPUT.journal)")
	flags.StringVar(&f.failures, "failures", "", "the `FILE` for what failed (default: INPUT.failed.ndjson)")
	flags.IntVar(&f.concurrency, "concurrency", 0, "at most `N` calls at a time (default: by the quota)")
	flags.BoolVar(&f.json, "json", false, "print one JSON object for each message, and a summary")
	p.appFlags(cmd, flags)
	complete(cmd, "format", func(string) []string { return []string{"csv", "ndjson"} })
	return cmd
}

func (f bulkFlags) check() error {
	switch {
	case f.rate < 0 || f.first < 0 || f.concurrency < 0:
		return errors.New("--rate, --first and --concurrency must not be negative")
	case math.IsNaN(f.rate) || math.IsInf(f.rate, 0):
		return errors.New("--rate must be a number of messages a second")
	case f.format != "" && f.format != string(records.CSV) && f.format != string(records.NDJSON):
		return errors.New("--format must be csv or ndjson")
	}
	return nil
}

// notZero refuses a 0 that was written out: who writes --first 0 wants nothing sent, and not everything.
func notZero(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if flag := cmd.Flags().Lookup(name); flag.Changed && flag.Value.String() == "0" {
			return fmt.Errorf("--%s must be more than 0; leave it out for no limit of your own", name)
		}
	}
	return nil
}

// bulk recalls, or only checks, the messages of an input.
func (p *program) bulk(ctx context.Context, f bulkFlags) error {
	if err := f.check(); err != nil {
		return usage(err)
	}
	client, resolved, err := p.client()
	if err != nil {
		return err
	}
	defer client.Close()
	source, err := p.open(f)
	if err != nil {
		return usage(err)
	}
	defer source.close()
	if f.dryRun {
		return p.dryRun(f, source, client, resolved)
	}
	return p.run(ctx, f, source, client, resolved)
}

// run recalls the messages of an input.
func (p *program) run(ctx context.Context, f bulkFlags, source *source, client config.Client, resolved config.Resolved) error {
	log, failures, err := p.openOutputs(f, source, resolved)
	if err != nil {
		return usage(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := make(chan struct{})
	report := p.newReport(f, source, log, failures)
	run := &wave.Wave{
		Provider: client, Input: source.reader, Journal: log, Failures: failures, Reporter: report,
		Rate: f.rate, Concurrency: f.concurrency, First: f.first, Stop: stop,
	}
	report.begin()
	go p.watch(ctx, p.env.Signals(), stop, report)
	summary := run.Run(ctx)
	report.end(summary)
	if log != nil {
		err = errors.Join(err, log.Close())
	}
	if failures != nil {
		err = errors.Join(err, failures.Close())
	}
	code := exitOf(summary, report.together(summary.Counts))
	if err != nil && code == exitYes {
		code = exitNo
	}
	if lost := report.summary(summary, code); lost != nil {
		return &exitError{max(code, exitNo), errors.Join(lost, err)}
	}
	if err != nil || code != exitYes {
		return &exitError{code, err}
	}
	return nil
}

// openOutputs opens the journal and the failures file of a run. Both are nil for an input that can't be read twice.
func (p *program) openOutputs(f bulkFlags, source *source, resolved config.Resolved) (*journal.Journal, *wave.Failures, error) {
	if err := differ(source.path, source.journalPath(f), source.failuresPath(f)); err != nil {
		return nil, nil, err
	}
	var log *journal.Journal
	if path := source.journalPath(f); path != "" {
		var err error
		log, err = journal.Open(path, p.identity(source, resolved))
		if err != nil {
			return nil, nil, err
		}
	}
	path := source.failuresPath(f)
	if path == "" {
		return log, nil, nil
	}
	var settled func(int) bool
	if log != nil && log.Resumed() {
		settled = log.Done
	}
	failures, err := wave.OpenFailures(path, settled)
	if err != nil {
		if log != nil {
			err = errors.Join(err, log.Close())
		}
		return nil, nil, err
	}
	if log != nil {
		log.SyncFirst(failures.Sync)
	}
	return log, failures, nil
}

// identity is what the journal of a run is bound to.
func (p *program) identity(source *source, resolved config.Resolved) journal.Identity {
	return journal.Identity{
		Vendor: resolved.Vendor, App: resolved.Identity(p.env.Getenv), Input: source.name,
		Size: source.survey.Size, SHA256: source.survey.SHA256,
	}
}

// differ refuses one file in two roles, in which it would be overwritten.
func differ(paths ...string) error {
	for i, a := range paths {
		for _, b := range paths[i+1:] {
			if a == "" || b == "" {
				continue
			}
			infoA, errA := os.Stat(a)
			infoB, errB := os.Stat(b)
			if filepath.Clean(a) == filepath.Clean(b) || errA == nil && errB == nil && os.SameFile(infoA, infoB) {
				return fmt.Errorf("%s can't be two of the input, the journal and the failures file", b)
			}
		}
	}
	return nil
}
