package callback

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// Secrets are what callbacks may be signed with: several while one replaces
// another. A closure keeps them, where no way of printing reaches them.
type Secrets struct {
	get func(context.Context) ([]string, error)
}

// NewSecrets checks the two fields of a CallbackConfig of which one has to be
// given, and returns the secrets that they stand for.
func NewSecrets(vendor string, fixed []string, get func(context.Context) ([]string, error)) (Secrets, error) {
	switch {
	case len(fixed) > 0 && get != nil:
		return Secrets{}, rest.BadConfig(vendor, "SecretsFunc", "is given beside Secrets; give one")
	case get != nil:
		return Secrets{get: get}, nil
	case len(fixed) == 0:
		return Secrets{}, rest.BadConfig(vendor, "Secrets", "is required, or SecretsFunc")
	case slices.Contains(fixed, ""):
		return Secrets{}, rest.BadConfig(vendor, "Secrets", "holds an empty one, with which anyone could sign")
	case !allTrimmed(fixed):
		return Secrets{}, rest.BadConfig(vendor, "Secrets", "holds one that begins or ends with white space")
	}
	fixed = slices.Clone(fixed)
	return Secrets{get: func(context.Context) ([]string, error) { return fixed, nil }}, nil
}

func allTrimmed(secrets []string) bool {
	return !slices.ContainsFunc(secrets, func(s string) bool { return !rest.Trimmed(s) })
}

// Any tells whether signed is true of one of the secrets. It tries them all,
// so that the time it takes does not tell which one it was. An error means
// that the secrets can't be had, which is not the callback's fault, whatever
// kind of error the caller's function returned.
func (s Secrets) Any(ctx context.Context, signed func(secret string) bool) (bool, *recall.Error) {
	if s.get == nil {
		return false, &recall.Error{Kind: recall.ErrUnavailable, Err: errors.New("there are no secrets: make Callbacks by NewCallbacks")}
	}
	secrets, err := s.get(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return false, &recall.Error{Kind: recall.ErrCanceled, Err: fmt.Errorf("SecretsFunc: %w", err)}
	case err != nil:
		return false, &recall.Error{Kind: recall.ErrUnavailable, Err: fmt.Errorf("SecretsFunc: %w", err)}
	case len(secrets) == 0 || slices.Contains(secrets, "") || !allTrimmed(secrets):
		return false, &recall.Error{
			Kind: recall.ErrUnavailable,
			Err:  errors.New("SecretsFunc returned none, an empty one, or one that begins or ends with white space"),
		}
	}
	found := false
	for _, secret := range secrets {
		if signed(secret) {
			found = true
		}
	}
	return found, nil
}
