package recalltest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// TestProvider checks the contract of [recall.Provider], and those of
// [recall.Batcher], [recall.Capable] and [recall.Validator] where the provider
// implements them. start is called several times for each rule; what it starts
// has to be independent of what it started before.
//
// Each rule is a subtest of t. A failure states the rule in words, and what was
// seen. A rule whose situations can't be staged, or that is about an interface
// that the provider does not have, is skipped and says so.
func TestProvider(t *testing.T, start func(t *testing.T, s Situation) Harness) {
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			p := check(t, start, r)
			if len(p.violations) > 0 {
				t.Error(told(p.violations))
			}
			if p.staged == 0 && len(p.skipped) > 0 {
				t.Skip(strings.Join(p.skipped, "; "))
			}
			for _, why := range p.skipped {
				t.Log("not checked: " + why)
			}
		})
	}
}

// Violation is a rule of the contract that a provider breaks.
type Violation struct {
	Rule string // its name, which is that of TestProvider's subtest
	Says string // the rule in words
	Saw  string // what the provider did instead
}

// String states the rule and what was seen.
func (v Violation) String() string {
	return v.Rule + ": " + v.Says + "\n\tbut: " + v.Saw
}

// told states one rule, and all that was seen, each once: the results of a
// batch often fail alike.
func told(violations []Violation) string {
	text := violations[0].String()
	seen := []string{violations[0].Saw}
	for _, v := range violations[1:] {
		if slices.Contains(seen, v.Saw) {
			continue
		}
		seen = append(seen, v.Saw)
		text += "\n\tand: " + v.Saw
	}
	return text
}

// CheckProvider is TestProvider for those who want the violations themselves,
// for example to test that a wrapper with a known defect has no other. It fails
// t only where the harness is at fault. Unlike TestProvider it works inside a
// testing/synctest bubble, where the harness needs no network.
func CheckProvider(t *testing.T, start func(t *testing.T, s Situation) Harness) []Violation {
	t.Helper()
	var violations []Violation
	for _, r := range rules() {
		violations = append(violations, check(t, start, r).violations...)
	}
	return violations
}

// rule is one rule of the contract.
type rule struct {
	name, says string
	check      func(*probe)
}

func rules() []rule {
	all := callRules()
	all = append(all, errorRules()...)
	all = append(all, kindRules()...)
	all = append(all, requestRules()...)
	return append(all, batchRules()...)
}

func check(t *testing.T, start func(t *testing.T, s Situation) Harness, r rule) *probe {
	t.Helper()
	p := &probe{t: t, start: start, rule: r}
	r.check(p)
	return p
}

// probe checks one rule.
type probe struct {
	t     *testing.T
	start func(t *testing.T, s Situation) Harness
	rule  rule

	staged     int // how often something could be checked
	violations []Violation
	skipped    []string
}

func (p *probe) violated(format string, args ...any) {
	p.violations = append(p.violations, Violation{Rule: p.rule.name, Says: p.rule.says, Saw: fmt.Sprintf(format, args...)})
}

func (p *probe) skip(format string, args ...any) {
	if why := fmt.Sprintf(format, args...); !slices.Contains(p.skipped, why) {
		p.skipped = append(p.skipped, why)
	}
}

// stage starts a harness. It returns false where there is nothing to check.
func (p *probe) stage(s Situation) (Harness, bool) {
	p.t.Helper()
	h := p.start(p.t, s)
	switch {
	case h.Skip != "":
		p.skip("%s: %s", s, h.Skip)
		return h, false
	case h.Provider == nil, h.Sent == nil:
		p.t.Fatalf("recalltest: the harness for %q needs a Provider and Sent", s)
	case len(h.Messages) < 3 && !h.Live, len(h.Messages) == 0:
		p.t.Fatalf("recalltest: the harness for %q has %d Messages and needs 3", s, len(h.Messages))
	}
	p.staged++
	return h, true
}

// callTime is more than any call of the suite takes that goes well.
const callTime = 10 * time.Second

// recall calls the provider and bounds the time.
func (p *probe) recall(h Harness, req recall.Request) (recall.Receipt, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), callTime)
	defer cancel()
	return h.Provider.RecallMessage(ctx, req)
}

// unsent runs f, which must not make the provider send anything.
func (p *probe) unsent(h Harness, what string, f func()) {
	before := h.Sent()
	f()
	if n := h.Sent() - before; n > 0 {
		p.violated("%s: the vendor got %s", what, count(n, "request"))
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprint(n, " ", what, "s")
}

// got describes what a call returned.
func got(receipt recall.Receipt, err error) string {
	if err != nil {
		return fmt.Sprintf("got the error %q", err)
	}
	return fmt.Sprintf("got no error and the receipt %+v", receipt)
}
