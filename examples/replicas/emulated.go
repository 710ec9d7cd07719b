package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// vendor is NetEase on this machine: two hosts in front of one application,
// which counts calls to the letter.
type vendor struct {
	application *neteasetest.Server
	hosts       [2]*http.Server
	urls        []string
	secretFile  string

	mu       sync.Mutex
	events   map[int]func() error // what happens after so many recalls
	recalled [2]int
	requests int
	tooFast  int
	stale    int // signed with the old secret
	secrets  int
	dead     bool // the first host
	added    []string
	err      error
}

// latency is what a call takes.
const latency = 30 * time.Millisecond

func startVendor(ctx context.Context, secretFile string) (*vendor, error) {
	v := &vendor{application: neteasetest.NewUnstartedServer(), secretFile: secretFile, events: map[int]func() error{}}
	v.application.RateLimit = 100
	v.application.AppSecret = rand.Text()
	for i := range v.hosts {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		v.urls = append(v.urls, "http://"+listener.Addr().String()+"/nimserver")
		v.hosts[i] = &http.Server{ReadHeaderTimeout: time.Minute, Handler: v.host(i)}
		go func() { _ = v.hosts[i].Serve(listener) }() // until it is closed
	}
	return v, os.WriteFile(secretFile, nil, 0o600) // empty at first
}

func (v *vendor) close() {
	for _, host := range v.hosts {
		_ = host.Close()
	}
	v.application.Close()
}

// deployment is what a replica has to know.
func (v *vendor) deployment(redis string, wave, flagged []recall.Request) deployment {
	return deployment{
		Redis: redis, Hosts: v.urls, AppKey: v.application.AppKey, SecretFile: v.secretFile, Wave: wave, Flagged: flagged,
	}
}

// addMessages puts messages on the vendor's server, and returns their recalls.
func (v *vendor) addMessages(first, count int) []recall.Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	requests := make([]recall.Request, count)
	for i := range requests {
		m := v.application.Add(neteasetest.Message{ID: strconv.Itoa(1_000_000 + first + i), From: "user1", To: "user2"})
		v.added = append(v.added, m.ID)
		requests[i] = recall.Request{MessageID: m.ID, Chat: recall.ChatDirect, From: m.From, To: m.To, SentAt: m.SentAt}
	}
	return requests
}

// host answers at one of the hosts.
func (v *vendor) host(i int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(latency):
		case <-r.Context().Done(): // cut, or given up
			return
		}
		v.mu.Lock() // one after the other: a secret does not change in the middle
		defer v.mu.Unlock()
		if r.Context().Err() != nil || i == 0 && v.dead {
			panic(http.ErrAbortHandler) // no answer
		}
		answer := httptest.NewRecorder()
		v.application.Answer(answer, r)
		if strings.HasSuffix(r.URL.Path, "/msg/recall.action") {
			v.note(i, answer.Body.Bytes())
		}
		_, _ = w.Write(answer.Body.Bytes())
	}
}

// note counts an answer to a recall.
func (v *vendor) note(host int, answer []byte) {
	v.requests++
	switch {
	case bytes.Contains(answer, []byte(`"code":416`)):
		v.tooFast++
	case bytes.Contains(answer, []byte(`"code":414`)):
		v.stale++
	case bytes.Contains(answer, []byte(`"code":200`)):
		v.recalled[host]++
		if event, ok := v.events[v.recalled[0]+v.recalled[1]]; ok {
			v.err = errors.Join(v.err, event())
		}
	}
}

// plan has something happen when so many messages are recalled.
func (v *vendor) plan(recalled int, event func() error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.events[recalled] = event
}

// now has it happen at once.
func (v *vendor) now(event func() error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return event()
}

// rotate replaces the secret: the file has the new one, and the vendor takes no
// other.
func (v *vendor) rotate() error {
	v.secrets++
	v.application.AppSecret = rand.Text()
	next := v.secretFile + ".next"
	if err := os.WriteFile(next, []byte(v.application.AppSecret+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(next, v.secretFile) // nobody sees half of it
}

// firstHostDies cuts all connections, also that of the call being answered.
func (v *vendor) firstHostDies() error {
	v.dead = true
	return v.hosts[0].Close()
}

// counts is what the vendor has seen.
type counts struct {
	recalled                                     [2]int
	requests, remaining, tooFast, stale, secrets int
}

func (v *vendor) counts() (counts, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := counts{recalled: v.recalled, requests: v.requests, tooFast: v.tooFast, stale: v.stale, secrets: v.secrets}
	for _, id := range v.added {
		if !v.application.Recalled(id) {
			c.remaining++
		}
	}
	return c, v.err
}
