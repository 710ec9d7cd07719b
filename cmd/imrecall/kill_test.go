package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ledger is the emulator's own record of which message was asked for how often.
type ledger struct {
	mu    sync.Mutex
	asked map[string]int
	total int
	at    map[int]func() // called when so many were asked for
}

func (l *ledger) note(ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		l.asked[id]++
		l.total++
		if act := l.at[l.total]; act != nil {
			act()
		}
	}
}

// recording notes what a vendor is asked for before it answers.
func (l *ledger) recording(next http.Handler, idsOf func(r *http.Request, body []byte) []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		l.note(idsOf(r, body))
		next.ServeHTTP(w, r)
	})
}

func neteaseIDs(r *http.Request, body []byte) []string {
	form := r.Clone(context.Background())
	form.Body = io.NopCloser(bytes.NewReader(body))
	return []string{form.PostFormValue("deleteMsgid")}
}

func easemobIDs(_ *http.Request, body []byte) []string {
	var batch struct {
		MsgID string `json:"msg_id"`
		Msgs  []struct {
			MsgID string `json:"msg_id"`
		} `json:"msgs"`
	}
	_ = json.Unmarshal(body, &batch)
	var ids []string
	for _, m := range batch.Msgs {
		ids = append(ids, m.MsgID)
	}
	if batch.MsgID != "" {
		ids = append(ids, batch.MsgID)
	}
	return ids
}

// TestKill kills a run over 20,000 messages with SIGKILL twice. By the emulator's own record every message is recalled,
// and none twice but those that the next run tells of as in flight.
func TestKill(t *testing.T) {
	const messages = 20_000
	for app, idsOf := range map[string]func(*http.Request, []byte) []string{"chat": neteaseIDs, "feed": easemobIDs} {
		t.Run(app, func(t *testing.T) {
			s := newStage()
			defer s.close()
			s.easemob.KeepRequests(0)
			s.netease.KeepRequests(0)
			s.add(messages)
			l := &ledger{asked: map[string]int{}, at: map[int]func(){}}
			s.netease.Config.Handler = l.recording(s.netease.Config.Handler, idsOf)
			if app == "feed" {
				s.easemob.Config.Handler = l.recording(s.easemob.Config.Handler, idsOf)
			}
			dir := t.TempDir()
			require.NoError(t, s.install(dir))
			var csv bytes.Buffer
			require.NoError(t, writeMessages(&csv, 1, messages))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "wave.csv"), csv.Bytes(), 0o600))
			run := func(killAt int) (stdout, stderr string, code int) {
				cmd := exec.CommandContext(t.Context(), "imrecall", "bulk", "--app", app, "--set", "calls_per_second=-1", "wave.csv")
				cmd.Dir, cmd.Env = dir, append(append(os.Environ(), s.env()...), "XDG_CONFIG_HOME="+dir)
				var out, said bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &said
				l.mu.Lock()
				if killAt > 0 {
					l.at[killAt] = func() { _ = cmd.Process.Signal(syscall.SIGKILL) }
				}
				require.NoError(t, cmd.Start())
				l.mu.Unlock()
				_ = cmd.Wait() // a killed one has an error
				return out.String(), said.String(), cmd.ProcessState.ExitCode()
			}

			_, stderr, code := run(messages / 4)
			require.Equal(t, -1, code, stderr)
			_, stderr, code = run(messages * 3 / 4)
			require.Equal(t, -1, code, stderr)
			told := inFlight(t, stderr)
			stdout, stderr, code := run(0)
			assert.Equal(t, 0, code, stderr)
			told += inFlight(t, stderr)

			twice := 0
			for i := 1; i <= messages; i++ {
				id := strconv.Itoa(i)
				vendor := map[string]string{"chat": "netease", "feed": "easemob"}[app]
				require.True(t, s.recalled(vendor, id), "message %s was lost", id)
				if n := l.asked[id]; n > 1 {
					twice += n - 1
				}
			}
			assert.LessOrEqual(t, twice, told, "recalled twice without being told of")
			assert.Positive(t, told)
			assert.Contains(t, stdout, "with the runs before: ")
			t.Logf("%d of %d asked for again, %d told of; %s", twice, messages, told, stdout)
		})
	}
}

var flight = regexp.MustCompile(`(?m)^(\d+) were in flight`)

func inFlight(t *testing.T, stderr string) int {
	t.Helper()
	m := flight.FindStringSubmatch(stderr)
	require.NotNil(t, m, stderr)
	n, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	return n
}

// TestTermEndsEmulate ends the emulators as a supervisor does.
func TestTermEndsEmulate(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "imrecall", "emulate", "--json")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var first [1]byte
	_, err = io.ReadFull(out, first[:])
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	_, err = io.Copy(io.Discard, out)
	require.NoError(t, err)
	assert.NoError(t, cmd.Wait())
}

// TestSecondSignalQuits interrupts a run whose call never ends.
func TestSecondSignalQuits(t *testing.T) {
	s := newStage()
	defer s.close()
	s.add(1)
	arrived := make(chan struct{})
	s.netease.Intercept(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	dir := t.TempDir()
	require.NoError(t, s.install(dir))
	var csv bytes.Buffer
	require.NoError(t, writeMessages(&csv, 1, 1))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "wave.csv"), csv.Bytes(), 0o600))
	cmd := exec.CommandContext(t.Context(), "imrecall", "bulk", "--app", "chat", "--set", "timeout=10m", "wave.csv")
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), s.env()...), "XDG_CONFIG_HOME="+dir)
	said, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	<-arrived
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	var first [1]byte
	_, err = io.ReadFull(said, first[:]) // it says that it is stopping
	require.NoError(t, err)
	start := time.Now()
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_, err = io.Copy(io.Discard, said)
	require.NoError(t, err)
	_ = cmd.Wait() // its exit code is looked at
	assert.Equal(t, 130, cmd.ProcessState.ExitCode())
	assert.Less(t, time.Since(start), time.Minute)
}
