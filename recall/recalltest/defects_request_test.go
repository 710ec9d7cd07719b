package recalltest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

// requestDefects are of what is refused before it is sent, and of batches.
func requestDefects() map[string]defect {
	return map[string]defect{
		"names no field":    {"missing field", "the error does not name the field", refusals(field("", recall.ErrInvalidRequest))},
		"names another one": {"missing field", "the error does not name the field", refusals(field("Body", recall.ErrInvalidRequest))},
		"sends what it refuses": {"missing field", "the vendor got 1 request", func(b *broken) {
			b.recall = func(ctx context.Context, req recall.Request) (recall.Receipt, error) {
				if b.Fake.ValidateRequest(req) != nil && req.Chat == recall.ChatRoom {
					_, _ = b.Fake.RecallMessage(ctx, b.good)
				}
				return b.Fake.RecallMessage(ctx, req)
			}
		}},
		"a group is refused as something else": {"kinds of chat", `Chat "group": got the error`, refusals(func(req recall.Request, err error) error {
			if req.Chat == recall.ChatGroup {
				return &recall.Error{Kind: recall.ErrInvalidRequest, Field: "To", Vendor: "fake"}
			}
			return err
		})},
		"any chat is unsupported": {"kinds of chat", `Chat "telepathy": got the error`, refusals(func(req recall.Request, err error) error {
			if req.Chat == "telepathy" {
				return &recall.Error{Kind: recall.ErrUnsupported, Field: "Chat", Vendor: "fake"}
			}
			return err
		})},
		"needs more than it says": {"capabilities", "room: a request with what is needed", refusals(func(req recall.Request, err error) error {
			if err == nil && req.Reason == "" {
				return &recall.Error{Kind: recall.ErrInvalidRequest, Field: "Reason", Vendor: "fake"}
			}
			return err
		})},
		"sends what nobody has":   {"capabilities", "a list has no field of a Request", claims(func(c *recall.Capabilities) { c.Sends = []string{"Body"} })},
		"promises no outcome":     {"capabilities", "ForcedSuccess is no outcome", claimsForced("")},
		"promises larger batches": {"capabilities", "Batch is 9, and BatchKey lets 5 messages share a call", claims(func(c *recall.Capabilities) { c.Batch = 9 })},
		"a pace below zero":       {"capabilities", "CallsPerSecond is negative", claims(func(c *recall.Capabilities) { c.CallsPerSecond = -1 })},
		"validates nothing":       {"validator", "ValidateRequest has nothing against it", func(b *broken) { b.validate = func(recall.Request) error { return nil } }},
		"validates in another way": {"validator", "ValidateRequest returns", func(b *broken) {
			b.validate = func(req recall.Request) error {
				return field("Body", recall.ErrInvalidRequest)(req, b.Fake.ValidateRequest(req))
			}
		}},
		"validates by sending": {"validator", "the vendor got 1 request", func(b *broken) {
			b.validate = func(req recall.Request) error {
				err := b.Fake.ValidateRequest(req)
				if err != nil {
					req = b.good
					_, _ = b.Fake.RecallMessage(context.Background(), req)
				}
				return err
			}
		}},

		"changes requests": {"request unchanged", "RecallMessages got", batches(func(reqs []recall.Request, results []recall.Result, err error) ([]recall.Result, error) {
			reqs[0].Reason = ""
			return results, err
		})},
		"results in another order": {"batch in order", "the request at 0 was about", inSituation(recalltest.OneUnknown, func(_ []recall.Request, results []recall.Result, err error) ([]recall.Result, error) {
			slices.Reverse(results)
			return results, err
		})},
		"receipts in another order": {"batch in order", "and its receipt is about", inSituation(recalltest.OneUnknown, func(_ []recall.Request, results []recall.Result, err error) ([]recall.Result, error) {
			results[0].Receipt, results[1].Receipt = results[1].Receipt, results[0].Receipt
			return results, err
		})},
		"fates in reverse order": {"batch in order", "of the message that the vendor does not know", inSituation(recalltest.OneUnknown, func(reqs []recall.Request, results []recall.Result, err error) ([]recall.Result, error) {
			slices.Reverse(results)
			for i := range results {
				results[i].Request = reqs[i]
				if results[i].Err == nil {
					results[i].Receipt.MessageID = reqs[i].MessageID
				}
			}
			return results, err
		})},
		"one fate for all": {"batch in order", "of the message that the vendor does not know", inSituation(recalltest.OneUnknown, func(reqs []recall.Request, results []recall.Result, err error) ([]recall.Result, error) {
			results[2].Receipt, results[2].Err = success(reqs[2].MessageID, recall.Recalled), nil
			return results, err
		})},
		"one failure for all": {"batch in order", "beside one that it does not know", inSituation(recalltest.OneUnknown, func(_ []recall.Request, results []recall.Result, err error) ([]recall.Result, error) {
			results[0].Receipt, results[0].Err = recall.Receipt{}, results[2].Err
			return results, err
		})},
		"sends a message twice": {"batch with duplicates", "the same again got the error", batches(func(reqs []recall.Request, results []recall.Result, err error) ([]recall.Result, error) {
			if len(reqs) == 3 && err == nil && reqs[0].MessageID == reqs[2].MessageID {
				results[2].Receipt, results[2].Err = recall.Receipt{}, recall.ErrNotFound
			}
			return results, err
		})},
		"leaves duplicates out": {"batch with duplicates", "of 3 messages, there are 2 results", batches(func(reqs []recall.Request, results []recall.Result, err error) ([]recall.Result, error) {
			if len(reqs) == 3 && err == nil && reqs[0].MessageID == reqs[2].MessageID {
				results = results[:2]
			}
			return results, err
		})},
		"one invalid spoils all": {"batch with one invalid", "of 3 messages, there are 0 results", batches(func(_ []recall.Request, results []recall.Result, err error) ([]recall.Result, error) {
			for _, r := range results {
				if errors.Is(r.Err, recall.ErrInvalidRequest) {
					return nil, r.Err
				}
			}
			return results, err
		})},
		"invalid is left out": {"batch with one invalid", "without MessageID: got no error", batches(func(_ []recall.Request, results []recall.Result, err error) ([]recall.Result, error) {
			for i, r := range results {
				if errors.Is(r.Err, recall.ErrInvalidRequest) {
					results[i].Err = nil
				}
			}
			return results, err
		})},
		"any size of batch": {"batch that can't be one", "6 messages: ", func(b *broken) {
			b.recallAll = func(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
				if len(reqs) <= 5 {
					return b.Fake.RecallMessages(ctx, reqs)
				}
				first, err := b.Fake.RecallMessages(ctx, reqs[:5])
				rest, _ := b.Fake.RecallMessages(ctx, reqs[5:])
				return append(first, rest...), err
			}
		}},
		"one key for all": {"batch that can't be one", "two requests with different keys: ", func(b *broken) {
			b.recallAll = func(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
				if len(reqs) != 2 {
					return b.Fake.RecallMessages(ctx, reqs)
				}
				first, err := b.Fake.RecallMessages(ctx, reqs[:1])
				rest, _ := b.Fake.RecallMessages(ctx, reqs[1:])
				return append(first, rest...), err
			}
		}},
		"a batch under a ctx that is over": {"batch canceled before", "the vendor got 1 request", func(b *broken) {
			b.recallAll = func(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
				if b.in == recalltest.Untouched {
					ctx = context.WithoutCancel(ctx)
				}
				return b.Fake.RecallMessages(ctx, reqs)
			}
		}},
		"results of a canceled batch": {"batch canceled before", "4 results", batches(func(reqs []recall.Request, results []recall.Result, err error) ([]recall.Result, error) {
			if errors.Is(err, recall.ErrCanceled) {
				results = make([]recall.Result, len(reqs))
			}
			return results, err
		})},
		"a batch ignores ctx": {"batch canceled during", "the call had not returned 1s after ctx ended", func(b *broken) {
			b.recallAll = func(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
				results, err := b.Fake.RecallMessages(ctx, reqs)
				if b.in == recalltest.Silent {
					<-time.After(time.Minute)
				}
				return results, err
			}
		}},
		"one batch at a time": {"batch concurrent use", "of 4 calls at once, one got 0 results", func(b *broken) {
			var one sync.Mutex
			b.recallAll = func(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
				if !one.TryLock() {
					return nil, &recall.Error{Kind: recall.ErrUnavailable, Vendor: "fake"}
				}
				defer one.Unlock()
				if b.in == recalltest.Healthy {
					<-time.After(time.Millisecond)
				}
				return b.Fake.RecallMessages(ctx, reqs)
			}
		}},
		"secret in a batch": {"no secrets", "wrong credentials, batch: ", inSituation(recalltest.WrongCredentials, func(_ []recall.Request, _ []recall.Result, err error) ([]recall.Result, error) {
			e, _ := errors.AsType[*recall.Error](err)
			e.Message = "hunter2"
			return nil, e
		})},
		"results with bare kinds": {"typed errors", "garbage, batch: recall.Kind", inSituation(recalltest.Garbage, func(reqs []recall.Request, _ []recall.Result, _ error) ([]recall.Result, error) {
			results := make([]recall.Result, len(reqs))
			for i := range results {
				results[i] = recall.Result{Request: reqs[i], Err: recall.ErrBadResponse}
			}
			return results, nil
		})},
		"a refused batch is a success": {"batch refused", "at 0 there is the receipt", inSituation(recalltest.WrongCredentials, func(reqs []recall.Request, _ []recall.Result, _ error) ([]recall.Result, error) {
			return make([]recall.Result, len(reqs)), nil
		})},
		"a refused batch is nothing": {"batch refused", "neither results nor an error", inSituation(recalltest.WrongCredentials, func([]recall.Request, []recall.Result, error) ([]recall.Result, error) { return nil, nil })},
		"a refused batch has its fates": {"batch refused", "and 1 result", inSituation(recalltest.WrongCredentials, func(_ []recall.Request, _ []recall.Result, err error) ([]recall.Result, error) {
			return make([]recall.Result, 1), err
		})},
	}
}
