package recall_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/imrecall/imrecall/recall"
)

// A unit test needs no vendor: any function is a Provider.
func ExampleProviderFunc() {
	var provider recall.Provider = recall.ProviderFunc(
		func(_ context.Context, req recall.Request) (recall.Receipt, error) {
			if req.MessageID == "old" {
				return recall.Receipt{}, &recall.Error{Kind: recall.ErrWindowExpired, Vendor: "mock", Op: "recall"}
			}
			return recall.Receipt{Vendor: "mock", MessageID: req.MessageID, Outcome: recall.Recalled}, nil
		})

	receipt, err := provider.RecallMessage(context.Background(), recall.Request{MessageID: "new"})
	fmt.Println(receipt.Outcome, err)
	_, err = provider.RecallMessage(context.Background(), recall.Request{MessageID: "old"})
	fmt.Println(err, errors.Is(err, recall.ErrWindowExpired))
	// Output:
	// recalled <nil>
	// mock: recall: window_expired true
}

// What a handler tells from the two results of a call.
func ExampleProvider() {
	fate := func(receipt recall.Receipt, err error) string {
		var e *recall.Error
		switch {
		case err == nil && receipt.Outcome.Proven():
			return "gone"
		case err == nil:
			return "pending"
		case errors.As(err, &e) && e.MayHaveApplied:
			return "unknown"
		case errors.Is(err, recall.ErrNotFound):
			return "gone already, or a wrong id"
		default:
			return "refused"
		}
	}
	fmt.Println(fate(recall.Receipt{Outcome: recall.Recalled}, nil))
	fmt.Println(fate(recall.Receipt{Outcome: recall.Accepted}, nil))
	fmt.Println(fate(recall.Receipt{}, &recall.Error{Kind: recall.ErrNotFound}))
	fmt.Println(fate(recall.Receipt{}, &recall.Error{Kind: recall.ErrWindowExpired}))
	fmt.Println(fate(recall.Receipt{}, &recall.Error{Kind: recall.ErrUnavailable, MayHaveApplied: true}))
	// Output:
	// gone
	// pending
	// gone already, or a wrong id
	// refused
	// unknown
}

// The vendor's own words are kept for logs and support tickets.
func ExampleError() {
	var err error = &recall.Error{
		Kind: recall.ErrForbidden, Vendor: "netease", App: "go9dnk49", Op: "recall",
		Code: "403", Message: "not allow!", Status: 200, TraceID: "f3b1c0",
	}
	fmt.Println(err)

	var e *recall.Error
	if errors.As(err, &e) {
		fmt.Println(e.Kind, e.Code, e.Message, e.Retryable())
	}
	// Output:
	// netease: recall: forbidden: code 403: "not allow!" (HTTP 200, app go9dnk49, trace f3b1c0)
	// forbidden 403 not allow! false
}

// What an application stores is what it needs to recall a message later.
func ExampleEventHandler() {
	stored := map[string]recall.Request{}
	gone := map[string]bool{}
	handler := &recall.EventHandler{
		Parser: accepting, // in an application: what easemob.NewCallbacks returns, say
		Handle: func(_ context.Context, e recall.Event) error {
			switch e.Kind {
			case recall.MessageSent:
				stored[e.Request.MessageID] = e.Request // twice is harmless
			case recall.MessageRecalled:
				gone[e.Request.MessageID] = true // may come before the message
			}
			return nil
		},
		OnError: func(r *http.Request, err error) {
			if !errors.Is(err, context.Canceled) {
				fmt.Println(r.URL.Path, err)
			}
		},
	}
	mux := http.NewServeMux()
	mux.Handle("POST /callbacks", handler)

	for _, signature := range []string{"good", "good", "bad"} {
		r := httptest.NewRequest(http.MethodPost, "/callbacks", strings.NewReader("1028442084794698104"))
		r.Header.Set("X-Signature", signature)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	fmt.Println(len(stored), len(gone))
	// Output:
	// 200
	// 200
	// /callbacks mock: unauthorized
	// 401
	// 1 0
}
