package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/netease/neteasetest"
)

// stage is the emulators that a test runs the command against.
type stage struct {
	easemob *easemobtest.Server
	netease *neteasetest.Server
	goeasy  *goeasytest.Server
	private *httptest.Server // https, with a certificate of its own CA, in front of easemob
}

// newStage starts the emulators, after prepare.
func newStage(prepare ...func(*stage)) *stage {
	s := &stage{easemob: easemobtest.NewUnstartedServer(), netease: neteasetest.NewUnstartedServer(), goeasy: goeasytest.NewUnstartedServer()}
	s.easemob.Window, s.netease.Window = decades, decades
	for _, f := range prepare {
		f(s)
	}
	for _, server := range []*httptest.Server{s.easemob.Server, s.netease.Server, s.goeasy.Server} {
		server.Start()
	}
	s.private = httptest.NewUnstartedServer(s.easemob.Config.Handler)
	s.private.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it
	s.private.StartTLS()
	return s
}

// slow delays all answers from now on.
func (s *stage) slow(d time.Duration) {
	s.easemob.SetLatency(d)
	s.netease.SetLatency(d)
	s.goeasy.SetLatency(d)
}

func (s *stage) close() {
	s.private.Close()
	s.easemob.Close()
	s.netease.Close()
	s.goeasy.Close()
}

// sentAt is the time of the first message; each further one is a millisecond later.
func sentAt(i int) time.Time { return time.UnixMilli(1_700_000_000_000 + int64(i)) }

// decades is a recall window that none of the messages is too old for.
const decades = 50 * 365 * 24 * time.Hour

// add puts messages 1 to n from ann to bob into all emulators.
func (s *stage) add(n int) {
	for i := 1; i <= n; i++ {
		id := fmt.Sprint(i)
		s.easemob.Add(easemobtest.Message{ID: id, From: "ann", To: "bob", Chat: "chat", SentAt: sentAt(i)})
		s.netease.Add(neteasetest.Message{ID: id, From: "ann", To: "bob", Type: neteasetest.TypeP2P, SentAt: sentAt(i)})
		s.goeasy.Add(goeasytest.Message{ID: id, From: "ann", To: "bob", SentAt: sentAt(i)})
	}
}

// recalled tells whether the emulator of a vendor holds a message as recalled.
func (s *stage) recalled(vendor, id string) bool {
	switch vendor {
	case "easemob":
		return s.easemob.Recalled(id)
	case "netease":
		return s.netease.Recalled(id)
	}
	return s.goeasy.Recalled(id)
}

// config is a configuration file with an app at each emulator.
func (s *stage) config() string {
	return fmt.Sprintf(`[apps.feed]
vendor = "easemob"
host = %q
app_key = %q
client_id = %q
client_secret_env = "FEED_SECRET"

[apps.chat]
vendor = "netease"
host = %q
app_key = %q
app_secret_env = "CHAT_SECRET"

[apps.shop]
vendor = "goeasy"
host = %q
rest_key_env = "SHOP_KEY"
name = "shop"
`, s.easemob.URL, s.easemob.Org+"#"+s.easemob.App, s.easemob.ClientID, s.netease.URL+"/nimserver", s.netease.AppKey, s.goeasy.URL)
}

// env is what the configuration refers to.
func (s *stage) env() []string {
	return []string{"FEED_SECRET=" + s.easemob.ClientSecret, "CHAT_SECRET=" + s.netease.AppSecret, "SHOP_KEY=" + s.goeasy.RestKey}
}

// secrets are what no output may show.
func (s *stage) secrets() []string {
	return []string{s.easemob.ClientSecret, s.netease.AppSecret, s.goeasy.RestKey}
}

// install writes the configuration where the command looks for it.
func (s *stage) install(home string) error {
	dir := filepath.Join(home, "imrecall")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "config.toml"), []byte(s.config()), 0o600)
}

// writeMessages writes messages from to to as a CSV.
func writeMessages(w io.Writer, from, to int) error {
	_, err := fmt.Fprintln(w, "message_id,chat,from,to,sent_at")
	for i := from; i <= to && err == nil; i++ {
		_, err = fmt.Fprintf(w, "%d,direct,ann,bob,%d\n", i, sentAt(i).UnixMilli())
	}
	return err
}

// cutting answers a request and then cuts the connection, so that the client never learns what became of it.
func cutting(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(httptest.NewRecorder(), r)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}
}
