// Replicas shows six processes of an application that share one quota of
// NetEase through Redis, while the secret rotates and a host dies. See
// README.md.
//
//	go run .
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "replicas:", err)
		os.Exit(1)
	}
}

type options struct {
	redis              string
	replicas, messages int
	kill               bool
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) == 1 && args[0] == asReplica {
		return replica(ctx, stdin, stdout)
	}
	var o options
	flags := flag.NewFlagSet("replicas", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.redis, "redis", "", "address of a Redis, such as 127.0.0.1:6379; empty: one inside this program")
	flags.IntVar(&o.replicas, "replicas", 6, "how many processes")
	flags.IntVar(&o.messages, "messages", 100, "how many messages each recalls")
	flags.BoolVar(&o.kill, "kill", false, "kill the last replica in the middle")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || o.replicas < 1 || o.messages < 1 {
		return errors.New("needs at least one replica and one message, and takes no other arguments")
	}
	return o.demonstrate(ctx, stdout, stderr)
}

// demonstrate starts everything, steers it and tells what came of it.
func (o options) demonstrate(ctx context.Context, stdout, stderr io.Writer) (err error) {
	ctx, end := context.WithCancel(ctx) // ends the replicas, too
	defer end()
	dir, err := os.MkdirTemp("", "imrecall-replicas-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if o.redis == "" {
		server, err := miniredis.Run()
		if err != nil {
			return err
		}
		defer server.Close()
		server.ClockTTL(true)
		o.redis = server.Addr()
	}
	vendor, err := startVendor(ctx, filepath.Join(dir, "secret"))
	if err != nil {
		return err
	}
	defer vendor.close()
	replicas, err := o.start(ctx, vendor, stderr)
	defer func() { // no process stays behind
		end()
		for _, r := range replicas {
			_ = r.command.Wait()
		}
	}()
	if err != nil {
		return err
	}
	if err := o.boot(vendor, replicas, stdout); err != nil {
		return err
	}
	began := time.Now()
	if err := o.recall(vendor, replicas); err != nil {
		return err
	}
	took := time.Since(began)
	seen, err := vendor.counts()
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%d requests in %.1f s, %d of them signed with an old secret\n", seen.requests, took.Seconds(), seen.stale)
	return tell(stdout, seen, replicas)
}

// boot lets the replicas find an empty secret file, and then the secret.
func (o options) boot(vendor *vendor, replicas []*process, stdout io.Writer) error {
	for _, state := range []string{stateNotReady, stateReady} {
		for _, r := range replicas {
			if _, err := r.await(state); err != nil {
				return err
			}
		}
		fmt.Fprintf(stdout, "%d replicas are %s\n", len(replicas), state)
		if state == stateNotReady {
			fmt.Fprintln(stdout, "the file has the secret now")
			if err := vendor.now(vendor.rotate); err != nil {
				return err
			}
		}
	}
	return nil
}

// recall lets all replicas recall at once, and waits for them.
func (o options) recall(vendor *vendor, replicas []*process) error {
	total := o.replicas * o.messages
	vendor.plan(total/4, vendor.rotate)
	vendor.plan(total/2, vendor.firstHostDies)
	vendor.plan(3*total/4, vendor.rotate)
	if o.kill {
		vendor.plan(total/3, replicas[len(replicas)-1].kill)
	}
	for _, r := range replicas {
		if err := r.tell(begin{}); err != nil {
			return err
		}
	}
	for _, r := range replicas {
		report, err := r.await(stateDone)
		if err != nil && !r.killed.Load() {
			return err
		}
		r.report = report
	}
	return nil
}

// tell prints the tables.
func tell(stdout io.Writer, seen counts, replicas []*process) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nREPLICA\tCALLS\tFAILED")
	for _, r := range replicas {
		if r.killed.Load() {
			fmt.Fprintf(w, "%s\tkilled\n", r.name)
			continue
		}
		fmt.Fprintf(w, "%s\t%d\t%d\n", r.name, r.report.Calls, r.report.Failed)
	}
	fmt.Fprintln(w, "\nHOST\tRECALLED")
	fmt.Fprintf(w, "first (dead now)\t%d\n", seen.recalled[0])
	fmt.Fprintf(w, "second\t%d\n", seen.recalled[1])
	fmt.Fprintf(w, "\nmessages that are still there\t%d\n", seen.remaining)
	fmt.Fprintf(w, "calls rejected as too fast\t%d\n", seen.tooFast)
	fmt.Fprintf(w, "new secrets\t%d\n", seen.secrets)
	return w.Flush()
}
