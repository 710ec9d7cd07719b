package main

import (
	"context"
)

// resume deals with what a killed program has left. It returns the messages
// that no job will ask for again. It is called before anybody can ask for a
// recall.
func (s *service) resume(ctx context.Context) ([]key, error) {
	cut, err := s.interrupt(ctx)
	if err != nil {
		return nil, err
	}
	return s.store.withoutJob(ctx, cut)
}

// interrupt deals with the messages whose call was cut short, because this
// program was killed or could not write down what came of it: nobody knows
// whether it arrived. It returns them.
func (s *service) interrupt(ctx context.Context) ([]key, error) {
	all, err := s.store.requested(ctx)
	if err != nil {
		return nil, err
	}
	var cut []key
	for _, k := range all {
		if _, err := s.store.change(ctx, k.app, k.id, func(m *message) *record {
			if s.flights.under(k) || !m.interrupted(s.confirmBy()) {
				return nil
			}
			cut = append(cut, k)
			return &record{Action: actionInterrupted}
		}); err != nil {
			return nil, err
		}
	}
	return cut, nil
}

// repeat asks again for messages whose call was cut short. To recall twice is
// harmless.
func (s *service) repeat(ctx context.Context, interrupted []key) {
	for _, k := range interrupted {
		a, ok := s.apps[k.app]
		if !ok || ctx.Err() != nil {
			continue // the alarm will tell
		}
		m, err := s.store.message(ctx, k.app, k.id)
		if err == nil {
			_, err = s.recallOne(ctx, a, k.id, asking{operator: "restart", force: m.Force})
		}
		if err != nil {
			s.log.ErrorContext(ctx, "not asked for again", "app", k.app, "message", k.id, "error", err)
		}
	}
}

// requested returns the messages for which the vendor is being asked.
func (s *store) requested(ctx context.Context) ([]key, error) {
	return list(ctx, s.reader, scanKey, `SELECT app, id FROM messages WHERE state = 'requested'`)
}

// withoutJob returns those of keys that no unfinished job is about.
func (s *store) withoutJob(ctx context.Context, keys []key) ([]key, error) {
	var rest []key
	for _, k := range keys {
		var found bool
		err := s.reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM jobs JOIN job_items ON job_items.job = jobs.id
			WHERE jobs.app = ? AND jobs.ended_at = 0 AND job_items.message = ? AND job_items.done = 0)`, k.app, k.id).Scan(&found)
		if err != nil {
			return nil, err
		}
		if !found {
			rest = append(rest, k)
		}
	}
	return rest, nil
}
