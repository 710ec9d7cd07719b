package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// message is a message as the application stored it when it was sent. App is as
// much a part of its name as its id is: two vendors, and two applications of one
// vendor, may give the same id to different messages.
type message struct {
	App string
	recall.Request
}

// router recalls each message through the application that it was stored under.
//
// This is the only safe way, during a migration from one vendor to another too.
// It is tempting to ask the new vendor first, and the old one if the answer is
// "not found". But a vendor that says yes to ids that it does not know (see
// recall.Accepted) never answers "not found": the router would take the
// message for recalled, and it would still be there, at the old vendor.
type router struct {
	apps  map[string]recall.Provider
	audit *audit
}

// recall recalls one message and writes an audit record of what became of it.
// An error of the audit is an error of the call, and the message may be gone
// then: its result comes with it.
func (r *router) recall(ctx context.Context, m message) (recall.Result, error) {
	result := recall.Result{Request: m.Request}
	if app, ok := r.apps[m.App]; ok {
		result.Receipt, result.Err = app.RecallMessage(ctx, m.Request)
	} else {
		// Not the default, and not the next best: a wrong guess recalls a stranger's message.
		result.Err = &recall.Error{
			Kind: recall.ErrMisconfigured, Op: "route", Field: "App",
			Err: errors.New("no application is called " + strconv.Quote(m.App)),
		}
	}
	return result, r.audit.write(m.App, result)
}

// audit writes one JSON object in a line for each recall. It is safe for
// concurrent use.
type audit struct {
	mu  sync.Mutex
	w   io.Writer
	now func() time.Time
}

// record is the form of an audit record. Result has one of its own, which is
// stable: the request with the receipt or the error, vendor's words included,
// secrets not.
type record struct {
	At     time.Time     `json:"at"`
	App    string        `json:"app"`
	Result recall.Result `json:"result"`
}

func (a *audit) write(app string, result recall.Result) error {
	line, err := json.Marshal(record{a.now().UTC(), app, result})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := a.w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}
