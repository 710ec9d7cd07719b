package main

import (
	"context"
	"encoding/pem"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script against the emulators. Beside testscript's own commands there are
//
//	exits CODE COMMAND...        runs a command, which has to exit with the code
//	messages FILE FROM TO        writes a CSV of messages
//	recalled VENDOR FROM TO      fails unless the emulator holds these messages as recalled; ! fails if it holds any
//	calls VENDOR N               fails unless the emulator got so many requests (of Easemob: without those for tokens)
//	cut VENDOR N                 the emulator carries out the next N requests and cuts the connection
//	latency DURATION             delays all answers from now on
//	until recalled VENDOR ID     waits for a message to be recalled
//	until reachable URL          waits for a server to answer
//
// No output may hold a secret.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "messages": messages, "recalled": recalled, "calls": calls, "cut": cut, "latency": latency, "until": until,
		},
	})
}

type stageKey struct{}

func setup(env *testscript.Env) error {
	s := newStage()
	env.Defer(s.close)
	s.add(60)
	env.Values[stageKey{}] = s
	env.Vars = append(env.Vars, s.env()...)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.private.Certificate().Raw})
	env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/home")
	env.Setenv("HOME", env.WorkDir+"/home")
	env.Setenv("EASEMOB_URL", s.easemob.URL)
	env.Setenv("HOSTPORT", strings.TrimPrefix(s.easemob.URL, "http://"))
	env.Setenv("NETEASE_URL", s.netease.URL)
	env.Setenv("PRIVATE_URL", s.private.URL)
	for i, port := range freePorts(3) {
		env.Setenv("PORT"+strconv.Itoa(i+1), port)
	}
	return errors.Join(s.install(env.WorkDir+"/home"), os.WriteFile(env.WorkDir+"/ca.pem", ca, 0o600))
}

// freePorts returns ports that nobody listens on. They are below those that the system gives to connections and to
// listeners that name none, so that none of these takes one before it is used.
func freePorts(n int) []string {
	var ports []string
	for port := 20_000 + rand.IntN(6_000); len(ports) < n; port++ {
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil && listener.Close() == nil {
			ports = append(ports, strconv.Itoa(port))
		}
	}
	return ports
}

func stageOf(ts *testscript.TestScript) *stage {
	s, ok := ts.Value(stageKey{}).(*stage)
	if !ok {
		ts.Fatalf("no stage")
	}
	return s
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := number(ts, args[0]); code != want {
		ts.Fatalf("exit code %d, not %d", code, want)
	}
	for _, secret := range stageOf(ts).secrets() {
		if strings.Contains(ts.ReadFile("stdout")+ts.ReadFile("stderr"), secret) {
			ts.Fatalf("the output holds the secret %s", secret)
		}
	}
}

func messages(ts *testscript.TestScript, _ bool, args []string) {
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(writeMessages(file, number(ts, args[1]), number(ts, args[2])))
	ts.Check(file.Close())
}

func recalled(ts *testscript.TestScript, neg bool, args []string) {
	for i := number(ts, args[1]); i <= number(ts, args[2]); i++ {
		if stageOf(ts).recalled(args[0], strconv.Itoa(i)) == neg {
			ts.Fatalf("message %d: recalled is %t", i, neg)
		}
	}
}

func calls(ts *testscript.TestScript, _ bool, args []string) {
	s := stageOf(ts)
	requests := map[string]func() []*http.Request{"easemob": s.easemob.Requests, "netease": s.netease.Requests, "goeasy": s.goeasy.Requests}[args[0]]()
	count := 0
	for _, r := range requests {
		if !strings.HasSuffix(r.URL.Path, "/token") {
			count++
		}
	}
	if want := number(ts, args[1]); count != want {
		ts.Fatalf("%d calls, not %d", count, want)
	}
}

func cut(ts *testscript.TestScript, _ bool, args []string) {
	s := stageOf(ts)
	for range number(ts, args[1]) {
		if args[0] == "netease" {
			s.netease.Intercept(cutting(s.netease.Answer))
		} else {
			s.goeasy.Intercept(cutting(s.goeasy.Answer))
		}
	}
}

func latency(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	stageOf(ts).slow(d)
}

// until waits for something that a command in the background does.
func until(ts *testscript.TestScript, _ bool, args []string) {
	holds := func() bool { return stageOf(ts).recalled(args[1], args[2]) }
	if args[0] == "reachable" {
		holds = func() bool { return reachable(args[1]) }
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-end:
			ts.Fatalf("not within 30 s: %s", strings.Join(args, " "))
		}
	}
}

func reachable(url string) bool {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil
}
