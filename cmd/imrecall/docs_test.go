package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the transcript of docs/cli.md anew")

// The page with the transcript, and its translation, which shows the same one.
const (
	page       = "../../docs/cli.md"
	translated = "../../docs/cli.zh-CN.md"
)

var console = regexp.MustCompile("(?s)```console\n(.*?)```")

// TestTranscript runs the commands of docs/cli.md and compares what they print. "cat FILE" of a file that is not there
// writes it with what the page shows; a command with & stays until the end. The translation has to show the same.
func TestTranscript(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	s := newSession(t)
	var blocks []string
	played := console.ReplaceAllStringFunc(string(text), func(block string) string {
		body := console.FindStringSubmatch(block)[1]
		blocks = append(blocks, "```console\n"+s.play(body)+"```")
		return blocks[len(blocks)-1]
	})
	require.NotEmpty(t, blocks, "%s has no session", page)
	compareOrUpdate(t, page, string(text), played)

	text, err = os.ReadFile(translated)
	require.NoError(t, err)
	require.Len(t, console.FindAllString(string(text), -1), len(blocks), "sessions in %s", translated)
	copied := console.ReplaceAllStringFunc(string(text), func(string) string {
		block := blocks[0]
		blocks = blocks[1:]
		return block
	})
	compareOrUpdate(t, translated, string(text), copied)
}

// compareOrUpdate compares the lines of a page, or with -update writes the page anew.
func compareOrUpdate(t *testing.T, name, text, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o644))
		return
	}
	want, now := strings.Split(text, "\n"), strings.Split(got, "\n")
	for i := range min(len(want), len(now)) {
		require.Equal(t, want[i], now[i], "%s:%d; go test -run Transcript -update writes it anew", name, i+1)
	}
	assert.Len(t, now, len(want))
}

// session is a shell in a folder of its own.
type session struct {
	t     *testing.T
	dir   string
	env   []string
	ports map[string]string // as the page has them, and free ones
}

func newSession(t *testing.T) *session {
	s := &session{t: t, dir: t.TempDir(), env: os.Environ(), ports: map[string]string{}}
	for i, port := range freePorts(3) {
		s.ports[strconv.Itoa(7001+i)] = port
	}
	return s
}

// play runs the commands of a block, and returns it with what they print.
func (s *session) play(block string) string {
	var out strings.Builder
	for _, part := range regexp.MustCompile(`(?m)^\$ `).Split(block, -1)[1:] {
		command, shown, _ := strings.Cut(part, "\n")
		out.WriteString("$ " + command + "\n" + s.run(command, shown))
	}
	return out.String()
}

func (s *session) run(command, shown string) string {
	verb, rest, _ := strings.Cut(command, " ")
	path := filepath.Join(s.dir, rest)
	switch {
	case verb == "export":
		s.env = append(s.env, rest)
		return ""
	case verb == "cat" && !exists(path):
		require.NoError(s.t, os.WriteFile(path, []byte(shown), 0o600))
		return shown
	case strings.HasSuffix(command, "&"):
		s.background(strings.TrimSuffix(command, "&"))
		return ""
	}
	cmd := s.shell(command)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		require.NoError(s.t, err)
	}
	return s.settled(string(out))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (s *session) shell(command string) *exec.Cmd {
	for shown, free := range s.ports {
		command = strings.ReplaceAll(command, shown, free)
	}
	cmd := exec.CommandContext(context.WithoutCancel(s.t.Context()), "sh", "-c", "umask 077; "+command)
	cmd.Dir, cmd.Env = s.dir, s.env
	return cmd
}

// background starts a command, and waits until its output says that it is ready.
func (s *session) background(command string) {
	program, file, _ := strings.Cut(command, ">")
	cmd := s.shell("exec " + program)
	out, err := cmd.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, cmd.Start())
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		assert.NoError(s.t, cmd.Wait())
	})
	var said bytes.Buffer
	for !bytes.Contains(said.Bytes(), []byte("# ready")) {
		part := make([]byte, 4096)
		n, err := out.Read(part)
		require.NoError(s.t, err, said.String())
		said.Write(part[:n])
	}
	require.NoError(s.t, os.WriteFile(filepath.Join(s.dir, strings.TrimSpace(file)), said.Bytes(), 0o600))
}

// settled replaces what differs from run to run.
func (s *session) settled(out string) string {
	for shown, free := range s.ports {
		out = strings.ReplaceAll(out, ":"+free, ":"+shown)
	}
	for _, r := range []struct{ pattern, by string }{
		{`(messages?) in [0-9.]+(µs|ms|s):`, "$1 in 25ms:"},
		{`answers in [0-9.]+(µs|ms|s)`, "answers in 2ms"},
		{`trace [0-9a-f]{32}`, "trace 60dbb9bd5b3a9f1e6c6d6a3e57a5a3c1"},
	} {
		out = regexp.MustCompile(r.pattern).ReplaceAllString(out, r.by)
	}
	return out
}

// TestHelpFitsOneScreen of 24 lines with 80 columns.
func TestHelpFitsOneScreen(t *testing.T) {
	for _, command := range []string{"", "recall", "bulk", "doctor", "emulate", "completion", "completion bash", "completion zsh", "completion fish", "completion powershell", "version"} {
		cmd := exec.CommandContext(t.Context(), "imrecall", strings.Fields(command+" --help")...)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		assert.LessOrEqual(t, len(lines), 24, "%s:\n%s", command, out)
		for _, line := range lines {
			assert.LessOrEqual(t, len(line), 80, "%s: %s", command, line)
		}
		assert.True(t, bytes.HasSuffix(out, []byte("\n")), command)
	}
}
