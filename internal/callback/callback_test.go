package callback

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// Who is refused is told from whose callback it was, and a shared error is
// left as it is.
func TestRefused(t *testing.T) {
	odd := errors.New("msg_id is missing")
	why := Unreadable(odd)
	err := Refused(why, "acme", "app")
	assert.EqualError(t, err, "acme: callback: bad_response: msg_id is missing (app app)")
	require.ErrorIs(t, err, recall.ErrBadResponse)
	require.ErrorIs(t, err, odd)
	assert.Empty(t, why.Vendor)
	require.ErrorIs(t, Refused(Unauthorized("no signature"), "acme", "app"), recall.ErrUnauthorized)
}

// No part can be written so that two events share an ID.
func TestEventID(t *testing.T) {
	parts := []string{"a/b", "c d", "撤回"}
	assert.Equal(t, "a%2Fb/c%20d/%E6%92%A4%E5%9B%9E", EventID(parts...))
	assert.Equal(t, "a/b", parts[0], "its arguments are the caller's")
	assert.NotEqual(t, EventID("a", "b"), EventID("a/b"))
	assert.NotEqual(t, EventID("a", ""), EventID("a"))
}
