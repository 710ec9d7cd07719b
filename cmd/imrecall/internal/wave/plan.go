package wave

import (
	"errors"
	"io"
	"time"

	"github.com/imrecall/imrecall/recall"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/records"
)

// Plan is what a run would do.
type Plan struct {
	Messages int           // that would be sent
	Invalid  int           // that would not
	Calls    int           // about how many calls that is, where several messages share one
	PerCall  float64       // calls a second at most, 0 for no limit
	Takes    time.Duration // about how long that takes at least
}

// NewPlan validates every message of an input and sends none. Bad ones are given to bad.
func NewPlan(provider Provider, input *records.Reader, rate float64, bad func(records.Record)) (Plan, error) {
	plan := Plan{PerCall: provider.Capabilities().CallsPerSecond}
	packer := packer{filled: map[string]int{}}
	packer.batcher, _ = provider.(recall.Batcher)
	for {
		rec, err := input.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Plan{}, err
		}
		if rec.Err == nil {
			rec.Err = provider.ValidateRequest(rec.Request)
		}
		if rec.Err != nil {
			plan.Invalid++
			bad(rec)
			continue
		}
		plan.Messages++
		packer.add(rec.Request)
	}
	plan.Calls = packer.calls
	plan.Takes = max(per(plan.Calls, plan.PerCall), per(plan.Messages, rate))
	return plan, nil
}

func per(n int, rate float64) time.Duration {
	if rate <= 0 {
		return 0
	}
	return time.Duration(float64(n) / rate * float64(time.Second))
}

// packer counts the calls that messages come to, with a bounded number of conversations in mind.
type packer struct {
	batcher recall.Batcher // nil: one call for each message
	filled  map[string]int // how full the last call of each key is
	calls   int
}

// mostOpen is how many calls wait for more messages at a time.
const mostOpen = 4096

func (p *packer) add(req recall.Request) {
	if p.batcher == nil {
		p.calls++
		return
	}
	key, limit := p.batcher.BatchKey(req)
	if key == "" || limit <= 1 {
		p.calls++
		return
	}
	n := p.filled[key]
	if n == 0 {
		p.calls++
	}
	p.filled[key] = (n + 1) % limit
	if len(p.filled) > mostOpen {
		clear(p.filled)
	}
}
