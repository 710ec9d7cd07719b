package main

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/imrecall/imrecall/recall"
)

const (
	// itemsAtOnce bounds what a job has in memory.
	itemsAtOnce = 500
	// jobAgain is when a job goes on after the database failed.
	jobAgain = 10 * time.Second
)

// runJobs runs the jobs of an application one after the other, also those that
// an earlier run of this program has left.
func (s *service) runJobs(ctx context.Context, a *app) {
	for {
		var again <-chan time.Time
		if err := s.runOpenJobs(ctx, a); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "job interrupted", "app", a.name, "error", err)
			again = s.clock.After(jobAgain)
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
	// One flagged message overtakes a wave.
	for result := range each(recall.WithBulk(wave), a.provider, s.itemsToRecall(wave, a, by, &reading)) {
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
func (s *service) itemsToRecall(ctx context.Context, a *app, by asking, failure *error) iter.Seq[recall.Request] {
	return func(yield func(recall.Request) bool) {
		last := ""
		for {
			ids, err := s.store.itemsLeft(ctx, by.job, last, itemsAtOnce)
			for _, id := range ids {
				var m message
				var needed bool
				if m, needed, err = s.ask(ctx, a, id, by); err != nil {
					break
				}
				if needed && !yield(a.request(m)) {
					*failure = s.postpone(ctx, a, id, by) // it was not read
					return
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

// settleItem writes down what came of one message of a job. One that was not
// sent because the time was up, or because this program stops, is left.
func (s *service) settleItem(ctx context.Context, a *app, by asking, result recall.Result) error {
	id := result.Request.Ref
	var e *recall.Error
	if ctx.Err() == nil || !errors.Is(result.Err, recall.ErrCanceled) || !errors.As(result.Err, &e) || e.MayHaveApplied {
		_, err := s.settle(ctx, a, id, by, result.Receipt, result.Err)
		return err
	}
	return s.postpone(ctx, a, id, by)
}

// postpone writes down that the vendor was not asked, and leaves the message to
// the job.
func (s *service) postpone(ctx context.Context, a *app, id string, by asking) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWithin)
	defer cancel()
	_, err := s.store.change(ctx, a.name, id, func(m *message) *record {
		m.postpone(s.confirmBy())
		return &record{Action: actionPostponed, Job: by.job}
	})
	return err
}

// each recalls what reqs yields.
func each(ctx context.Context, p recall.Provider, reqs iter.Seq[recall.Request]) iter.Seq[recall.Result] {
	return func(yield func(recall.Result) bool) {
		for req := range reqs {
			receipt, err := p.RecallMessage(ctx, req)
			if !yield(recall.Result{Request: req, Receipt: receipt, Err: err}) {
				return
			}
		}
	}
}
