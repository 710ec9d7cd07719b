// Service is a moderation backend: it receives the callbacks of three vendors,
// stores what a recall needs, recalls single messages and everything of a
// spammer, keeps a record of who asked for what, and raises an alarm where a
// vendor said yes and its notification does not come. See README.md.
//
//	go run .
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

type options struct {
	addr, db string
	limits   limits
	demo     bool
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) (err error) {
	o := options{limits: limits{store: 5 * time.Second}}
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8321", "where to listen")
	flags.StringVar(&o.db, "db", "", "file of the database; empty: a temporary one")
	flags.DurationVar(&o.limits.recall, "recall-within", 800*time.Millisecond, "what the recall of one message may take")
	flags.DurationVar(&o.limits.confirm, "confirm-within", time.Minute, "how long to wait for the vendor's notification before the alarm")
	flags.DurationVar(&o.limits.job, "job-within", time.Hour, "what the recall of everything of a user may take")
	flags.BoolVar(&o.demo, "demo", false, "play the README's requests against emulators, and end")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := o.limits.check(); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("argument %q is not used", flags.Arg(0))
	}
	if o.db == "" {
		dir, err := os.MkdirTemp("", "imrecall-service-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		o.db = filepath.Join(dir, "service.db")
	}
	if o.demo {
		return runDemo(ctx, o, stdout)
	}
	return serve(ctx, o, getenv, slog.New(slog.NewTextHandler(stderr, nil)))
}

// serve serves until ctx ends: the vendors that the environment names, or
// emulators where it names none.
func serve(ctx context.Context, o options, getenv func(string) string, log *slog.Logger) error {
	p := policy(o.limits.recall, log)
	apps, err := realApps(getenv, p)
	if err != nil {
		return err
	}
	var vendors *emulators
	if len(apps) == 0 {
		vendors = startEmulators()
		defer vendors.close()
		if apps, err = vendors.apps(p); err != nil {
			return err
		}
	}
	served, err := start(ctx, apps, o, realClock{}, log)
	if err != nil {
		return err
	}
	if vendors != nil {
		vendors.callBack(served.url, false)
		vendors.addMessages()
		err = vendors.wait(ctx)
	}
	log.InfoContext(ctx, "serving", "url", served.url, "database", o.db, "emulated", vendors != nil)
	select {
	case <-ctx.Done():
	case <-served.failed:
	}
	return errors.Join(err, served.stop())
}
