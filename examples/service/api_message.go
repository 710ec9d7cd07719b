package main

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// answered is the answer to a request for a recall.
type answered struct {
	App       string         `json:"app"`
	ID        string         `json:"id"`
	State     state          `json:"state"`
	Outcome   recall.Outcome `json:"outcome,omitempty"`
	Kind      recall.Kind    `json:"kind,omitempty"` // of the error
	Code      string         `json:"code,omitempty"` // the vendor's
	TraceID   string         `json:"trace_id,omitempty"`
	Attempts  int            `json:"attempts,omitempty"`
	Retryable bool           `json:"retryable,omitempty"`
}

// recallMessage recalls one message and tells what came of it: gone, pending,
// refused or unknown.
func (s *service) recallMessage(w http.ResponseWriter, r *http.Request) (reply, error) {
	a, err := s.app(r)
	if err != nil {
		return reply{}, err
	}
	by, err := readAsking(w, r)
	if err != nil {
		return reply{}, err
	}
	v, err := s.recallOne(r.Context(), a, r.PathValue("id"), by)
	if err != nil {
		return reply{}, err
	}
	body := answered{App: a.name, ID: v.message.ID, State: v.message.State}
	if v.record != nil {
		body.Outcome, body.Kind, body.Code = v.record.Outcome, v.record.Kind, v.record.Code
		body.TraceID, body.Attempts = v.record.TraceID, v.record.Attempts
	}
	status, header := statusOf(v.message.State, v.err)
	body.Retryable = retryable(v.message.State, v.err)
	return reply{status, header, body}, nil
}

// statusOf is the HTTP status for where a message is after it was asked for;
// docs/outcomes.md has the reasons. A message that the vendor does not know is
// no 404: that is one which this service does not know.
func statusOf(now state, err error) (int, map[string]string) {
	switch now {
	case gone, confirmed:
		return http.StatusOK, nil
	case requested, pending:
		return http.StatusAccepted, nil
	case unknown:
		return http.StatusGatewayTimeout, nil // to ask again is harmless
	case live, refused, alarmed:
	}
	return statusOfRefusal(err)
}

// retryable tells whether to ask again may help.
func retryable(now state, err error) bool {
	refusal, _ := statusOfRefusal(err)
	switch now {
	case unknown: // but not where this call would have been refused without an earlier one
		return refusal != http.StatusConflict && refusal != http.StatusUnprocessableEntity
	case live, refused, alarmed:
		return refusal == http.StatusServiceUnavailable || refusal == http.StatusBadGateway
	case requested, pending, gone, confirmed:
	}
	return false
}

func statusOfRefusal(err error) (int, map[string]string) {
	var kind recall.Kind
	errors.As(err, &kind)
	switch kind {
	case recall.ErrWindowExpired, recall.ErrNotFound, recall.ErrForbidden:
		return http.StatusConflict, nil
	case recall.ErrInvalidRequest, recall.ErrUnsupported:
		return http.StatusUnprocessableEntity, nil
	case recall.ErrRateLimited, recall.ErrUnavailable, recall.ErrCanceled:
		return http.StatusServiceUnavailable, retryIn(retryAfter(err))
	case recall.ErrBadResponse:
		return http.StatusBadGateway, nil
	default: // credentials, configuration, what was bought: for us to repair
		return http.StatusInternalServerError, nil
	}
}

func retryIn(seconds int) map[string]string {
	return map[string]string{"Retry-After": strconv.Itoa(seconds)}
}

// retryAfter is in whole seconds, at least one.
func retryAfter(err error) int {
	var e *recall.Error
	if !errors.As(err, &e) {
		return 1
	}
	return max(1, int((e.RetryAfter+time.Second-1)/time.Second))
}

// showMessage tells where a message is, and all that was done about it; with
// ?wait=5s, when nothing is waited for any longer.
func (s *service) showMessage(_ http.ResponseWriter, r *http.Request) (reply, error) {
	a, err := s.app(r)
	if err != nil {
		return reply{}, err
	}
	var m message
	err = s.await(r, func() (bool, error) {
		var err error
		m, err = s.store.message(r.Context(), a.name, r.PathValue("id"))
		return m.State.final(), err
	})
	if err != nil {
		return reply{}, err
	}
	records, err := s.store.audit(r.Context(), m.App, m.ID)
	return reply{status: http.StatusOK, body: struct {
		App       string          `json:"app"`
		ID        string          `json:"id"`
		Chat      recall.ChatType `json:"chat,omitempty"`
		From      string          `json:"from,omitempty"`
		To        string          `json:"to,omitempty"`
		SentAt    time.Time       `json:"sent_at,omitzero"`
		State     state           `json:"state"`
		ConfirmBy time.Time       `json:"confirm_by,omitzero"`
		Audit     []record        `json:"audit"`
	}{m.App, m.ID, m.Chat, m.From, m.To, m.SentAt, m.State, m.ConfirmBy, append([]record{}, records...)}}, err
}

const (
	longestWait = 30 * time.Second
	// lookAgain is how often who waits looks at the database at most: a wave
	// changes it a thousand times a second.
	lookAgain = 50 * time.Millisecond
)

// await calls done until it returns true or an error, or the time that the
// request's wait parameter gives is over: at once, and after each change of
// the database.
func (s *service) await(r *http.Request, done func() (bool, error)) error {
	var patience time.Duration
	if wait := r.URL.Query().Get("wait"); wait != "" {
		var err error
		if patience, err = time.ParseDuration(wait); err != nil || patience < 0 || patience > longestWait {
			return &problem{http.StatusBadRequest, "wait: a duration up to " + longestWait.String() + ", such as 5s"}
		}
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		changed := s.store.changed.wait() // before looking: nothing is missed
		ready, err := done()
		if ready || err != nil || patience == 0 {
			return err
		}
		select {
		case <-changed:
		case <-timer.C:
			return nil
		case <-s.draining:
			return nil
		case <-r.Context().Done():
			return r.Context().Err()
		}
		select {
		case <-time.After(lookAgain):
		case <-s.draining:
		}
	}
}
