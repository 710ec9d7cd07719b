package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/emulate"
)

func (p *program) emulateCommand() *cobra.Command {
	var opts emulate.Options
	var seed string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "emulate [flags]",
		Short: "Run emulators of the three vendors, for tests in any language",
		Long: `Run emulators of the three vendors, for tests in any language, until SIGINT or
SIGTERM. It prints their URLs and demo credentials as a configuration file.`,
		Example: "  imrecall emulate --easemob 7001 --netease 7002 --seed seed.ndjson",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.emulate(cmd.Context(), opts, seed, asJSON) },
	}
	cmd.DisableFlagsInUseLine = true
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVar(&opts.Easemob, "easemob", 0, "`PORT` of the Easemob emulator; 0 for a free one")
	flags.IntVar(&opts.NetEase, "netease", 0, "`PORT` of the NetEase emulator; 0 for a free one")
	flags.IntVar(&opts.GoEasy, "goeasy", 0, "`PORT` of the GoEasy emulator; 0 for a free one")
	flags.StringVar(&opts.Listen, "listen", "127.0.0.1", "`ADDRESS` to listen on")
	flags.StringVar(&seed, "seed", "", "NDJSON `FILE` of messages, each with its \"vendor\"")
	flags.DurationVar(&opts.Window, "window", 2*time.Minute, "recall window of this `TIME`")
	flags.DurationVar(&opts.Latency, "latency", 0, "`TIME` by which each answer is delayed")
	flags.Float64Var(&opts.FailRate, "fail-rate", 0, "`SHARE` of requests, 0 to 1, that only get a 503")
	flags.IntVar(&opts.RateLimit, "rate-limit", 0, "refuse more than so many `CALLS` a second and API")
	flags.BoolVar(&asJSON, "json", false, "print URLs and credentials as one line of JSON")
	return cmd
}

// emulate runs the emulators until a signal comes.
func (p *program) emulate(ctx context.Context, opts emulate.Options, seed string, asJSON bool) error {
	switch {
	case !(opts.FailRate >= 0 && opts.FailRate <= 1): // NaN too
		return usage(errors.New("--fail-rate must be a share, from 0 to 1"))
	case opts.RateLimit < 0 || opts.Latency < 0 || opts.Window < 0:
		return usage(errors.New("--rate-limit, --latency and --window must not be negative"))
	}
	signals := p.env.Signals() // before anybody can know that it runs
	emulators, err := emulate.Start(ctx, opts)
	if err != nil {
		return usage(err)
	}
	defer emulators.Close()
	if seed != "" {
		file, err := os.Open(seed) // #nosec G304 -- the user names the file
		if err != nil {
			return usage(err)
		}
		err = emulators.Seed(file, seed)
		_ = file.Close()
		if err != nil {
			return usage(err)
		}
	}
	if err := p.printEmulators(emulators, asJSON); err != nil {
		return &exitError{exitNo, err}
	}
	select {
	case <-signals:
	case <-ctx.Done():
	}
	return nil
}

func (p *program) printEmulators(emulators *emulate.Emulators, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(p.env.Stdout).Encode(emulators.Vendors)
	}
	for _, v := range emulators.Vendors {
		fmt.Fprintf(p.env.Stdout, "# %s: %s, %s\n[apps.%s]\n", v.Vendor, v.URL, messages(v.Seeds), v.Vendor)
		for _, key := range slices.Sorted(maps.Keys(v.Config)) {
			fmt.Fprintf(p.env.Stdout, "%s = %q\n", key, v.Config[key])
		}
		fmt.Fprintln(p.env.Stdout)
	}
	_, err := fmt.Fprintln(p.env.Stdout, "# ready; Ctrl-C ends")
	return err
}
