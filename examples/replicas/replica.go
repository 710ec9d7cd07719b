package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/recall"
	"github.com/redis/go-redis/v9"
)

// deployment is what each replica is given. The secret is in a file, which may
// change at any time.
type deployment struct {
	Redis      string
	Hosts      []string
	AppKey     string
	SecretFile string
	Wave       []recall.Request // to recall by recall.Each
	Flagged    []recall.Request // to recall one after the other meanwhile
}

// lease is how long the permits of a replica that died are missing: an attempt,
// and as much again for the secret.
const lease = 2 * recall.DefaultTimeout

// connect is what an application does: everything else here is demonstration.
func (d deployment) connect() (client *netease.Client, closeAll func(), err error) {
	shared := redis.NewClient(&redis.Options{Addr: d.Redis, ContextTimeoutEnabled: true})
	limiter := NewLimiter(shared, lease)
	client, err = netease.New(netease.Config{
		Host: d.Hosts[0], Fallbacks: d.Hosts[1:],
		AppKey: d.AppKey,
		AppSecretFunc: func(context.Context) (string, error) {
			secret, err := os.ReadFile(d.SecretFile)
			return strings.TrimSpace(string(secret)), err
		},
		Policy: recall.Policy{Limiter: limiter},
	})
	if err != nil {
		return nil, nil, errors.Join(err, shared.Close())
	}
	return client, func() {
		client.Close()
		limiter.Close()
		_ = shared.Close()
	}, nil
}

// What a replica and the program that started it tell each other, as JSON.
const (
	stateNotReady = "not ready"
	stateReady    = "ready"
	stateDone     = "done"
)

type begin struct{}

type report struct {
	State         string
	Calls, Failed int
	Error         string // the last one
}

// replica is one process, until all that it was given is recalled.
func replica(ctx context.Context, in io.Reader, out io.Writer) error {
	var d deployment
	orders, reports := json.NewDecoder(in), json.NewEncoder(out)
	if err := orders.Decode(&d); err != nil {
		return err
	}
	client, closeAll, err := d.connect()
	if err != nil {
		return err
	}
	defer closeAll()
	for err := client.Ping(ctx); err != nil; err = client.Ping(ctx) {
		if err := reports.Encode(report{State: stateNotReady, Error: err.Error()}); err != nil {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := reports.Encode(report{State: stateReady}); err != nil {
		return err
	}
	if err := orders.Decode(&begin{}); err != nil {
		return fmt.Errorf("was not told to begin: %w", err)
	}
	return reports.Encode(d.recall(ctx, client))
}

// recall recalls the wave and, meanwhile, one flagged message after the other.
func (d deployment) recall(ctx context.Context, p recall.Provider) report {
	var failed atomic.Int32
	var last atomic.Value
	count := func(err error) {
		if err != nil {
			failed.Add(1)
			last.Store(err.Error())
		}
	}
	var flagged sync.WaitGroup
	flagged.Go(func() {
		for _, req := range d.Flagged {
			_, err := p.RecallMessage(ctx, req) // with a deadline, where a user waits
			count(err)
		}
	})
	for result := range recall.Each(ctx, p, slices.Values(d.Wave), recall.EachOptions{}) {
		count(result.Err)
	}
	flagged.Wait()
	r := report{State: stateDone, Calls: len(d.Wave) + len(d.Flagged), Failed: int(failed.Load())}
	r.Error, _ = last.Load().(string)
	return r
}
