package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/config"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/doctor"
)

func (p *program) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor [flags]",
		Short: "Check configuration, network, clock and credentials of each app",
		Long: `Check configuration, network, TLS, clock and credentials of each configured app
(or of the one that --app names) without touching a message, and say what to
fix. Exit code 0 where nothing failed, 4 otherwise.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.doctor(cmd.Context(), asJSON) },
	}
	cmd.DisableFlagsInUseLine = true
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object for each app")
	p.appFlags(cmd, cmd.Flags())
	return cmd
}

// doctor examines the app that is named, or all.
func (p *program) doctor(ctx context.Context, asJSON bool) error {
	ctx, cancel := p.untilSignal(ctx)
	defer cancel()
	names, err := p.patients()
	if err != nil {
		return err
	}
	failed := false
	for _, name := range names {
		resolved, file, err := p.resolve(name)
		findings := []doctor.Finding{}
		if err != nil {
			findings = append(findings, doctor.Finding{Check: "config", Verdict: doctor.Fail, Detail: err.Error(), Fix: "correct this setting"})
		} else {
			findings = doctor.Patient{Config: resolved, ConfigFile: file.Path, Getenv: p.env.Getenv, Now: p.env.Now}.Examine(ctx)
			for _, name := range file.Strangers(p.env.Environ()) {
				findings = append(findings, doctor.Finding{Check: "environment", Verdict: doctor.Warn, Detail: name + " is no setting, and has no effect", Fix: "correct its spelling, or unset it"})
			}
		}
		if ctx.Err() != nil { // what is told of the rest would not be true
			return &exitError{exitInterrupted, errors.New("interrupted")}
		}
		failed = failed || doctor.Failed(findings)
		if err := p.printFindings(name, resolved, findings, asJSON); err != nil {
			return &exitError{exitNo, err}
		}
	}
	if failed {
		return &exitError{code: exitConfig}
	}
	return nil
}

// patients are the names of the apps to examine; "" is what flags and the environment say.
func (p *program) patients() ([]string, error) {
	file, err := p.load()
	switch {
	case err != nil:
		return nil, err
	case p.app != "" || len(file.Apps) == 0:
		return []string{p.app}, nil
	case p.vendor == "":
		return file.Names(), nil
	}
	var names []string
	for _, name := range file.Names() {
		if file.Apps[name].Vendor == p.vendor {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		names = []string{""}
	}
	return names, nil
}

func (p *program) printFindings(name string, resolved config.Resolved, findings []doctor.Finding, asJSON bool) error {
	if resolved.Label != "" {
		name = resolved.Label
	}
	if asJSON {
		return json.NewEncoder(p.env.Stdout).Encode(struct {
			App      string           `json:"app"`
			Vendor   string           `json:"vendor"`
			OK       bool             `json:"ok"`
			Findings []doctor.Finding `json:"findings"`
		}{name, resolved.Vendor, !doctor.Failed(findings), findings})
	}
	if resolved.Vendor != "" && resolved.Vendor != name {
		name += " (" + resolved.Vendor + ")"
	}
	if name == "" {
		name = "(no app)"
	}
	fmt.Fprintln(p.env.Stdout, name)
	for _, f := range findings {
		fmt.Fprintf(p.env.Stdout, "  %-4s  %-11s  %s\n", f.Verdict, f.Check, f.Detail)
		if f.Fix != "" {
			fmt.Fprintf(p.env.Stdout, "        fix: %s\n", f.Fix)
		}
	}
	return nil
}
