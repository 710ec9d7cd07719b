package faults

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// vault holds a secret that rotates, and the server that takes no other.
type vault struct {
	asked  atomic.Int32
	gaps   atomic.Int32 // how often the secret is missing from now on
	mu     sync.RWMutex
	secret string
	server http.HandlerFunc
}

// get is the function that a client is given.
func (v *vault) get(context.Context) (string, error) {
	v.asked.Add(1)
	switch v.gaps.Add(-1) {
	case 1:
		return "", errors.New("no such file")
	case 0:
		return "", nil
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.secret, nil
}

func (v *vault) rotate(secret string, server http.HandlerFunc) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.secret, v.server = secret, server
}

// ServeHTTP answers as the server that takes the current secret.
func (v *vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.RLock()
	server := v.server
	v.mu.RUnlock()
	server(w, r)
}

// rotation is a client with a secret that rotates.
type rotation struct {
	name string

	// open makes a client that gets its secret from the vault.
	open func(host string, v *vault) (client, error)

	// server returns an emulator that takes only this secret.
	server func(t *testing.T, secret string) http.HandlerFunc
}

var rotations = []rotation{
	{
		name: "easemob client secret",
		open: func(host string, v *vault) (client, error) {
			return easemob.New(easemob.Config{
				Host: host, Org: "org", App: "app", ClientID: "id", ClientSecretFunc: v.get, Policy: policy(patient),
			})
		},
		server: easemobWithSecret,
	},
	{
		name: "netease app secret",
		open: func(host string, v *vault) (client, error) {
			return netease.New(netease.Config{
				Host: host + "/nimserver", AppKey: "app", AppSecretFunc: v.get, Policy: policy(patient),
			})
		},
		server: func(t *testing.T, secret string) http.HandlerFunc {
			t.Helper()
			server := neteasetest.NewServer()
			t.Cleanup(server.Close)
			server.AppKey, server.AppSecret = "app", secret
			return server.Answer
		},
	},
	{
		name: "goeasy key",
		open: func(host string, v *vault) (client, error) {
			return goeasy.New(goeasy.Config{Host: host, AppKeyFunc: v.get, Name: "app", Policy: policy(patient)})
		},
		server: func(t *testing.T, secret string) http.HandlerFunc {
			t.Helper()
			server := goeasytest.NewServer()
			t.Cleanup(server.Close)
			server.AppKey, server.RestKey = secret, secret
			return server.Answer
		},
	},
}

// easemobWithSecret returns an emulator on which there is always the message.
func easemobWithSecret(t *testing.T, secret string) http.HandlerFunc {
	t.Helper()
	server := easemobtest.NewServer()
	t.Cleanup(server.Close)
	server.Org, server.App, server.ClientID, server.ClientSecret = "org", "app", "id", secret
	var mu sync.Mutex // nobody else recalls it in between
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		server.Add(easemobtest.Message{ID: message.MessageID, From: message.From, To: message.To, Chat: "chat"})
		server.Answer(w, r)
	}
}

// A secret that rotates under load costs no call.
func TestRotationLosesNoCall(t *testing.T) {
	const workers, calls = 64, 12
	for _, r := range rotations {
		t.Run(r.name, func(t *testing.T) {
			v := &vault{}
			v.rotate("the-first-secret", r.server(t, "the-first-secret"))
			next := r.server(t, "the-second-secret")
			server := httptest.NewServer(v)
			t.Cleanup(server.Close)
			c, err := r.open(server.URL, v)
			require.NoError(t, err)
			t.Cleanup(c.Close)
			var done, repeated atomic.Int32
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					for range calls {
						receipt, err := c.RecallMessage(t.Context(), message)
						assert.NoError(t, err)
						if receipt.Attempts > 1 {
							repeated.Add(1)
						}
						if done.Add(1) == workers*calls/2 {
							v.rotate("the-second-secret", next)
						}
					}
				})
			}
			wg.Wait()
			t.Logf("%d of %d calls were repeated; the secret was asked for %d times", repeated.Load(), done.Load(), v.asked.Load())
		})
	}
}

// A client that is idle while the secret rotates finds out with one refusal.
func TestRotationWhileIdle(t *testing.T) {
	for _, r := range rotations {
		t.Run(r.name, func(t *testing.T) {
			v := &vault{}
			v.rotate("the-first-secret", r.server(t, "the-first-secret"))
			server := httptest.NewServer(v)
			t.Cleanup(server.Close)
			c, err := r.open(server.URL, v)
			require.NoError(t, err)
			t.Cleanup(c.Close)
			recallOnce := func() recall.Receipt {
				receipt, err := c.RecallMessage(t.Context(), message)
				require.NoError(t, err)
				return receipt
			}
			recallOnce()
			v.rotate("the-second-secret", r.server(t, "the-second-secret"))
			assert.LessOrEqual(t, recallOnce().Attempts, 2)
			assert.Equal(t, 1, recallOnce().Attempts)
		})
	}
}

// A secret that is missing for a moment, as from a file that is being written,
// costs no call: neither where a request is signed nor where the vendor has
// refused the old one.
func TestSecretIsMissingForAMoment(t *testing.T) {
	for _, r := range rotations {
		t.Run(r.name, func(t *testing.T) {
			v := &vault{}
			v.rotate("the-first-secret", r.server(t, "the-first-secret"))
			server := httptest.NewServer(v)
			t.Cleanup(server.Close)
			c, err := r.open(server.URL, v)
			require.NoError(t, err)
			t.Cleanup(c.Close)
			v.gaps.Store(2)
			receipt, err := c.RecallMessage(t.Context(), message)
			require.NoError(t, err)
			assert.Equal(t, 1, receipt.Attempts)

			next := r.server(t, "the-second-secret")
			v.rotate("the-first-secret", func(w http.ResponseWriter, r *http.Request) {
				v.rotate("the-second-secret", next)
				v.gaps.Store(2)
				next(w, r)
			})
			receipt, err = c.RecallMessage(t.Context(), message)
			require.NoError(t, err)
			assert.Equal(t, 2, receipt.Attempts)
		})
	}
}
