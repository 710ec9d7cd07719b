package rest

import (
	"context"

	"github.com/imrecall/imrecall/recall"
)

// span describes what the call does now.
func (r *run) span(kind recall.SpanKind) recall.Span {
	if kind == recall.SpanCall && r.call.FetchesToken {
		kind = recall.SpanToken
	}
	s := recall.Span{
		Kind: kind, Vendor: r.client.vendor, App: r.client.app, Op: r.call.Op,
		TraceID: r.traceID, Messages: r.call.Messages,
	}
	if kind == recall.SpanAttempt {
		s.Attempt = r.attempts
	}
	return s
}

// observe tells the observer that something starts. The function that it
// returns tells the end. What the observer does wrong stays with it: a panic
// is swallowed, and a nil result replaced.
func (c *Client) observe(ctx context.Context, s recall.Span) (inner context.Context, end func(recall.SpanEnd)) {
	if c.observer == nil {
		return ctx, ignore
	}
	defer func() {
		if recover() != nil || inner == nil {
			inner = ctx
		}
		if end == nil {
			end = ignore
		}
	}()
	var theirs func(recall.SpanEnd)
	inner, theirs = c.observer.Start(ctx, s)
	inner = observed{Context: ctx, values: inner}
	if theirs == nil {
		return inner, ignore
	}
	return inner, func(e recall.SpanEnd) {
		defer func() { _ = recover() }()
		theirs(e)
	}
}

func ignore(recall.SpanEnd) {}

// observed is the caller's ctx with the values that an observer added: its
// deadline and its end stay the caller's.
type observed struct {
	context.Context

	values context.Context
}

func (o observed) Value(key any) any {
	if o.values != nil {
		if value := o.values.Value(key); value != nil {
			return value
		}
	}
	return o.Context.Value(key)
}
