package rest

import (
	"context"
	"errors"

	"github.com/imrecall/imrecall/recall"
)

// Fate is what an answer says of one message among several.
type Fate struct {
	Verdict
	Err *recall.Error // nil for a success; else as what a Decode returns
}

// DoEach is Do for a call about several messages whose fates may differ.
// decode takes the place of call.Decode and returns a fate for each message, in
// the same order for the same answer. The results are in that order, and have
// neither a Request nor a MessageID. An error means that the call failed as a
// whole.
func (c *Client) DoEach(ctx context.Context, call Call, decode func(Answer) ([]Fate, error)) ([]recall.Result, error) {
	e := each{client: c, op: call.Op, build: call.Build, decode: decode}
	call.Build, call.Decode = e.buildRequest, e.decodeAll
	receipt, err := c.Do(ctx, call)
	if err != nil {
		return nil, err
	}
	if e.refusal != nil {
		return e.allGone(receipt, call.Messages)
	}
	results := make([]recall.Result, len(e.fates))
	for i, fate := range e.fates {
		results[i] = e.settle(fate, receipt)
	}
	return results, nil
}

// each is the state of one DoEach.
type each struct {
	client *Client
	op     string
	build  func(context.Context) (*Request, error)
	decode func(Answer) ([]Fate, error)

	secrets []string // of the last attempt
	answer  Answer   // the last one
	fates   []Fate   // what it says, where it is no error
	refusal error    // the error that it is, else nil
}

func (e *each) buildRequest(ctx context.Context) (*Request, error) {
	req, err := e.build(ctx)
	if err == nil {
		e.secrets = req.Secrets
	}
	return req, err
}

// decodeAll is the call's Decode. The errors among the fates are told without
// what the server echoed, as Do tells the error of a whole call.
func (e *each) decodeAll(a Answer) (Verdict, error) {
	e.answer = a
	e.answer.Body = nil // it is used again for another answer
	e.fates, e.refusal = e.decode(a)
	if e.refusal != nil {
		return Verdict{}, e.refusal
	}
	if clean, found := maskedBody(a.Body, e.secrets); found {
		a.Body = clean
		again, err := e.decode(a)
		for i := range again {
			if err == nil && e.fates[i].Err != nil && again[i].Err != nil {
				e.fates[i].Err = again[i].Err
			}
		}
	}
	return e.common(), nil
}

// common is what observers are told of the call: the verdict that all messages
// share, or none.
func (e *each) common() Verdict {
	for i, fate := range e.fates {
		if fate.Err != nil || i > 0 && fate.Verdict != e.fates[0].Verdict {
			return Verdict{}
		}
	}
	if len(e.fates) == 0 {
		return Verdict{}
	}
	return e.fates[0].Verdict
}

// settle turns a fate into a result, by the same rules as judge does for a call
// about one message.
func (e *each) settle(fate Fate, receipt recall.Receipt) recall.Result {
	switch {
	case fate.Err == nil:
		receipt.Outcome, receipt.Code = fate.Outcome, fate.Code
	case fate.Err.Kind == recall.ErrNotFound && e.answer.Unsettled:
		receipt.Outcome, receipt.Code = recall.AlreadyGone, fate.Err.Code
	default:
		return recall.Result{Err: e.complete(fate.Err, receipt, e.answer.Unsettled || opens(fate.Err.Kind))}
	}
	return recall.Result{Receipt: receipt}
}

// allGone is for a call that as a whole was refused as not found, after an
// attempt that may have arrived. Of one message that means what Do takes it
// for. Of several it means that of one of them, and nobody knows which.
func (e *each) allGone(receipt recall.Receipt, messages int) ([]recall.Result, error) {
	if messages == 1 {
		return []recall.Result{{Receipt: receipt}}, nil
	}
	err := &recall.Error{Kind: recall.ErrNotFound}
	errors.As(e.refusal, &err)
	return nil, e.complete(err, receipt, true)
}

// complete returns a copy of err with what the call knows.
func (e *each) complete(err *recall.Error, receipt recall.Receipt, open bool) *recall.Error {
	out := *err
	out.Vendor, out.App, out.Op = e.client.vendor, e.client.app, e.op
	out.Status, out.TraceID, out.Attempts = e.answer.Status, receipt.TraceID, receipt.Attempts
	out.MayHaveApplied = open
	mask(&out, e.secrets)
	return &out
}
