package vendortest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	"github.com/imrecall/imrecall/recall"
)

// Receiver is an application's server on a socket to which a vendor posts its
// callbacks: it keeps the events that it is told of, and what it answered.
type Receiver struct {
	*httptest.Server

	// Handle is asked before an event is kept, which its error prevents. Nil
	// keeps all. Set it before the first callback.
	Handle func(recall.Event) error

	mu       sync.Mutex
	events   []recall.Event
	refusals []error
	statuses []int
}

// NewReceiver starts a receiver, which its caller closes.
func NewReceiver(parser recall.EventParser) *Receiver {
	r := new(Receiver)
	h := &recall.EventHandler{Parser: parser, Handle: r.keep, OnError: r.refuse}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h.ServeHTTP(&answer{ResponseWriter: w, to: r}, req)
	}))
	return r
}

// answer notes the status before anybody gets it.
type answer struct {
	http.ResponseWriter

	to   *Receiver
	done bool
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	a.to.mu.Lock()
	a.to.statuses = append(a.to.statuses, status)
	a.to.mu.Unlock()
	a.done = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if !a.done {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(b)
}

func (r *Receiver) keep(_ context.Context, e recall.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Handle != nil {
		if err := r.Handle(e); err != nil {
			return err
		}
	}
	r.events = append(r.events, e)
	return nil
}

func (r *Receiver) refuse(_ *http.Request, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusals = append(r.refusals, err)
}

// Events returns the events that were kept.
func (r *Receiver) Events() []recall.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Answered returns the statuses of the answers, and the errors because of
// which they are not all 200.
func (r *Receiver) Answered() ([]int, []error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.statuses), slices.Clone(r.refusals)
}

// Told returns what events tell: the kind of each, and its message.
func Told(events []recall.Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, string(e.Kind)+" "+e.Request.MessageID)
	}
	return out
}
