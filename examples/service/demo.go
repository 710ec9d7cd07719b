package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// step is a request of the README, what comes before it, and what has to have
// happened before the next.
type step struct {
	title  string
	before func(context.Context, *stage) error
	path   string
	body   string // empty: GET
	after  func(context.Context, *stage) error
}

// demoAddr is where the README's service listens.
const demoAddr = "http://127.0.0.1:8321"

func steps() []step {
	return []step{
		{
			title: "Easemob refuses what it does not know: its yes is proof.",
			path:  "/messages/easemob/1001/recall", body: `{"operator": "mod-7"}`, after: callbacksArrive,
		},
		{
			title: "NetEase says yes to anything.",
			path:  "/messages/netease/1001/recall", body: `{"operator": "mod-7"}`, after: callbacksArrive,
		},
		{
			title: "Its callback is the proof.",
			path:  "/messages/netease/1001?wait=5s",
		},
		{
			title: "A message of yesterday is refused.",
			path:  "/messages/easemob/1002/recall", body: `{"operator": "mod-7"}`,
		},
		{
			title: "Everything of a spammer.", before: callbacksFlow,
			path: "/users/netease/spammer/recall", body: `{"operator": "mod-7"}`,
		},
		{
			title: "How far that is.",
			path:  "/jobs/1?wait=30s",
		},
		{
			title: "GoEasy says yes to anything, too.",
			path:  "/messages/goeasy/direct,1772600767891,user1,user2/recall", body: `{"operator": "mod-7"}`, after: minutePasses,
		},
		{
			title: "A minute later.",
			path:  "/alarms",
		},
	}
}

// stage is where the demonstration plays.
type stage struct {
	vendors *emulators
	clock   *setClock
	program *program
}

// callbacksArrive lets the vendors send the callbacks that they hold.
func callbacksArrive(ctx context.Context, s *stage) error { return s.vendors.wait(ctx) }

// callbacksFlow lets them send callbacks at once from now on.
func callbacksFlow(_ context.Context, s *stage) error {
	s.vendors.callBack(s.program.url, false)
	return nil
}

// minutePasses lets the time for a notification pass, and the alarm ring.
func minutePasses(ctx context.Context, s *stage) error {
	s.clock.Advance(s.program.limits.confirm)
	for {
		changed := s.program.store.changed.wait()
		alarms, err := s.program.store.alarms(ctx, 1)
		if err != nil || len(alarms) > 0 {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// runDemo plays the steps, and prints each request with its answer. What
// differs from run to run is printed as "...".
func runDemo(ctx context.Context, o options, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	s := &stage{vendors: startEmulators(), clock: newSetClock(time.Now())}
	defer s.vendors.close()
	o.addr, o.limits.recall = "127.0.0.1:0", time.Minute // a busy machine shows the same
	log := slog.New(slog.DiscardHandler)
	apps, err := s.vendors.apps(policy(o.limits.recall, log))
	if err != nil {
		return err
	}
	if s.program, err = start(ctx, apps, o, s.clock, log); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.program.stop()) }()
	s.vendors.callBack(s.program.url, true)
	s.vendors.addMessages()
	if err := s.vendors.wait(ctx); err != nil {
		return err
	}
	for _, step := range steps() {
		if err := s.play(ctx, step, out); err != nil {
			return fmt.Errorf("%s: %w", step.title, err)
		}
	}
	return nil
}

func (s *stage) play(ctx context.Context, step step, out io.Writer) error {
	if step.before != nil {
		if err := step.before(ctx, s); err != nil {
			return err
		}
	}
	status, answer, err := step.request(ctx, s.program.url)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "# %s\n%s\n%s\n%s\n", step.title, step.curl(), status, masked(answer))
	if step.after != nil {
		return step.after(ctx, s)
	}
	return nil
}

// curl is the command line that makes the same request.
func (s step) curl() string {
	line := "curl -s '" + demoAddr + s.path + "'"
	if s.body != "" {
		line += " -d '" + s.body + "'"
	}
	return line
}

func (s step) request(ctx context.Context, url string) (status, answer string, err error) {
	method := http.MethodGet
	if s.body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, url+s.path, strings.NewReader(s.body))
	if err != nil {
		return "", "", err
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", "", err
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	return resp.Status, body.String(), err
}

var volatile = regexp.MustCompile(`"((?:[a-z]+_)?at|confirm_by|trace_id|event)": "[^"]*"`)

func masked(answer string) string { return volatile.ReplaceAllString(answer, `"$1": "..."`) }
