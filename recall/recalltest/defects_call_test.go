package recalltest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

// callDefects are of single calls and how they end.
func callDefects() map[string]defect {
	return map[string]defect{
		"no vendor in the receipt":   {"receipt", "Vendor is missing", receipts(func(r *recall.Receipt) { r.Vendor = "" })},
		"no app in the receipt":      {"receipt", "App is missing", receipts(func(r *recall.Receipt) { r.App = "" })},
		"no code in the receipt":     {"receipt", "Code is missing", receipts(func(r *recall.Receipt) { r.Code = "" })},
		"no attempts in the receipt": {"receipt", "Attempts is missing", receipts(func(r *recall.Receipt) { r.Attempts = 0 })},
		"no time in the receipt":     {"receipt", "At (during the call) is missing", receipts(func(r *recall.Receipt) { r.At = time.Time{} })},

		"claims proof of unknown messages": {"proof", "of a message that the vendor does not know, got no error", func(b *broken) {
			b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				receipt, err := b.Fake.RecallMessage(ctx, req)
				if b.in == recalltest.UnknownMessages && errors.Is(err, recall.ErrNotFound) {
					return success(req.MessageID, recall.Recalled), nil
				}
				return receipt, err
			}
		}},
		"claims proof where unknown messages get a yes too": {"proof", "the vendor says yes to a message that it does not know too", func(b *broken) {
			b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				receipt, err := b.Fake.RecallMessage(ctx, req)
				if b.in == recalltest.UnknownMessages && errors.Is(err, recall.ErrNotFound) {
					return success(req.MessageID, recall.Accepted), nil
				}
				return receipt, err
			}
		}},
		"outcome is not the promised one": {"proof", "Capabilities promises \"accepted\"", claims(func(c *recall.Capabilities) { c.Success = recall.Accepted })},

		"recalls twice": {"recalled twice", "the second time, got no error", func(b *broken) {
			b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				receipt, err := b.Fake.RecallMessage(ctx, req)
				if b.in == recalltest.Healthy && errors.Is(err, recall.ErrNotFound) {
					return success(req.MessageID, recall.Recalled), nil
				}
				return receipt, err
			}
		}},
		"one call at a time": {"concurrent use", "calls at once", func(b *broken) {
			var one sync.Mutex
			b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				if !one.TryLock() {
					return recall.Receipt{}, &recall.Error{Kind: recall.ErrUnavailable, Vendor: "fake"}
				}
				defer one.Unlock()
				if b.in == recalltest.Healthy {
					<-time.After(time.Millisecond)
				}
				return b.Fake.RecallMessage(ctx, req)
			}
		}},
		"calls share a receipt": {"concurrent use", "got no error and the receipt", func(b *broken) {
			var mu sync.Mutex
			last := ""
			b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				mu.Lock()
				last = req.MessageID
				mu.Unlock()
				receipt, err := b.Fake.RecallMessage(ctx, req)
				if err == nil {
					<-time.After(time.Millisecond)
					mu.Lock()
					receipt.MessageID = last
					mu.Unlock()
				}
				return receipt, err
			}
		}},

		"sends under a ctx that is over": {"canceled before", "the vendor got 1 request", func(b *broken) {
			b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				if ctx.Err() != nil {
					_, _ = b.Fake.RecallMessage(context.WithoutCancel(ctx), req)
				}
				return b.Fake.RecallMessage(ctx, req)
			}
		}},
		"takes a ctx that is over for a failure": {"canceled before", "ctx canceled: got the error", failures(recalltest.Untouched, func(e *recall.Error) (recall.Receipt, error) {
			if e.Kind == recall.ErrCanceled {
				e.Kind = recall.ErrUnavailable
			}
			return recall.Receipt{}, e
		})},
		"returns late": {"canceled during", "after ctx ended, and twice before it was late too", func(b *broken) {
			b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				receipt, err := b.Fake.RecallMessage(ctx, req)
				if b.in == recalltest.Silent {
					<-time.After(300 * time.Millisecond)
				}
				return receipt, err
			}
		}},
		"ignores ctx": {"canceled during", "the call had not returned 1s after ctx ended", func(b *broken) {
			b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				receipt, err := b.Fake.RecallMessage(ctx, req)
				if b.in == recalltest.Silent {
					<-time.After(time.Minute)
				}
				return receipt, err
			}
		}},
		"takes on the failure of another call": {"canceled during", "another call had not found its message, and the error says so of this one", func(b *broken) {
			b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				receipt, err := b.Fake.RecallMessage(ctx, req)
				if e, ok := errors.AsType[*recall.Error](err); ok && e.Kind == recall.ErrCanceled {
					e.Err = fmt.Errorf("%w: %w", e.Err, context.Cause(ctx))
				}
				return receipt, err
			}
		}},
		"a ctx that ends is a failure": {"canceled during", "ctx ended while the vendor was silent, and the call got the error", kind(recalltest.Silent, recall.ErrUnavailable)},

		"too fast is a success": {"refused is an error", "rate limited: got no error", failures(recalltest.RateLimited, func(*recall.Error) (recall.Receipt, error) {
			return success("1", recall.Accepted), nil
		})},
		"garbage is a success": {"refused is an error", "garbage: got no error", failures(recalltest.Garbage, func(*recall.Error) (recall.Receipt, error) {
			return success("1", recall.Accepted), nil
		})},
		"bare kind":     {"typed errors", "recall.Kind is not and wraps no *recall.Error", failures(recalltest.RateLimited, func(e *recall.Error) (recall.Receipt, error) { return recall.Receipt{}, e.Kind })},
		"another kind":  {"typed errors", `the Kind is "overloaded"`, failures(recalltest.Slow, func(e *recall.Error) (recall.Receipt, error) { return recall.Receipt{}, overloaded(e) })},
		"no vendor":     {"typed errors", "the error has no Vendor", failures(recalltest.RateLimited, func(e *recall.Error) (recall.Receipt, error) { e.Vendor = ""; return recall.Receipt{}, e })},
		"other vendor":  {"typed errors", `the error is of the Vendor "other"`, failures(recalltest.RateLimited, func(e *recall.Error) (recall.Receipt, error) { e.Vendor = "other"; return recall.Receipt{}, e })},
		"claims vendor": {"typed errors", `Capabilities of "other"`, claims(func(c *recall.Capabilities) { c.Vendor = "other" })},
		"receipt with an error": {"empty receipt", "rate limited: got the error", failures(recalltest.RateLimited, func(e *recall.Error) (recall.Receipt, error) {
			return success("1", ""), e
		})},
		"secret in the text": {"no secrets", "code [here it is]", failures(recalltest.WrongCredentials, func(e *recall.Error) (recall.Receipt, error) {
			e.Code = "hunter2"
			return recall.Receipt{}, e
		})},
		"secret in the cause": {"no secrets", "[here it is]", failures(recalltest.Garbage, func(e *recall.Error) (recall.Receipt, error) {
			e.Err = fmt.Errorf("cannot parse %q", "key=hunter2")
			return recall.Receipt{}, e
		})},
		"secret in the receipt":        {"no secrets", "healthy: ", receipts(func(r *recall.Receipt) { r.App = "hunter2" })},
		"garbage leaves nothing open":  {"may have applied", "garbage: nobody knows", open(recalltest.Garbage, false)},
		"silence leaves nothing open":  {"may have applied", "silent: nobody knows", open(recalltest.Silent, false)},
		"a refusal leaves it open":     {"may have applied", "wrong credentials: the message is where it was", open(recalltest.WrongCredentials, true)},
		"what is not sent may be done": {"may have applied", "ctx over: the message is where it was", open(recalltest.Untouched, true)},

		"wrong credentials": {"wrong credentials", "got the error", kind(recalltest.WrongCredentials, recall.ErrForbidden)},
		"unknown message":   {"unknown message", "got the error", kind(recalltest.UnknownMessages, recall.ErrInvalidRequest)},
		"window expired":    {"window expired", "got the error", kind(recalltest.WindowExpired, recall.ErrForbidden)},
		"rate limited":      {"rate limited", "got the error", kind(recalltest.RateLimited, recall.ErrUnavailable)},
		"garbage":           {"garbage", "got the error", kind(recalltest.Garbage, recall.ErrUnavailable)},
		"slow answer":       {"slow answer", "got the error", kind(recalltest.Slow, recall.ErrBadResponse)},
		"the caller's deadline": {"slow answer", "the caller's ctx lives", failures(recalltest.Slow, func(e *recall.Error) (recall.Receipt, error) {
			e.Err = context.DeadlineExceeded
			return recall.Receipt{}, e
		})},
		"Force does nothing": {"window expired", "Force makes a difference: true", func(b *broken) {
			b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				if b.in == recalltest.WindowExpired {
					req.Force = false
				}
				return b.Fake.RecallMessage(ctx, req)
			}
		}},
	}
}
