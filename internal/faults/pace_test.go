package faults

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
)

// A client that is left to its defaults keeps the limit of an emulator that has the vendor's: no call is refused, in
// more than a second of them. What one such call costs at NetEase are 10 seconds.
func TestPaceKeepsTheEmulatorsLimit(t *testing.T) {
	const limit, calls, workers = 100, 130, 32
	policy := recall.Policy{Retry: recall.Retry{Attempts: 1}}
	providers := map[string]func() (client, error){
		"easemob": func() (client, error) {
			s := easemobtest.NewServer()
			t.Cleanup(s.Close)
			s.RateLimit = limit
			return easemob.New(easemob.Config{
				Host: s.BaseURL(), Org: s.Org, App: s.App, ClientID: s.ClientID, ClientSecret: s.ClientSecret, Policy: policy,
			})
		},
		"netease": func() (client, error) {
			s := neteasetest.NewServer()
			t.Cleanup(s.Close)
			s.RateLimit = limit
			return netease.New(netease.Config{Host: s.BaseURL(), AppKey: s.AppKey, AppSecret: s.AppSecret, Policy: policy})
		},
	}
	for name, open := range providers {
		t.Run(name, func(t *testing.T) {
			provider, err := open()
			require.NoError(t, err)
			defer provider.Close()
			began := time.Now()
			ids := make(chan int, calls)
			for id := range calls {
				ids <- id
			}
			close(ids)
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					for id := range ids {
						req := message
						req.MessageID, req.Force = strconv.Itoa(id+1), true
						_, err := provider.RecallMessage(t.Context(), req)
						assert.NoError(t, err)
					}
				})
			}
			wg.Wait()
			assert.Greater(t, time.Since(began), time.Second, "the emulator would not have noticed")
		})
	}
}
