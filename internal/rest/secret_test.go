package rest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/recall"
)

// A secret that is missing is asked for again, for as long as it takes to write
// a file, and no longer than the caller has.
func TestSecretThatIsMissing(t *testing.T) {
	for name, tt := range map[string]struct {
		value    string
		err      error
		patience time.Duration
		asked    int
		took     time.Duration
		kind     recall.Kind // of an error that is ours
	}{
		"there":                {value: "s3cret", asked: 1},
		"none":                 {asked: 4, took: 105 * time.Millisecond, kind: recall.ErrUnauthorized},
		"not valid":            {value: "s3cret\n", asked: 4, took: 105 * time.Millisecond, kind: recall.ErrUnauthorized},
		"an error":             {err: errors.New("no such file"), asked: 4, took: 105 * time.Millisecond},
		"an error that passes": {err: &recall.Error{Kind: recall.ErrUnavailable}, asked: 4, took: 105 * time.Millisecond},
		"one that does not":    {err: &recall.Error{Kind: recall.ErrForbidden}, asked: 1},
		"no time":              {err: errors.New("no such file"), patience: 20 * time.Millisecond, asked: 2, took: 5 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				secret := ChangingSecret(func(context.Context) (string, error) {
					asked++
					return tt.value, tt.err
				}, Trimmed)
				ctx, cancel := t.Context(), func() {}
				if tt.patience > 0 {
					ctx, cancel = context.WithTimeout(ctx, tt.patience)
				}
				defer cancel()
				start := time.Now()
				value, err := secret.Use().Value(ctx)
				assert.Equal(t, tt.asked, asked)
				assert.Equal(t, tt.took, time.Since(start))
				switch {
				case tt.kind != "":
					assert.ErrorIs(t, err, tt.kind)
				case tt.err != nil:
					assert.Equal(t, tt.err, err)
				default:
					assert.NoError(t, err)
					assert.Equal(t, tt.value, value)
				}
			})
		})
	}
}

func TestSecretThatIsMissingWhenTheCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		missing := errors.New("no such file")
		secret := ChangingSecret(func(context.Context) (string, error) { return "", missing }, nil)
		start := time.Now()
		_, err := secret.Use().Value(ctx)
		assert.ErrorIs(t, err, missing)
		assert.Equal(t, 10*time.Millisecond, time.Since(start))
	})
}
