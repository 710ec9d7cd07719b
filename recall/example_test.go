package recall_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
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

// A wave of messages, as fast as the vendor allows, with the fate of each.
func ExampleEach() {
	provider := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) {
		return recall.Receipt{MessageID: req.MessageID, Outcome: recall.Recalled}, nil
	})
	wave := func(yield func(recall.Request) bool) { // from a file, a query, a queue
		for n := range 1000 {
			if !yield(recall.Request{MessageID: strconv.Itoa(n), Chat: recall.ChatGroup, To: "group1"}) {
				return
			}
		}
	}
	gone := 0
	for result := range recall.Each(context.Background(), provider, wave, recall.EachOptions{}) {
		if result.Err == nil && result.Receipt.Outcome.Proven() {
			gone++
		}
	}
	fmt.Println(gone)
	// Output: 1000
}

// Few messages at once: their results are in order.
func ExampleBatch() {
	provider := recall.ProviderFunc(func(_ context.Context, req recall.Request) (recall.Receipt, error) {
		if req.MessageID == "2" {
			return recall.Receipt{}, &recall.Error{Kind: recall.ErrNotFound, Vendor: "mock", Op: "recall"}
		}
		return recall.Receipt{MessageID: req.MessageID, Outcome: recall.Recalled}, nil
	})
	requests := []recall.Request{{MessageID: "1"}, {MessageID: "2"}, {MessageID: "3"}}
	for i, result := range recall.Batch(context.Background(), provider, requests) {
		fmt.Println(requests[i].MessageID, result.Receipt.Outcome, result.Err)
	}
	// Output:
	// 1 recalled <nil>
	// 2  mock: recall: not_found
	// 3 recalled <nil>
}
