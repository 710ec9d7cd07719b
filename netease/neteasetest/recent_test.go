package neteasetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The emulator of a long run does not grow with every id of a request.
func TestRecentForgetsTheOldest(t *testing.T) {
	r := newRecent(3)
	for _, step := range []struct {
		text  string
		isNew bool
	}{
		{"a", true},
		{"b", true},
		{"c", true},
		{"a", false},
		{"d", true}, // in place of a, which is the oldest although it was asked for
		{"b", false},
		{"a", true}, // in place of b
		{"c", false},
		{"d", false},
		{"b", true}, // in place of c
		{"c", true},
	} {
		assert.Equal(t, step.isNew, r.add(step.text), step.text)
	}
	for i := range 1000 {
		assert.True(t, r.add(fmt.Sprint(i)))
	}
	assert.Len(t, r.known, 3)
	assert.Len(t, r.order, 3)
}

func TestServerRemembersManyRequestIDs(t *testing.T) {
	assert.Equal(t, 100_000, newServer().requestIDs.size)
}
