package cli

import (
	"errors"
	"testing"

	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/wave"
)

func TestExitOfARun(t *testing.T) {
	yes, no, unknown := wave.Counts{wave.Recalled: 3}, wave.Counts{wave.Refused: 1}, wave.Counts{wave.Unknown: 1, wave.Refused: 1}
	outage, app := errors.New("out of reach"), &recall.Error{Kind: recall.ErrUnauthorized}
	for _, c := range []struct {
		summary wave.Summary
		all     wave.Counts
		want    int
	}{
		{wave.Summary{}, yes, exitYes},
		{wave.Summary{}, no, exitNo},
		{wave.Summary{}, unknown, exitUnknown},
		{wave.Summary{Limited: true}, yes, exitYes},
		{wave.Summary{Stopped: true}, unknown, exitInterrupted},
		{wave.Summary{Halt: outage}, yes, exitNo},
		{wave.Summary{Halt: outage}, unknown, exitUnknown},
		{wave.Summary{Halt: outage, Stopped: true}, yes, exitNo},
		{wave.Summary{Halt: app}, unknown, exitConfig},
	} {
		assert.Equal(t, c.want, exitOf(c.summary, c.all), "%+v, %v", c.summary, c.all)
	}
}
