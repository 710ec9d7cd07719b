package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// flags is the handler of an app server: it takes a message that was flagged,
// and recalls it. It knows recall.Provider and no vendor, which is what makes
// it easy to test.
type flags struct {
	provider recall.Provider
	deadline time.Duration // how long whoever flagged a message waits for the answer
}

// answer tells what became of the message.
type answer struct {
	// Verdict is "gone", "pending", "unknown", "not_found" or "refused".
	Verdict string `json:"verdict"`
	// Reason is the kind of the error, or how the outcome is no proof.
	Reason string `json:"reason,omitempty"`
}

func (f flags) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var message recall.Request
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&message); err != nil {
		http.Error(w, "the body is not a message in JSON", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), f.deadline)
	defer cancel()
	receipt, err := f.provider.RecallMessage(ctx, message)

	a := verdict(receipt, err)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status())
	_ = json.NewEncoder(w).Encode(a) // a client that has gone is nobody's error
}

// verdict is all that there is to tell apart.
func verdict(receipt recall.Receipt, err error) answer {
	var e *recall.Error
	switch {
	case err == nil && receipt.Outcome.Proven():
		return answer{Verdict: "gone"}
	case err == nil:
		return answer{"pending", string(receipt.Outcome)}
	case errors.As(err, &e) && e.MayHaveApplied:
		return answer{"unknown", string(e.Kind)}
	case errors.Is(err, recall.ErrNotFound):
		return answer{Verdict: "not_found"} // gone already, or a wrong id
	case errors.As(err, &e):
		return answer{"refused", string(e.Kind)}
	default:
		return answer{"refused", err.Error()}
	}
}

// status is the HTTP status that docs/outcomes.md has for the answer.
func (a answer) status() int {
	switch a.Verdict {
	case "gone":
		return http.StatusOK
	case "pending":
		return http.StatusAccepted
	case "unknown":
		return http.StatusGatewayTimeout
	case "not_found":
		return http.StatusConflict
	}
	switch recall.Kind(a.Reason) {
	case recall.ErrWindowExpired, recall.ErrForbidden:
		return http.StatusConflict
	case recall.ErrInvalidRequest, recall.ErrUnsupported:
		return http.StatusUnprocessableEntity
	case recall.ErrRateLimited, recall.ErrUnavailable, recall.ErrCanceled:
		return http.StatusServiceUnavailable
	case recall.ErrBadResponse:
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError // for whoever runs this: it says nothing about the message
}
