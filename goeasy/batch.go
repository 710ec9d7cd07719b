package goeasy

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/imrecall/imrecall/recall"
)

// BatchKey implements [recall.Batcher]: messages of one conversation that the
// same operator recalls with the same extension share a call of MaxMessages.
func (c *Client) BatchKey(req recall.Request) (key string, limit int) {
	p, err := paramsOf(req)
	if err != nil {
		return "", 1 // refused, and so alone
	}
	return batchKey(p), MaxMessages
}

// batchKey writes down all that a call shares, without a character of one
// part passing for a separator. The two users of a chat are in no order.
func batchKey(p RecallParams) string {
	shared := p
	shared.Messages = nil
	shared.UserAID, shared.UserBID = min(p.UserAID, p.UserBID), max(p.UserAID, p.UserBID)
	key, _ := json.Marshal(shared) // what paramsOf returns always marshals
	return string(key)
}

// RecallMessages implements [recall.Batcher] by one call of [Client.Recall].
// The vendor answers for all messages at once: a refusal is an error, and a
// yes is every message's outcome.
func (c *Client) RecallMessages(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
	call, results, refusal := c.planBatch(reqs)
	if refusal != nil {
		return nil, c.rest.Refused(opRecall, refusal)
	}
	if len(call.Messages) == 0 {
		return results, nil // nothing to send
	}
	receipt, err := c.Recall(ctx, call)
	if err != nil {
		return nil, err
	}
	for i := range results {
		if results[i].Err == nil {
			results[i].Receipt = receipt
			results[i].Receipt.MessageID = results[i].Request.MessageID
		}
	}
	return results, nil
}

// planBatch puts requests into one call, each message once. The results are
// those of the requests that can't be sent; the others have none yet.
func (c *Client) planBatch(reqs []recall.Request) (call RecallParams, results []recall.Result, refusal *recall.Error) {
	results = make([]recall.Result, len(reqs))
	key := ""
	seen := map[int64]bool{}
	for i, req := range reqs {
		results[i].Request = req
		p, err := paramsOf(req)
		if err != nil {
			results[i].Err = c.rest.Refused(opRecall, err)
			continue
		}
		if key == "" {
			call, key = p, batchKey(p)
			call.Messages = nil
		}
		if batchKey(p) != key {
			return call, nil, recall.Invalid("BatchKey", "differs among the requests, which can't share a call then")
		}
		if ms := p.Messages[0]; !seen[ms] {
			seen[ms] = true
			call.Messages = append(call.Messages, ms)
		}
	}
	if len(call.Messages) > MaxMessages {
		return call, nil, recall.Invalid("reqs", "are more than "+strconv.Itoa(MaxMessages)+" messages")
	}
	return call, results, nil
}
