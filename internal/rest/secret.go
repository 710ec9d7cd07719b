package rest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// Secret is a credential, fixed or changing. It keeps the value in a closure,
// where no way of printing reaches it.
type Secret struct {
	get     func(context.Context) (string, error)
	valid   func(string) bool
	changes bool
}

// FixedSecret is a secret that stays the same.
func FixedSecret(value string) Secret {
	return Secret{get: func(context.Context) (string, error) { return value, nil }}
}

// ChangingSecret is a secret that a function knows at any time. What is not
// valid is never sent.
func ChangingSecret(get func(context.Context) (string, error), valid func(string) bool) Secret {
	return Secret{get: get, valid: valid, changes: true}
}

// Use returns the secret's use in one call.
func (s Secret) Use() *SecretUse { return &SecretUse{secret: s} }

// SecretUse remembers which value an attempt was made with. It is for one
// call, whose attempts follow one another.
type SecretUse struct {
	secret Secret
	used   string
}

// Value returns the value for an attempt.
func (u *SecretUse) Value(ctx context.Context) (string, error) {
	value, err := u.secret.current(ctx)
	if err == nil {
		u.used = value
	}
	return value, err
}

// How long to wait for a secret that is missing: 5, 20 and 80 ms.
const (
	firstLook = 5 * time.Millisecond
	lastLook  = 80 * time.Millisecond
)

// current asks for the value, and again where there is none: a file that is
// being written is missing or empty for a moment.
func (s Secret) current(ctx context.Context) (string, error) {
	for wait := firstLook; ; wait *= 4 {
		value, err := s.ask(ctx)
		if err == nil || wait > lastLook || !worthAsking(ctx, err, wait) {
			return value, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return "", err
		}
	}
}

// worthAsking tells whether the value may be there after a while, and there is
// time for it.
func worthAsking(ctx context.Context, err error, wait time.Duration) bool {
	var e *recall.Error
	if errors.As(err, &e) && !e.Retryable() && !errors.Is(err, errNoSecret) {
		return false // the caller's function knows better
	}
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}

var errNoSecret = errors.New("the function that knows the secret returned none, or one with characters that no secret has")

func (s Secret) ask(ctx context.Context) (string, error) {
	value, err := s.get(ctx)
	if err != nil {
		return "", err
	}
	if value == "" || s.valid != nil && !s.valid(value) {
		return "", &recall.Error{Kind: recall.ErrUnauthorized, Err: errNoSecret}
	}
	return value, nil
}

// Trimmed tells whether a secret has no white space around it, such as the
// line feed at the end of a file.
func Trimmed(secret string) bool { return secret == strings.TrimSpace(secret) }

// Renewal is the Renew of a call that is signed with the secret: after a
// refusal for its credentials, another attempt is worth it if the secret has
// changed.
func (u *SecretUse) Renewal(ctx context.Context) func(*recall.Error) bool {
	if !u.secret.changes {
		return nil
	}
	return func(refusal *recall.Error) bool {
		return refusal.Kind == recall.ErrUnauthorized && u.Changed(ctx)
	}
}

// Changed tells whether there is another value than the last attempt's: after
// a refusal, a rotation may have come in between.
func (u *SecretUse) Changed(ctx context.Context) bool {
	if !u.secret.changes {
		return false
	}
	value, err := u.secret.current(ctx)
	return err == nil && value != u.used
}
