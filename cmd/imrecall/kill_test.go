package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
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

// goeasyIDs knows that the emulator's messages are a millisecond apart, as the vendor is told times and no ids.
func goeasyIDs(_ *http.Request, body []byte) []string {
	var batch struct {
		Messages []int64 `json:"messages"`
	}
	_ = json.Unmarshal(body, &batch)
	var ids []string
	for _, at := range batch.Messages {
		ids = append(ids, strconv.FormatInt(at-sentAt(0).UnixMilli(), 10))
	}
	return ids
}

// wave is how many messages a wave has that is killed.
const wave = 20_000

// lookAhead is how many messages a run has read at most that it has not settled, so no more were in flight.
const lookAhead = 8 << 10

// killed is a wave that is killed twice and then finished.
type killed struct {
	stage  *stage
	ledger *ledger
	dir    string
	told   int // messages that the runs say were in flight
	stdout string
	code   int
}

// recordedStage starts emulators that write a ledger.
func recordedStage() (*stage, *ledger) {
	l := &ledger{asked: map[string]int{}, at: map[int]func(){}}
	return newStage(func(s *stage) {
		s.easemob.KeepRequests(0)
		s.netease.KeepRequests(0)
		s.goeasy.KeepRequests(0)
		s.netease.Config.Handler = l.recording(s.netease.Config.Handler, neteaseIDs)
		s.easemob.Config.Handler = l.recording(s.easemob.Config.Handler, easemobIDs)
		s.goeasy.Config.Handler = l.recording(s.goeasy.Config.Handler, goeasyIDs)
	}), l
}

// kill kills a run over a wave of n messages with SIGKILL when the vendor was asked for a quarter and for three quarters of
// them, and then lets it finish.
func kill(t *testing.T, s *stage, l *ledger, app string, csv []byte, n int) killed {
	t.Helper()
	out := killed{stage: s, ledger: l, dir: t.TempDir()}
	require.NoError(t, s.install(out.dir))
	require.NoError(t, os.WriteFile(filepath.Join(out.dir, "wave.csv"), csv, 0o600))
	for _, killAt := range []int{n / 4, n * 3 / 4, 0} {
		stdout, stderr, code := out.run(t, app, killAt)
		if killAt > 0 {
			require.Equal(t, -1, code, stderr)
		}
		if killAt != n/4 {
			told := inFlight(t, stderr)
			require.LessOrEqual(t, told, lookAhead, "what was settled is sent again")
			out.told += told
		}
		out.stdout, out.code = stdout, code
	}
	return out
}

func (k killed) run(t *testing.T, app string, killAt int) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "imrecall", "bulk", "--app", app, "--set", "calls_per_second=-1", "wave.csv")
	cmd.Dir, cmd.Env = k.dir, append(append(os.Environ(), k.stage.env()...), "XDG_CONFIG_HOME="+k.dir)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	k.ledger.mu.Lock()
	if killAt > 0 {
		k.ledger.at[killAt] = func() { _ = cmd.Process.Signal(syscall.SIGKILL) }
	}
	err := cmd.Start()
	k.ledger.mu.Unlock()
	require.NoError(t, err)
	_ = cmd.Wait() // a killed one has an error
	return out.String(), said.String(), cmd.ProcessState.ExitCode()
}

// askedAgain counts what the vendor was asked for more than once.
func (k killed) askedAgain() int {
	again := 0
	for _, n := range k.ledger.asked {
		again += n - 1
	}
	return again
}

// TestKill kills a run over 20,000 messages twice. By the emulator's own record every message is recalled, and none twice
// but those that the next run tells of as in flight.
func TestKill(t *testing.T) {
	for app, vendor := range map[string]string{"chat": "netease", "feed": "easemob", "shop": "goeasy"} {
		t.Run(vendor, func(t *testing.T) {
			s, l := recordedStage()
			defer s.close()
			s.add(wave)
			var csv bytes.Buffer
			require.NoError(t, writeMessages(&csv, 1, wave))
			k := kill(t, s, l, app, csv.Bytes(), wave)
			assert.Equal(t, 0, k.code)
			for i := 1; i <= wave; i++ {
				require.True(t, s.recalled(vendor, strconv.Itoa(i)), "message %d was lost", i)
			}
			assert.LessOrEqual(t, k.askedAgain(), k.told, "recalled twice without being told of")
			t.Logf("%d of %d asked for again, %d told of; %s", k.askedAgain(), wave, k.told, k.stdout)
		})
	}
}

// TestKillKeepsEachFailureOnce kills a run over messages of which every second one is not found: each of those is in the
// failures file once, but for those that were in flight and count as already gone.
func TestKillKeepsEachFailureOnce(t *testing.T) {
	const messages = 6000
	s, l := recordedStage()
	defer s.close()
	var csv bytes.Buffer
	csv.WriteString("message_id,chat,from,to\n")
	for i := range messages {
		if i%2 == 0 {
			s.easemob.Add(easemobtest.Message{ID: strconv.Itoa(i), From: "ann", To: "bob", Chat: "chat", SentAt: sentAt(i)})
		}
		fmt.Fprintf(&csv, "%d,direct,ann,bob\n", i)
	}
	k := kill(t, s, l, "feed", csv.Bytes(), messages)
	assert.Equal(t, 1, k.code)
	data, err := os.ReadFile(filepath.Join(k.dir, "wave.csv.failed.ndjson"))
	require.NoError(t, err)
	seen := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		var failure recall.Result
		require.NoError(t, json.Unmarshal([]byte(line), &failure), line)
		id := failure.Request.MessageID
		require.False(t, seen[id], "message %s failed twice", id)
		require.False(t, s.easemob.Recalled(id))
		seen[id] = true
	}
	missing := messages/2 - len(seen)
	assert.LessOrEqual(t, missing, k.told)
	assert.GreaterOrEqual(t, missing, 0)
	t.Logf("%d failures, %d told of as in flight; %s", len(seen), k.told, k.stdout)
}

var flight = regexp.MustCompile(`(?m)^in flight when the run before ended: (\d+)`)

func inFlight(t *testing.T, stderr string) int {
	t.Helper()
	m := flight.FindStringSubmatch(stderr)
	require.NotNil(t, m, stderr)
	n, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	return n
}
