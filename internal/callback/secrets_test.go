package callback

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestSecrets(t *testing.T) {
	s, err := NewSecrets("v", []string{"a", "b"}, nil)
	require.NoError(t, err)
	for secret, want := range map[string]bool{"a": true, "b": true, "c": false} {
		var tried []string
		found, err := s.Any(t.Context(), func(candidate string) bool {
			tried = append(tried, candidate)
			return candidate == secret
		})
		assert.Nil(t, err)
		assert.Equal(t, want, found)
		assert.Equal(t, []string{"a", "b"}, tried, "all are tried")
	}
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", s, s, s), `"a"`)

	failing := errors.New("sealed")
	s, err = NewSecrets("v", nil, func(context.Context) ([]string, error) { return []string{"a"}, failing })
	require.NoError(t, err)
	_, refusal := s.Any(t.Context(), func(string) bool { return true })
	require.ErrorIs(t, refusal, failing)
	assert.Equal(t, recall.ErrUnavailable, refusal.Kind)
}

// TestSecretsOfNobody: a zero Callbacks believes nothing, and does not panic.
func TestSecretsOfNobody(t *testing.T) {
	found, refusal := Secrets{}.Any(t.Context(), func(string) bool { return true })
	assert.False(t, found)
	require.ErrorIs(t, refusal, recall.ErrUnavailable)
	assert.ErrorContains(t, refusal, "NewCallbacks")
}
