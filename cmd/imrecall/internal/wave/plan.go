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
	Messages       int           // that would be sent
	Invalid        int           // that would not
	Skipped        int           // settled in earlier runs
	Left           int           // for another run, because of First
	Calls          int           // about how many calls that is, where several messages share one
	CallsPerSecond float64       // at most; 0 for no limit
	Takes          time.Duration // about how long that takes at least
}

// Planner makes a plan of a run that is to be as a Wave with the same fields.
type Planner struct {
	Provider Provider
	Input    *records.Reader
	Rate     float64
	First    int
	Settled  func(line int) bool  // in earlier runs; nil for none
	Bad      func(records.Record) // is given the messages that would not be sent
}

// Plan validates every message of the input that is not settled, and sends none.
func (p Planner) Plan() (Plan, error) {
	plan := Plan{CallsPerSecond: p.Provider.Capabilities().CallsPerSecond}
	packer := packer{filled: map[string]int{}}
	packer.batcher, _ = p.Provider.(recall.Batcher)
	for {
		rec, err := p.Input.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Plan{}, err
		}
		if p.Settled != nil && p.Settled(rec.Line) {
			plan.Skipped++
			continue
		}
		if rec.Err == nil {
			rec.Err = p.Provider.ValidateRequest(rec.Request)
		}
		switch {
		case rec.Err != nil:
			plan.Invalid++
			p.Bad(rec)
		case p.First > 0 && plan.Messages == p.First:
			plan.Left++
		default:
			plan.Messages++
			packer.add(rec.Request)
		}
	}
	plan.Calls = packer.calls
	plan.Takes = max(per(plan.Calls, plan.CallsPerSecond), per(plan.Messages, p.Rate))
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
