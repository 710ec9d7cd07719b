package main

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/imrecall/imrecall/recall"
)

var errStopped = errors.New("the wave was stopped")

const (
	// itemsAtOnce bounds what one look at the database brings into memory.
	itemsAtOnce = 500
	// askedAhead bounds how many messages are written down as asked for and have
	// no answer yet: what a killed program has to ask for again.
	askedAhead = 1000
	// jobAgain is when a job goes on after the database failed.
	jobAgain = 10 * time.Second
)

// runJobs runs the jobs of an application one after the other, also those that
// an earlier run of this program has left.
func (s *service) runJobs(ctx context.Context, a *app) {
	for {
		var again <-chan time.Time
		if err := s.runOpenJobs(ctx, a); err != nil && ctx.Err() == nil {
			again = s.clock.After(jobAgain)
			s.log.ErrorContext(ctx, "job interrupted", "app", a.name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-again:
		}
	}
}

func (s *service) runOpenJobs(ctx context.Context, a *app) error {
	jobs, err := s.store.openJobs(ctx, a.name)
	for _, j := range jobs {
		if err := s.runJob(ctx, a, j); err != nil {
			return err
		}
	}
	return err
}

// runJob recalls what is left of a job, and ends it.
func (s *service) runJob(ctx context.Context, a *app, j job) error {
	wave, cancel := context.WithTimeout(ctx, j.CreatedAt.Add(s.limits.job).Sub(s.clock.Now()))
	defer cancel()
	var reading, writing error
	by := asking{operator: j.Operator, force: j.Force, job: j.ID}
	asked := make(chan struct{}, askedAhead)
	// Each packs messages into the vendor's batch calls, and lets one flagged
	// message overtake the wave.
	for result := range recall.Each(wave, a.provider, s.itemsToRecall(wave, a, by, asked, &reading), recall.EachOptions{}) {
		<-asked
		if err := s.settleItem(wave, a, by, result); err != nil {
			writing = err
		}
	}
	if failure := errors.Join(reading, writing); failure != nil && wave.Err() == nil {
		return failure // what is left waits for the next time
	}
	if ctx.Err() != nil {
		return ctx.Err() // the program stops; the next one goes on
	}
	left, err := s.store.endJob(ctx, j.ID)
	if left > 0 {
		s.log.ErrorContext(ctx, "job out of time", "app", a.name, "job", j.ID, "left", left)
	}
	return err
}

// itemsToRecall yields the messages of a job that are left. Each is written
// down as asked for before it is yielded. It ends early where the database
// fails.
func (s *service) itemsToRecall(ctx context.Context, a *app, by asking, asked chan struct{}, failure *error) iter.Seq[recall.Request] {
	return func(yield func(recall.Request) bool) {
		last := ""
		for {
			ids, err := s.store.itemsLeft(ctx, by.job, last, itemsAtOnce)
			for _, id := range ids {
				if err == nil {
					err = s.yieldItem(ctx, a, id, by, asked, yield)
				}
				last = id
			}
			if err != nil || len(ids) == 0 {
				*failure = err
				return
			}
		}
	}
}

// yieldItem yields one message of a job, where the vendor has to be asked.
func (s *service) yieldItem(
	ctx context.Context, a *app, id string, by asking, asked chan struct{}, yield func(recall.Request) bool,
) error {
	select {
	case asked <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	m, needed, err := s.ask(ctx, a, id, by)
	if err != nil || !needed {
		<-asked
		return err
	}
	if !yield(a.request(m)) {
		<-asked
		return errors.Join(errStopped, s.postpone(ctx, a, id, by)) // it was not read
	}
	return nil
}

// settleItem writes down what came of one message of a job. One whose call was
// ended by us, because the time is up or this program stops, is left to the
// job: asked for or not.
func (s *service) settleItem(ctx context.Context, a *app, by asking, result recall.Result) error {
	id := result.Request.Ref
	var e *recall.Error
	switch {
	case ctx.Err() == nil, !errors.Is(result.Err, recall.ErrCanceled):
		_, err := s.settle(ctx, a, id, by, result.Receipt, result.Err, true)
		return err
	case errors.As(result.Err, &e) && !e.MayHaveApplied:
		return s.postpone(ctx, a, id, by)
	default:
		_, err := s.settle(ctx, a, id, by, result.Receipt, result.Err, false)
		return err
	}
}

// postpone writes down that the vendor was not asked, and leaves the message to
// the job.
func (s *service) postpone(ctx context.Context, a *app, id string, by asking) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limits.store)
	defer cancel()
	defer func() { s.landed(key{a.name, id}, err) }()
	_, err = s.store.change(ctx, a.name, id, func(m *message) *record {
		m.postpone(s.confirmBy())
		return &record{Action: actionPostponed, Job: by.job}
	})
	return err
}
