package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
)

// asReplica is the argument that makes this program a replica.
const asReplica = "replica"

// process is a replica, seen from the program that started it.
type process struct {
	name    string
	command *exec.Cmd
	orders  *json.Encoder
	reports *json.Decoder
	report  report
	killed  atomic.Bool
}

// start starts the replicas, and gives each its share of the messages: nine in
// ten as a wave. After an error it returns those that run.
func (o options) start(ctx context.Context, vendor *vendor, stderr io.Writer) ([]*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var all []*process
	for n := range o.replicas {
		messages := vendor.addMessages(n*o.messages, o.messages)
		flagged := o.messages / 10
		p, err := startProcess(exec.CommandContext(ctx, program, asReplica), strconv.Itoa(n+1), stderr) //nolint:gosec // this program itself
		if err != nil {
			return all, err
		}
		all = append(all, p)
		if err := p.tell(vendor.deployment(o.redis, messages[flagged:], messages[:flagged])); err != nil {
			return all, err
		}
	}
	return all, nil
}

func startProcess(command *exec.Cmd, name string, stderr io.Writer) (*process, error) {
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	command.Stderr = stderr
	if err := command.Start(); err != nil {
		return nil, err
	}
	return &process{name: name, command: command, orders: json.NewEncoder(in), reports: json.NewDecoder(out)}, nil
}

func (p *process) tell(order any) error {
	if err := p.orders.Encode(order); err != nil {
		return fmt.Errorf("replica %s: %w", p.name, err)
	}
	return nil
}

// await waits for the replica to be in a state.
func (p *process) await(state string) (report, error) {
	for {
		var r report
		if err := p.reports.Decode(&r); err != nil {
			return r, fmt.Errorf("replica %s ended before it was %s: %w", p.name, state, err)
		}
		if r.State == state {
			return r, nil
		}
	}
}

// kill ends the process as a machine does that loses its power.
func (p *process) kill() error {
	p.killed.Store(true)
	return p.command.Process.Kill()
}
