package recall

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Observer is told when something starts and when it ends, for traces,
// metrics and logs. Its one method fits the shape of a tracer: it returns a
// context for what happens inside, and a function that ends the span. It is
// called by many goroutines at once. It should return at once; a panic in it
// is swallowed, and does not break the call.
type Observer interface {
	// Start is called when s starts. What happens inside s gets the context
	// that it returns, and the function is called once, when s has ended.
	Start(ctx context.Context, s Span) (context.Context, func(SpanEnd))
}

// SpanKind is what a Span is about.
type SpanKind string

// The kinds of span.
const (
	SpanCall    SpanKind = "call"    // a whole operation: waits, attempts and repetitions
	SpanAttempt SpanKind = "attempt" // one HTTP request and its answer
	SpanWait    SpanKind = "wait"    // waiting for a quota
	SpanToken   SpanKind = "token"   // an operation that fetches credentials
)

// Span is what starts. It holds no secret and nothing of a message.
type Span struct {
	Kind            SpanKind
	Vendor, App, Op string
	TraceID         string // as sent to the vendor by this attempt; empty where the vendor has none
	Quota           string // the key of the quota that a wait is for
	Attempt         int    // the number of the attempt, from 1
	Messages        int    // how many messages the call is about
}

// SpanEnd is how it ended.
type SpanEnd struct {
	Err      error   // a *Error for a call and an attempt, nil after a success
	Outcome  Outcome // of a call that succeeded
	Code     string  // the vendor's own word for success
	TraceID  string  // of the last attempt
	Status   int     // the HTTP status, 0 where none came
	Attempts int     // of a call
}

// LogObserver returns an Observer that logs one line when a call ends, or a
// request for a token: vendor, operation, outcome or kind, code, attempts,
// duration and trace id. Successes are logged at level info, errors at warn.
// No secret is logged, and nothing of a request but what an error says: the
// vendor's text may name an id or a user, and the start of an answer that can't
// be read may repeat what was sent. The line is logged with the call's ctx, from
// which a slog.Handler can take a message id or a request id. A request that is
// refused before anything is sent starts no call and has no line.
func LogObserver(logger *slog.Logger) Observer { return logObserver{logger} }

type logObserver struct{ logger *slog.Logger }

func (o logObserver) Start(ctx context.Context, s Span) (context.Context, func(SpanEnd)) {
	if s.Kind != SpanCall && s.Kind != SpanToken {
		return ctx, func(SpanEnd) {}
	}
	start := time.Now()
	return ctx, func(end SpanEnd) {
		level := slog.LevelInfo
		attrs := []slog.Attr{slog.String("vendor", s.Vendor), slog.String("app", s.App), slog.String("op", s.Op)}
		var e *Error
		switch {
		case errors.As(end.Err, &e):
			level = slog.LevelWarn
			attrs = append(attrs, slog.String("kind", string(e.Kind)), slog.String("code", e.Code),
				slog.Bool("may_have_applied", e.MayHaveApplied), slog.String("error", e.Error()))
		case end.Err != nil:
			level = slog.LevelWarn
			attrs = append(attrs, slog.String("error", end.Err.Error()))
		default:
			attrs = append(attrs, slog.String("outcome", string(end.Outcome)), slog.String("code", end.Code))
		}
		attrs = append(attrs, slog.Int("messages", s.Messages), slog.Int("attempts", end.Attempts),
			slog.Duration("duration", time.Since(start)), slog.String("trace_id", end.TraceID))
		o.logger.LogAttrs(ctx, level, "imrecall", attrs...)
	}
}
