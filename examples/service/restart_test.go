package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// process is the service in a process of its own, which can be killed.
type process struct {
	url  string
	kill func()
}

// startProcess starts the service for the emulators of vendors, by the
// environment, as for real vendors.
func startProcess(t *testing.T, vendors *emulators, db string) process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, "-addr", "127.0.0.1:0", "-db", db, "-recall-within", "5m")
	cmd.Env = append(os.Environ(), asService+"=1",
		"EASEMOB_HOST="+vendors.easemob.URL, "EASEMOB_ORG="+vendors.easemob.Org, "EASEMOB_APP="+vendors.easemob.App,
		"EASEMOB_CLIENT_ID="+vendors.easemob.ClientID, "EASEMOB_CLIENT_SECRET="+vendors.easemob.ClientSecret,
		"EASEMOB_CALLBACK_SECRET="+vendors.easemob.CallbackSecret,
		"NETEASE_HOST="+vendors.netease.URL+"/nimserver", "NETEASE_APP_KEY="+vendors.netease.AppKey,
		"NETEASE_APP_SECRET="+vendors.netease.AppSecret,
		"GOEASY_HOST="+vendors.goeasy.URL, "GOEASY_APP_KEY="+vendors.goeasy.AppKey, "GOEASY_SECRET_KEY="+vendors.goeasy.SecretKey)
	log, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := make(chan string, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		served := regexp.MustCompile(`msg=serving url=(\S+)`)
		for scanner := bufio.NewScanner(log); scanner.Scan(); {
			if m := served.FindStringSubmatch(scanner.Text()); m != nil {
				lines <- m[1]
			}
		}
	}()
	p := process{kill: func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = cmd.Wait()
	}}
	t.Cleanup(p.kill)
	select {
	case p.url = <-lines:
	case <-ended:
		require.FailNow(t, "the service did not start")
	}
	return p
}

// The program is killed while vendors are being asked: for one message, and
// for a spammer's. The next one asks again.
func TestKilledBetweenRequestAndAnswer(t *testing.T) {
	vendors := startEmulators()
	t.Cleanup(vendors.close)
	db := filepath.Join(t.TempDir(), "service.db")
	first := startProcess(t, vendors, db)
	w := &world{
		t: t, vendors: vendors, clock: newSetClock(time.Now()), logged: newLogBuffer(),
		program: &program{url: first.url}, told: easemobtest.Callbacks{NoRecalls: true},
		options: options{addr: "127.0.0.1:0", db: db, limits: patient()},
	}
	w.callBack(w.told)
	w.spam(30)
	one, many, killed := make(chan struct{}, 1), make(chan struct{}, 100), make(chan struct{})
	hang := func(arrived chan<- struct{}, answer http.HandlerFunc) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			select {
			case <-killed:
				answer(rw, r)
			default:
				arrived <- struct{}{}
				<-r.Context().Done()
			}
		}
	}
	vendors.easemob.Intercept(nil, hang(one, vendors.easemob.Answer)) // after the token
	for range 30 {
		vendors.netease.Intercept(hang(many, vendors.netease.Answer))
	}
	go func() { // it gets no answer
		resp, err := http.Post(first.url+"/messages/easemob/1001/recall", "", strings.NewReader(asked))
		if err == nil {
			resp.Body.Close()
		}
	}()
	w.addJob("netease", "spammer", asked)
	<-one
	<-many
	first.kill()
	close(killed)
	assert.False(t, vendors.easemob.Recalled("1001"))

	require.NoError(t, w.inspect(func(s *store) {
		m, err := s.message(t.Context(), "easemob", "1001")
		require.NoError(t, err)
		assert.Equal(t, requested, m.State, "what the killed program has left")
	}))
	w.start()
	t.Cleanup(func() { assert.NoError(t, w.stop()) })
	w.await(func() bool { return w.show("easemob", "1001").State == gone })
	assert.True(t, vendors.easemob.Recalled("1001"))
	assert.Equal(t, []action{actionAsked, actionInterrupted, actionAsked, actionAnswered}, w.show("easemob", "1001").actions())
	assert.Equal(t, "restart", w.show("easemob", "1001").Audit[2].Operator)
	w.await(func() bool { return !w.showJob("/jobs/1").EndedAt.IsZero() })
	j := w.showJob("/jobs/1")
	assert.Equal(t, 30, j.Done)
	assert.Equal(t, map[state]int{pending: 30}, j.States)
	for i := range 30 {
		assert.True(t, vendors.netease.Recalled(fmt.Sprint(2001+i)))
	}
}
