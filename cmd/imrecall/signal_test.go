package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
	quit := make(chan error)
	go func() {
		_, err := io.Copy(io.Discard, said)
		quit <- err
	}()
	again := time.NewTicker(100 * time.Millisecond) // until one of them is taken for a second signal
	defer again.Stop()
	for ended := false; !ended; {
		select {
		case err := <-quit:
			require.NoError(t, err)
			ended = true
		case <-again.C:
			_ = cmd.Process.Signal(os.Interrupt) // it may have quit
		}
	}
	_ = cmd.Wait() // its exit code is looked at
	assert.Equal(t, 130, cmd.ProcessState.ExitCode())
}

// TestHangUpFinishesWhatIsInFlight ends the terminal of a run.
func TestHangUpFinishesWhatIsInFlight(t *testing.T) {
	s := newStage()
	defer s.close()
	s.add(2)
	dir := t.TempDir()
	require.NoError(t, s.install(dir))
	arrived, answer := make(chan struct{}), make(chan struct{})
	s.netease.Intercept(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-answer
		s.netease.Answer(w, r)
	})
	var csv bytes.Buffer
	require.NoError(t, writeMessages(&csv, 1, 2))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "wave.csv"), csv.Bytes(), 0o600))
	cmd := exec.CommandContext(t.Context(), "imrecall", "bulk", "--app", "chat", "--concurrency", "1", "wave.csv")
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), s.env()...), "XDG_CONFIG_HOME="+dir)
	said, err := cmd.StderrPipe()
	require.NoError(t, err)
	var out bytes.Buffer
	cmd.Stdout = &out
	require.NoError(t, cmd.Start())
	<-arrived
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	var first [1]byte
	_, err = io.ReadFull(said, first[:]) // it says that it is stopping
	assert.NoError(t, err)
	close(answer)
	_, _ = io.Copy(io.Discard, said)
	_ = cmd.Wait() // its exit code is looked at
	assert.Equal(t, 130, cmd.ProcessState.ExitCode())
	assert.Contains(t, out.String(), ": 1 accepted\ninterrupted: nothing is in flight any more\n")
}

// TestStreamThatGivesNothing interrupts a run that waits for more of its input, and one that waits for any.
func TestStreamThatGivesNothing(t *testing.T) {
	s := newStage()
	defer s.close()
	s.add(1)
	dir := t.TempDir()
	require.NoError(t, s.install(dir))
	start := func() (*exec.Cmd, io.WriteCloser, *bytes.Buffer) {
		cmd := exec.CommandContext(t.Context(), "imrecall", "bulk", "--app", "feed", "-")
		cmd.Dir, cmd.Env = dir, append(append(os.Environ(), s.env()...), "XDG_CONFIG_HOME="+dir)
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		var out bytes.Buffer
		cmd.Stdout = &out
		require.NoError(t, cmd.Start())
		return cmd, in, &out
	}

	cmd, in, out := start()
	require.NoError(t, writeMessages(in, 1, 1))
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !s.easemob.Recalled("1") {
		<-tick.C
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait() // its exit code is looked at
	assert.Equal(t, 130, cmd.ProcessState.ExitCode())
	assert.Contains(t, out.String(), ": 1 recalled\ninterrupted: nothing is in flight any more\n")
	_ = in.Close()

	cmd, in, _ = start()
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait() // it has not ended well
	assert.False(t, cmd.ProcessState.Success())
	_ = in.Close()
}

// TestInterruptedDoctor tells no host as broken that only had no time to answer.
func TestInterruptedDoctor(t *testing.T) {
	s := newStage()
	defer s.close()
	arrived := make(chan struct{})
	s.netease.Intercept(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	dir := t.TempDir()
	require.NoError(t, s.install(dir))
	cmd := exec.CommandContext(t.Context(), "imrecall", "doctor", "--app", "chat")
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), s.env()...), "XDG_CONFIG_HOME="+dir)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	require.NoError(t, cmd.Start())
	<-arrived
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait() // its exit code is looked at
	assert.Equal(t, 130, cmd.ProcessState.ExitCode())
	assert.Empty(t, out.String())
	assert.Equal(t, "imrecall: interrupted\n", said.String())
}
