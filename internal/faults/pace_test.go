package faults

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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

// tooFastOnce is a network to a vendor that says "too fast" to the first request, and takes its time for it.
type tooFastOnce struct {
	vendor vendor

	mu       sync.Mutex
	arrivals []time.Time
}

const refusedAfter = 700 * time.Millisecond

func (n *tooFastOnce) RoundTrip(req *http.Request) (*http.Response, error) {
	n.mu.Lock()
	n.arrivals = append(n.arrivals, time.Now())
	first := len(n.arrivals) == 1
	n.mu.Unlock()
	status, body := http.StatusOK, n.vendor.answer()
	if first {
		<-time.After(refusedAfter)
		body = n.vendor.tooFast
		if n.vendor.name != "netease" {
			status = http.StatusTooManyRequests
		}
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

// A call too many closes the quota for everybody, those included who wait for it already, for as long as NetEase's block
// lasts, at the others for a second. Who can't wait that long is told at once.
func TestTooFastClosesTheQuotaOfAVendor(t *testing.T) {
	closed := map[string]time.Duration{"easemob": time.Second, "netease": 10 * time.Second, "goeasy": time.Second}
	forEachVendor(t, func(t *testing.T, v vendor) {
		synctest.Test(t, func(t *testing.T) {
			n := &tooFastOnce{vendor: v}
			c := opened(t, v, recall.Policy{Transport: n, Rate: 2}, "http://127.0.0.1")
			start := time.Now()
			ends := make(chan error, 3)
			for range 3 { // one that is refused, one that is not, and one that waits for the second of these
				go func() {
					_, err := c.RecallMessage(t.Context(), message)
					ends <- err
				}()
				synctest.Wait()
			}
			<-time.After(refusedAfter)
			synctest.Wait()
			hasty, cancel := context.WithTimeout(t.Context(), closed[v.name]-time.Millisecond)
			defer cancel()
			_, err := c.RecallMessage(hasty, message)
			require.ErrorIs(t, err, recall.ErrRateLimited)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, refusedAfter, time.Since(start), "at once")
			for range 3 {
				require.NoError(t, <-ends)
			}
			var after []time.Duration
			for _, at := range n.arrivals {
				after = append(after, at.Sub(start))
			}
			reopened := refusedAfter + closed[v.name]
			assert.Equal(t, []time.Duration{0, 0, reopened, reopened}, after)
		})
	})
}
