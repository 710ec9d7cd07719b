package rest

import (
	"context"
	"errors"

	"github.com/imrecall/imrecall/recall"
)

// Secret is a credential, fixed or changing. It keeps the value in a closure,
// where no way of printing reaches it.
type Secret struct {
	get     func(context.Context) (string, error)
	changes bool
}

// FixedSecret is a secret that stays the same.
func FixedSecret(value string) Secret {
	return Secret{get: func(context.Context) (string, error) { return value, nil }}
}

// ChangingSecret is a secret that a function knows at any time.
func ChangingSecret(get func(context.Context) (string, error)) Secret {
	return Secret{get: get, changes: true}
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
	if value == "" {
		return "", &recall.Error{Kind: recall.ErrUnauthorized, Err: errors.New("the function that knows the secret returned none")}
	}
	u.used = value
	return value, nil
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
