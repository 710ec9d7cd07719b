package rest

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// checkPolicy refuses a policy that can't be kept.
func checkPolicy(vendor string, p recall.Policy) error {
	if p.Timeout < 0 {
		return BadConfig(vendor, "Policy.Timeout", "is negative")
	}
	if math.IsNaN(p.Rate) || math.IsInf(p.Rate, 1) {
		return BadConfig(vendor, "Policy.Rate", "is not a finite number; a negative one means no limit")
	}
	if field, rule := retryRule(p.Retry); field != "" {
		return BadConfig(vendor, field, rule)
	}
	return nil
}

// defaults fills in what the zero value of a policy's Retry stands for.
func defaults(p recall.Retry) recall.Retry {
	if p.Attempts == 0 {
		p.Attempts = recall.DefaultAttempts
	}
	if p.BaseDelay == 0 {
		p.BaseDelay = recall.DefaultBaseDelay
	}
	if p.MaxDelay == 0 {
		p.MaxDelay = max(recall.DefaultMaxDelay, p.BaseDelay)
	}
	if p.Jitter == nil {
		p.Jitter = func(bound time.Duration) time.Duration { return rand.N(bound + 1) }
	}
	return p
}

// retryRule returns the field of a Retry that breaks a rule, and the rule.
func retryRule(p recall.Retry) (field, rule string) {
	switch {
	case p.Attempts < 0:
		return "Policy.Retry.Attempts", "is negative"
	case p.BaseDelay < 0:
		return "Policy.Retry.BaseDelay", "is negative"
	case p.MaxDelay < 0:
		return "Policy.Retry.MaxDelay", "is negative"
	case p.MaxDelay > 0 && p.MaxDelay < p.BaseDelay:
		return "Policy.Retry.MaxDelay", "is less than BaseDelay"
	case p.BaseDelay > math.MaxInt64/2:
		return "Policy.Retry.BaseDelay", "is longer than a century"
	case p.MaxDelay > math.MaxInt64/2:
		return "Policy.Retry.MaxDelay", "is longer than a century"
	}
	return "", ""
}
