package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

const (
	maxBody     = 4 << 10
	maxOperator = 64 // bytes
	maxAlarms   = 1000

	// statusHungUp is for the log: who asked does not see it.
	statusHungUp = 499
)

// handler is the whole of HTTP: what moderators call, and what vendors call.
// It believes whoever calls: put what authenticates your moderators in front
// of everything but /callbacks/.
func (s *service) handler() http.Handler {
	api := http.NewServeMux()
	api.HandleFunc("POST /messages/{app}/{id}/recall", s.answer(s.recallMessage))
	api.HandleFunc("GET /messages/{app}/{id}", s.answer(s.showMessage))
	api.HandleFunc("POST /users/{app}/{id}/recall", s.answer(s.recallUser))
	api.HandleFunc("GET /jobs/{id}", s.answer(s.showJob))
	api.HandleFunc("GET /alarms", s.answer(s.showAlarms))
	mux := http.NewServeMux()
	mux.Handle("/", s.logged(api))
	for name, a := range s.apps {
		mux.Handle("/callbacks/"+name, s.receiver(a)) // which logs what it does not receive
	}
	return mux
}

// reply is an answer: a status and what becomes JSON.
type reply struct {
	status int
	header map[string]string
	body   any
}

// problem is an error of which the caller is told.
type problem struct {
	status int
	text   string
}

func (p *problem) Error() string { return p.text }

// answer makes an http.HandlerFunc of a function that returns its answer.
func (s *service) answer(f func(w http.ResponseWriter, r *http.Request) (reply, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := f(w, r)
		if err != nil {
			answer = s.failed(r, err)
		}
		for key, value := range answer.header {
			w.Header().Set(key, value)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.status)
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		_ = out.Encode(answer.body) // who asked may have hung up
	}
}

func (s *service) failed(r *http.Request, err error) reply {
	type failure struct {
		Error string `json:"error"`
	}
	var p *problem
	switch {
	case errors.As(err, &p):
		return reply{status: p.status, body: failure{p.text}}
	case errors.Is(err, errNotStored), errors.Is(err, errNoJob):
		return reply{status: http.StatusNotFound, body: failure{err.Error()}}
	case r.Context().Err() != nil:
		return reply{status: statusHungUp, body: failure{"nobody listens"}}
	default:
		s.log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "error", err)
		return reply{http.StatusServiceUnavailable, retryIn(1), failure{"nothing was done: the database failed"}}
	}
}

// app returns the application that the path names.
func (s *service) app(r *http.Request) (*app, error) {
	a, ok := s.apps[r.PathValue("app")]
	if !ok {
		return nil, &problem{http.StatusNotFound, "no such application"}
	}
	return a, nil
}

// readAsking reads the body of a request for a recall.
func readAsking(w http.ResponseWriter, r *http.Request) (asking, error) {
	var body struct {
		Operator string `json:"operator"` // who asks
		Force    bool   `json:"force"`    // also after the vendor's recall window
	}
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	in.DisallowUnknownFields()
	err := in.Decode(&body)
	_, after := in.Token()
	switch {
	case err != nil, !errors.Is(after, io.EOF):
		return asking{}, &problem{http.StatusBadRequest, `the body is not like {"operator": "mod-7", "force": false}`}
	case body.Operator == "" || len(body.Operator) > maxOperator:
		return asking{}, &problem{http.StatusBadRequest, fmt.Sprintf("operator: 1 to %d bytes", maxOperator)}
	}
	return asking{operator: body.Operator, force: body.Force}, nil
}

// recallUser asks for the recall of everything of a user, in the background.
func (s *service) recallUser(w http.ResponseWriter, r *http.Request) (reply, error) {
	a, err := s.app(r)
	if err != nil {
		return reply{}, err
	}
	by, err := readAsking(w, r)
	if err != nil {
		return reply{}, err
	}
	id, messages, err := s.store.addJob(r.Context(), a.name, r.PathValue("id"), by)
	if err != nil {
		return reply{}, err
	}
	select {
	case a.wake <- struct{}{}:
	default: // it is awake
	}
	path := "/jobs/" + strconv.FormatInt(id, 10)
	return reply{http.StatusAccepted, map[string]string{"Location": path}, struct {
		Job      int64  `json:"job"`
		Messages int64  `json:"messages"`
		Progress string `json:"progress"`
	}{id, messages, path}}, nil
}

// showJob tells how far a job has come; with ?wait=5s, when nothing is waited
// for any longer.
func (s *service) showJob(_ http.ResponseWriter, r *http.Request) (reply, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return reply{}, errNoJob
	}
	var j job
	var p progress
	err = s.await(r, func() (bool, error) {
		var err error
		j, p, err = s.store.job(r.Context(), id)
		return !j.EndedAt.IsZero() && p.settled(), err
	})
	return reply{status: http.StatusOK, body: struct {
		Job       int64     `json:"job"`
		App       string    `json:"app"`
		User      string    `json:"user"`
		Operator  string    `json:"operator"`
		Force     bool      `json:"force"`
		CreatedAt time.Time `json:"created_at"`
		EndedAt   time.Time `json:"ended_at,omitzero"`
		progress
	}{j.ID, j.App, j.User, j.Operator, j.Force, j.CreatedAt, j.EndedAt, p}}, err
}

func (s *service) showAlarms(_ http.ResponseWriter, r *http.Request) (reply, error) {
	alarms, err := s.store.alarms(r.Context(), maxAlarms)
	return reply{status: http.StatusOK, body: struct {
		Alarms []alarm `json:"alarms"`
	}{append([]alarm{}, alarms...)}}, err
}

// logged logs each request: the route and not the path, which holds the ids of
// users.
func (s *service) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(status, r)
		s.log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("route", r.Pattern),
			slog.Int("status", status.status), slog.Duration("duration", time.Since(start)))
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap gives http.ResponseController what it needs.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
