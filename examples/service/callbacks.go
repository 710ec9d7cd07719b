package main

import (
	"context"
	"net/http"

	"github.com/imrecall/imrecall/recall"
)

// receiver receives the callbacks of an application's vendor. It only stores:
// a vendor that waits too long for its answer sends the callback again, and
// gives up after a few tries.
func (s *service) receiver(a *app) http.Handler {
	return &recall.EventHandler{
		Parser: a.callbacks,
		Handle: func(ctx context.Context, e recall.Event) error { return s.handle(ctx, a, e) },
		OnError: func(r *http.Request, err error) {
			s.log.WarnContext(r.Context(), "callback not received", "app", a.name, "error", err)
		},
	}
}

func (s *service) handle(ctx context.Context, a *app, e recall.Event) error {
	ctx = recall.WithBulk(ctx) // a moderator who waits goes first
	switch e.Kind {
	case recall.MessageSent:
		return s.store.sent(ctx, a.name, a.key(e.Request), e)
	case recall.MessageRecalled:
		return s.store.recalled(ctx, a.name, a.key(e.Request), e)
	default:
		return nil // of a later version of the library
	}
}
