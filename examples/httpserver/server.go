package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// service is an HTTP service with one endpoint:
//
//	POST /v1/recall
//
// Its body is a recall.Request in JSON, and its answer a recall.Result: the
// request with either the receipt or the error. The HTTP status tells the same
// to those who look at nothing else; see statusOf.
type service struct {
	provider recall.Provider
	deadline time.Duration // of a call; the client may have less patience
	log      *slog.Logger
}

// longestBody is far above any request that a vendor would take.
const longestBody = 64 << 10

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/recall", s.recall)
	return mux
}

// newServer has a limit for each phase of a request, so that a slow client
// can't keep a connection for ever.
func (s *service) newServer(addr string) *http.Server {
	return &http.Server{
		Addr: addr, Handler: s.handler(),
		ReadHeaderTimeout: 2 * time.Second, ReadTimeout: 5 * time.Second,
		WriteTimeout: 5*time.Second + s.deadline, IdleTimeout: time.Minute,
	}
}

func (s *service) recall(w http.ResponseWriter, r *http.Request) {
	req, err := readRequest(w, r)
	if err != nil {
		s.answer(w, http.StatusBadRequest, recall.Result{Err: err})
		return
	}
	// r.Context ends when the client hangs up, and then so does the call.
	ctx, cancel := context.WithTimeout(r.Context(), s.deadline)
	defer cancel()
	receipt, err := s.provider.RecallMessage(ctx, req)
	result := recall.Result{Request: req, Receipt: receipt, Err: err}
	s.answer(w, statusOf(result), result)
}

func readRequest(w http.ResponseWriter, r *http.Request) (recall.Request, error) {
	var req recall.Request
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestBody))
	decoder.DisallowUnknownFields() // a misspelt "force" must not be lost
	if err := decoder.Decode(&req); err != nil {
		return recall.Request{}, &recall.Error{Kind: recall.ErrInvalidRequest, Op: "read", Field: "body", Err: err}
	}
	if decoder.More() {
		return recall.Request{}, recall.Invalid("body", "holds more than one request")
	}
	return req, nil
}

func (s *service) answer(w http.ResponseWriter, status int, result recall.Result) {
	if status >= http.StatusInternalServerError {
		s.log.Error("recall failed", "message", result.Request.MessageID, "ref", result.Request.Ref, "error", result.Err)
	}
	var e *recall.Error
	if errors.As(result.Err, &e) && (e.Retryable() || status == http.StatusServiceUnavailable) {
		seconds := math.Ceil(cmp.Or(e.RetryAfter, time.Second).Seconds())
		w.Header().Set("Retry-After", strconv.FormatFloat(seconds, 'f', 0, 64))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(result) // a client that has gone is nobody's error
}

// statusOf maps what became of a message to an HTTP status, as docs/outcomes.md
// has it, with the reasons. 504 is the unknown end, whatever the kind: a 409
// would say that the message is where it was. A message that the vendor does
// not know is no 404: that is a wrong path.
func statusOf(result recall.Result) int {
	var e *recall.Error
	switch {
	case result.Err == nil && result.Receipt.Outcome.Proven():
		return http.StatusOK
	case result.Err == nil:
		return http.StatusAccepted // the vendor's yes is no proof
	case errors.As(result.Err, &e) && e.MayHaveApplied:
		return http.StatusGatewayTimeout
	}
	var kind recall.Kind
	errors.As(result.Err, &kind) // where there is none, nobody knows what it is
	switch kind {
	case recall.ErrNotFound, recall.ErrWindowExpired, recall.ErrForbidden:
		return http.StatusConflict
	case recall.ErrInvalidRequest, recall.ErrUnsupported:
		return http.StatusUnprocessableEntity
	case recall.ErrRateLimited, recall.ErrUnavailable, recall.ErrCanceled:
		return http.StatusServiceUnavailable
	case recall.ErrBadResponse:
		return http.StatusBadGateway
	}
	// ErrUnauthorized, ErrMisconfigured, ErrNotEnabled and ErrPlanExhausted are
	// for whoever runs this service, and say nothing about the message. So does a
	// kind that is new.
	return http.StatusInternalServerError
}
