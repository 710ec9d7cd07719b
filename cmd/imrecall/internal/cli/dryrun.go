package cli

import (
	"encoding/json"
	"fmt"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/config"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/journal"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/progress"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/records"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/wave"
)

// dryRun checks every message that a run would read and says what the run would cost.
func (p *program) dryRun(f bulkFlags, source *source, client config.Client, resolved config.Resolved) error {
	planner := wave.Planner{Provider: client, Input: source.reader, Rate: f.rate, First: f.first, Bad: func(rec records.Record) {
		fmt.Fprintf(p.env.Stderr, "line %d: %s\n", rec.Line, records.Explain(rec.Err))
	}}
	if path := source.journalPath(f); path != "" && source.file != nil {
		settled, err := journal.Settled(path, p.identity(source, resolved))
		if err != nil {
			return usage(err)
		}
		planner.Settled = settled.Has
	}
	plan, err := planner.Plan()
	if err != nil {
		return usage(err)
	}
	if err := p.printPlan(f, plan); err != nil {
		return &exitError{exitNo, err}
	}
	if plan.Invalid > 0 {
		return &exitError{code: exitNo}
	}
	return nil
}

// planJSON is the stable JSON form of a plan.
type planJSON struct {
	Messages       int     `json:"messages"`
	Invalid        int     `json:"invalid"`
	Skipped        int     `json:"skipped"` // settled in earlier runs
	Left           int     `json:"left"`    // for another run, because of --first
	Calls          int     `json:"calls"`
	CallsPerSecond float64 `json:"calls_per_second"` // 0: no limit
	Seconds        float64 `json:"seconds"`
}

// printPlan tells what a run would do.
func (p *program) printPlan(f bulkFlags, plan wave.Plan) error {
	if f.json {
		return json.NewEncoder(p.env.Stdout).Encode(struct {
			Plan planJSON `json:"plan"`
		}{planJSON{plan.Messages, plan.Invalid, plan.Skipped, plan.Left, plan.Calls, plan.CallsPerSecond, plan.Takes.Seconds()}})
	}
	takes := "as long as the vendor takes: there is no limit"
	switch {
	case plan.Takes > 0:
		takes = "at least " + progress.Round(plan.Takes)
	case plan.Messages == 0:
		takes = "nothing to send"
	}
	pace := ""
	if plan.CallsPerSecond > 0 {
		pace = fmt.Sprintf(" at %.0f calls a second", plan.CallsPerSecond)
	}
	if plan.Skipped > 0 {
		fmt.Fprintf(p.env.Stdout, "going on: %s settled before\n", messagesWere(plan.Skipped))
	}
	fmt.Fprintf(p.env.Stdout, "%s would be sent, %d would not\n", messages(plan.Messages), plan.Invalid)
	if plan.Left > 0 {
		fmt.Fprintf(p.env.Stdout, "after the first %d, %s left\n", plan.Messages, messagesAre(plan.Left))
	}
	_, err := fmt.Fprintf(p.env.Stdout, "about %s%s: %s\n", plural(plan.Calls, "call"), pace, takes)
	return err
}
