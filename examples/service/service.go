package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// app is an application at a vendor.
type app struct {
	name      string // in this service's URLs and records
	provider  recall.Provider
	callbacks recall.EventParser
	// key makes a message's id in this service.
	key func(recall.Request) string
	// roomOperator is who recalls in chat rooms, where the vendor wants to know.
	roomOperator string
	// notifies is in which chats this vendor's callbacks tell of recalls.
	notifies []recall.ChatType
	// close lets go of the provider's connections.
	close func()
	// wake is told that there is a new job.
	wake chan struct{}
}

// limits are how long things may take.
type limits struct {
	recall  time.Duration // the call for one message, with all its repetitions
	confirm time.Duration // until the vendor's notification, before the alarm
	job     time.Duration // the recall of everything of a user
	store   time.Duration // until what came of a call is written down
}

func (l limits) check() error {
	for _, one := range []struct {
		flag string
		d    time.Duration
	}{{"recall", l.recall}, {"confirm", l.confirm}, {"job", l.job}} {
		if one.d <= 0 {
			return fmt.Errorf("-%s-within: %s is no time", one.flag, one.d)
		}
	}
	return nil
}

// service is the moderation backend. Everything that has to survive a restart
// is in its store.
type service struct {
	apps     map[string]*app
	store    *store
	flights  *flights
	cutShort atomic.Bool // the database says "requested" of a message that nobody asks for; see interrupt
	limits   limits
	clock    clock
	log      *slog.Logger
	draining chan struct{} // closed when the server shuts down: nobody waits any longer
}

func newService(apps []*app, st *store, l limits, c clock, log *slog.Logger) *service {
	s := &service{apps: make(map[string]*app), store: st, flights: newFlights(), limits: l, clock: c, log: log, draining: make(chan struct{})}
	for _, a := range apps {
		a.wake = make(chan struct{}, 1)
		s.apps[a.name] = a
	}
	return s
}

// work does what goes on in the background, until ctx ends. It makes way for
// single recalls: at the vendors, and at the database.
func (s *service) work(ctx context.Context, interrupted []key) {
	ctx = recall.WithBulk(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { s.watch(ctx) })
	wg.Go(func() { s.repeat(ctx, interrupted) })
	for _, a := range s.apps {
		wg.Go(func() { s.runJobs(ctx, a) })
	}
}
