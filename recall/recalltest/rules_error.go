package recalltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// errorRules are about every way in which a call fails.
func errorRules() []rule {
	return []rule{
		{"refused is an error", "a refusal by the vendor is a non-nil error, and an answer that can't be read is no success", refusedIsAnError},
		{"typed errors", "an error is, or wraps, a *recall.Error with a known Kind and the provider's Vendor", errorsAreTyped},
		{"empty receipt", "with an error the receipt is the zero Receipt", receiptIsEmpty},
		{"no secrets", "no error and no receipt holds a secret", noSecrets},
		{"may have applied", "MayHaveApplied is true where a request went out and no answer settled its fate, and only there", mayHaveApplied},
	}
}

// failure is a call that fails in a situation.
type failure struct {
	situation Situation
	harness   Harness
	receipt   recall.Receipt
	err       error
	batch     bool // of RecallMessages, or of one of its results
}

func (f failure) String() string {
	if f.batch {
		return string(f.situation) + ", batch"
	}
	return string(f.situation)
}

// refusals are the situations in which the vendor answers, and never with yes.
func refusals() []Situation {
	return []Situation{WrongCredentials, WindowExpired, RateLimited, Garbage}
}

// failures makes a call in each situation that can be staged.
func (p *probe) failures(situations ...Situation) []failure {
	var all []failure
	for _, s := range situations {
		h, ok := p.stage(s)
		if !ok {
			continue
		}
		f := failure{situation: s, harness: h}
		if s == Silent && h.Live {
			p.staged-- // a real vendor does answer
			continue
		}
		f.fail(p)
		all = append(all, f)
	}
	return all
}

// fail makes the call. On a busy machine a short time may be over before the
// request is out, and then nothing is open: the call is repeated.
func (f *failure) fail(p *probe) {
	for try := 1; try <= 3; try++ {
		if f.situation == Silent {
			f.receipt, f.err = p.canceled(f.harness, time.Duration(try)*whileCalling)
		} else {
			f.receipt, f.err = p.recall(f.harness, plain(f.harness))
		}
		e, ok := errors.AsType[*recall.Error](f.err)
		if !ok || e.MayHaveApplied || f.situation != Silent && f.situation != Slow {
			return
		}
	}
}

// plain is a message without the permission to go past the window.
func plain(h Harness) recall.Request {
	req := h.Messages[0]
	if !h.Live {
		req.Force = false
	}
	return req
}

func refusedIsAnError(p *probe) {
	for _, f := range p.failures(refusals()...) {
		if f.err == nil {
			p.violated("%s: %s", f, got(f.receipt, nil))
		}
	}
}

func (p *probe) allFailures() []failure {
	all := p.failures(append(refusals(), UnknownMessages, Slow, Silent)...)
	if h, ok := p.stage(Untouched); ok {
		receipt, err := p.recall(h, recall.Request{})
		all = append(all, failure{situation: "empty request", harness: h, receipt: receipt, err: err})
		receipt, err = h.Provider.RecallMessage(p.overContexts()["canceled"], h.Messages[0])
		all = append(all, failure{situation: "ctx over", harness: h, receipt: receipt, err: err})
	}
	for _, s := range []Situation{WrongCredentials, RateLimited, Garbage} {
		all = append(all, p.batchFailures(s)...)
	}
	return all
}

// batchFailures recalls the messages together, where that is possible. There is
// one failure for the call as a whole, or one for each message.
func (p *probe) batchFailures(s Situation) []failure {
	h, ok := p.stage(s)
	if !ok {
		return nil
	}
	b, ok := h.Provider.(recall.Batcher)
	if !ok {
		return nil
	}
	if key, _ := b.BatchKey(h.Messages[0]); key == "" {
		return nil // one after the other, as above
	}
	results, err := p.recallAll(b, slices.Clone(h.Messages))
	if err != nil {
		return []failure{{situation: s, harness: h, err: err, batch: true}}
	}
	var all []failure
	for _, r := range results {
		all = append(all, failure{situation: s, harness: h, receipt: r.Receipt, err: r.Err, batch: true})
	}
	return all
}

func errorsAreTyped(p *probe) {
	for _, f := range p.allFailures() {
		var e *recall.Error
		switch {
		case f.err == nil:
		case !errors.As(f.err, &e) || e == nil:
			p.violated("%s: %T is not and wraps no *recall.Error: %v", f, f.err, f.err)
		case !knownKind(e.Kind):
			p.violated("%s: the Kind is %q: %v", f, e.Kind, f.err)
		case e.Vendor == "":
			p.violated("%s: the error has no Vendor: %v", f, f.err)
		default:
			if c, ok := f.harness.Provider.(recall.Capable); ok && c.Capabilities().Vendor != e.Vendor {
				p.violated("%s: the error is of the Vendor %q, and Capabilities of %q", f, e.Vendor, c.Capabilities().Vendor)
			}
		}
	}
}

func knownKind(k recall.Kind) bool {
	switch k {
	case recall.ErrInvalidRequest, recall.ErrUnauthorized, recall.ErrMisconfigured, recall.ErrForbidden,
		recall.ErrNotEnabled, recall.ErrWindowExpired, recall.ErrNotFound, recall.ErrRateLimited,
		recall.ErrPlanExhausted, recall.ErrUnavailable, recall.ErrBadResponse, recall.ErrUnsupported, recall.ErrCanceled:
		return true
	}
	return false
}

func receiptIsEmpty(p *probe) {
	for _, f := range p.allFailures() {
		if f.err != nil && f.receipt != (recall.Receipt{}) {
			p.violated("%s: %s and the receipt %+v", f, got(f.receipt, f.err), f.receipt)
		}
	}
}

func noSecrets(p *probe) {
	calls := p.allFailures()
	if h, ok := p.stage(Healthy); ok {
		receipt, err := p.recall(h, h.Messages[0])
		calls = append(calls, failure{situation: Healthy, harness: h, receipt: receipt, err: err})
	}
	named := false
	for _, f := range calls {
		for _, secret := range f.harness.Secrets {
			if secret == "" {
				continue
			}
			named = true
			if text, found := holds(f, secret); found {
				p.violated("%s: %s", f, strings.ReplaceAll(text, secret, "[here it is]"))
			}
		}
	}
	if !named {
		p.staged = 0
		p.skip("the harness names no secrets")
	}
}

// holds looks for a secret in all that can be printed of a call.
func holds(f failure, secret string) (string, bool) {
	inJSON, _ := json.Marshal([]any{f.receipt, f.err})
	texts := []string{
		fmt.Sprint(f.err), fmt.Sprintf("%+v %#v", f.err, f.err), fmt.Sprintf("%+v", f.receipt), string(inJSON),
	}
	for err := f.err; err != nil; err = errors.Unwrap(err) {
		texts = append(texts, err.Error())
	}
	if e, ok := errors.AsType[*recall.Error](f.err); ok && e.Err != nil {
		texts = append(texts, fmt.Sprintf("%v %+v", e.Err, e.Err))
	}
	for _, text := range texts {
		if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
			return text, true
		}
	}
	return "", false
}

func mayHaveApplied(p *probe) {
	for _, f := range p.allFailures() {
		e, ok := errors.AsType[*recall.Error](f.err)
		if !ok {
			continue
		}
		switch f.situation {
		case Garbage, Slow, Silent:
			if !e.MayHaveApplied {
				p.violated("%s: nobody knows what the vendor did, and MayHaveApplied is false: %v", f, f.err)
			}
		default:
			if e.MayHaveApplied {
				p.violated("%s: the message is where it was, and MayHaveApplied is true: %v", f, f.err)
			}
		}
	}
}
