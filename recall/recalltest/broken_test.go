package recalltest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

// broken is a good provider with one defect: each function stands in for a
// method, where it is not nil.
type broken struct {
	*recalltest.Fake
	in   recalltest.Situation
	good recall.Request // that the vendor knows

	recall       func(ctx context.Context, req recall.Request) (recall.Receipt, error)
	recallAll    func(ctx context.Context, reqs []recall.Request) ([]recall.Result, error)
	validate     func(req recall.Request) error
	capabilities func() recall.Capabilities
}

func (b *broken) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	if b.recall != nil {
		return b.recall(ctx, req)
	}
	return b.Fake.RecallMessage(ctx, req)
}

func (b *broken) RecallMessages(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
	if b.recallAll != nil {
		return b.recallAll(ctx, reqs)
	}
	return b.Fake.RecallMessages(ctx, reqs)
}

func (b *broken) ValidateRequest(req recall.Request) error {
	if b.validate != nil {
		return b.validate(req)
	}
	return b.Fake.ValidateRequest(req)
}

func (b *broken) Capabilities() recall.Capabilities {
	if b.capabilities != nil {
		return b.capabilities()
	}
	return b.Fake.Capabilities()
}

// receipts makes a defect of what receipts say.
func receipts(change func(*recall.Receipt)) func(*broken) {
	return func(b *broken) {
		b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
			receipt, err := b.Fake.RecallMessage(ctx, req)
			if err == nil {
				change(&receipt)
			}
			return receipt, err
		}
	}
}

// failures makes a defect of how calls fail in one situation.
func failures(s recalltest.Situation, change func(*recall.Error) (recall.Receipt, error)) func(*broken) {
	return func(b *broken) {
		b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
			receipt, err := b.Fake.RecallMessage(ctx, req)
			if e, ok := errors.AsType[*recall.Error](err); ok && b.in == s {
				return change(e)
			}
			return receipt, err
		}
	}
}

// kind makes a situation end in a wrong kind.
func kind(s recalltest.Situation, k recall.Kind) func(*broken) {
	return failures(s, func(e *recall.Error) (recall.Receipt, error) { e.Kind = k; return recall.Receipt{}, e })
}

// refusals makes a defect of how requests are refused before they are sent, for
// RecallMessage and ValidateRequest alike.
func refusals(change func(recall.Request, error) error) func(*broken) {
	return func(b *broken) {
		b.validate = func(req recall.Request) error { return change(req, b.Fake.ValidateRequest(req)) }
		b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
			if err := b.validate(req); err != nil && ctx.Err() == nil {
				return recall.Receipt{}, err
			}
			return b.Fake.RecallMessage(ctx, req)
		}
	}
}

// batches makes a defect of what RecallMessages returns.
func batches(change func([]recall.Request, []recall.Result, error) ([]recall.Result, error)) func(*broken) {
	return func(b *broken) {
		b.recallAll = func(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
			results, err := b.Fake.RecallMessages(ctx, reqs)
			return change(reqs, results, err)
		}
	}
}

func claims(change func(*recall.Capabilities)) func(*broken) {
	return func(b *broken) {
		b.capabilities = func() recall.Capabilities {
			c := b.Fake.Capabilities()
			change(&c)
			return c
		}
	}
}

// claimsForced makes a promise about forced requests that cannot be compared.
func claimsForced(outcome recall.Outcome) func(*broken) {
	return func(b *broken) {
		claims(func(c *recall.Capabilities) { c.ForcedSuccess = outcome })(b)
		b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
			if req.Force && b.in == recalltest.Healthy {
				return recall.Receipt{}, &recall.Error{Kind: recall.ErrUnsupported, Vendor: "fake"}
			}
			return b.Fake.RecallMessage(ctx, req)
		}
	}
}

// open makes a defect of MayHaveApplied.
func open(s recalltest.Situation, is bool) func(*broken) {
	return failures(s, func(e *recall.Error) (recall.Receipt, error) {
		e.MayHaveApplied = is
		return recall.Receipt{}, e
	})
}

// field makes refusals name a field.
func field(name string, of recall.Kind) func(recall.Request, error) error {
	return func(_ recall.Request, err error) error {
		e, ok := errors.AsType[*recall.Error](err)
		if ok && e.Kind == of && e.Field != "Chat" {
			e.Field = name
		}
		return err
	}
}

// overloaded is an error of the right kind underneath a kind that nobody knows.
func overloaded(e *recall.Error) error {
	return &recall.Error{Kind: "overloaded", Vendor: e.Vendor, MayHaveApplied: e.MayHaveApplied, Err: e.Kind}
}

// inSituation is batches in one situation.
func inSituation(s recalltest.Situation, change func([]recall.Request, []recall.Result, error) ([]recall.Result, error)) func(*broken) {
	return func(b *broken) {
		if b.in == s {
			batches(change)(b)
		}
	}
}

func success(id string, outcome recall.Outcome) recall.Receipt {
	return recall.Receipt{
		Vendor: "fake", App: "fake-app", MessageID: id, Outcome: outcome, Code: "ok", Attempts: 1, At: time.Now(),
	}
}

// defect breaks one rule, and no other.
type defect struct {
	rule, saw string
	inject    func(*broken)
}

func defects() map[string]defect {
	all := callDefects()
	maps.Copy(all, requestDefects())
	return all
}

// withDefect returns a harness for a provider with a defect.
func withDefect(d defect) func(*testing.T, recalltest.Situation) recalltest.Harness {
	return func(_ *testing.T, s recalltest.Situation) recalltest.Harness {
		fake, h := fakeIn(s)
		b := &broken{Fake: fake, in: s, good: h.Messages[0]}
		d.inject(b)
		h.Provider = b
		return h
	}
}

func TestEachDefectBreaksItsRule(t *testing.T) {
	seen := map[string]bool{}
	for name, defect := range defects() {
		seen[defect.rule] = true
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				violations := recalltest.CheckProvider(t, withDefect(defect))
				<-time.After(2 * time.Minute) // until the last call has returned
				if assert.NotEmpty(t, violations, "no rule is broken") {
					assert.Contains(t, fmt.Sprint(violations), defect.saw)
				}
				for _, v := range violations {
					if v.Rule != defect.rule {
						t.Errorf("a rule is broken that should not be: %v", v)
					}
				}
			})
		})
	}
	for _, rule := range recalltest.RuleNames() {
		assert.True(t, seen[rule], "no defect breaks the rule %q", rule)
	}
}

func TestNoDefectBreaksNoRule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		assert.Empty(t, recalltest.CheckProvider(t, func(_ *testing.T, s recalltest.Situation) recalltest.Harness {
			fake, h := fakeIn(s)
			h.Provider = &broken{Fake: fake}
			return h
		}))
	})
}

// A failure of TestProvider states the rule in words, and each thing that was
// seen once. Only a process of its own may fail.
func TestFailuresReadWell(t *testing.T) {
	const variable = "RECALLTEST_DEFECT"
	if name := os.Getenv(variable); name != "" {
		recalltest.TestProvider(t, withDefect(defects()[name]))
		return
	}
	fail := func(defect string) string {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFailuresReadWell$", "-test.v")
		cmd.Env = append(os.Environ(), variable+"="+defect)
		out, err := cmd.CombinedOutput()
		assert.Error(t, err)
		return string(out)
	}
	out := fail("names no field")
	for _, want := range []string{
		"missing field: a request without a field that the vendor needs is refused before it is sent, with ErrInvalidRequest and the field's name",
		"but: direct without MessageID: the error does not name the field: fake: recall: invalid_request",
		"and: room without Operator: the error",
	} {
		assert.Contains(t, out, want)
	}
	assert.Equal(t, 1, strings.Count(fail("results with bare kinds"), "garbage, batch: recall.Kind"))
}
