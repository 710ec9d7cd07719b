package rest

import (
	"context"
	"errors"
	"strings"

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
	value, err := u.secret.get(ctx)
	if err != nil {
		return "", err
	}
	if value == "" || u.secret.valid != nil && !u.secret.valid(value) {
		return "", &recall.Error{
			Kind: recall.ErrUnauthorized,
			Err:  errors.New("the function that knows the secret returned none, or one with characters that no secret has"),
		}
	}
	u.used = value
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
	value, err := u.secret.get(ctx)
	return err == nil && value != "" && value != u.used
}
