package easemob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// MaxBatch is how many messages RecallBatch recalls at most.
const MaxBatch = 30

// BatchParams are the parameters of a batch recall, and its body on the wire.
type BatchParams struct {
	// Msgs are the messages, each once: 1 to MaxBatch, of any chats. Their
	// ExtensionInfo has to be empty.
	Msgs []RecallParams `json:"msgs"`

	// ExtensionInfo travels with all of these recalls to the clients. The
	// vendor's table has it beside msgs and not in its items; no sample shows
	// it.
	ExtensionInfo string `json:"recallMessageExtensionInfo,omitempty"`
}

// MessageResult is what became of one message of several: a receipt, or an
// error.
type MessageResult struct {
	MsgID   string
	Receipt recall.Receipt // the zero Receipt where Err is not nil
	Err     error          // a *recall.Error
}

func (p BatchParams) validate() *recall.Error {
	if len(p.Msgs) == 0 || len(p.Msgs) > MaxBatch {
		return recall.Invalid("Msgs", "has to hold 1 to "+strconv.Itoa(MaxBatch)+" messages")
	}
	seen := make(map[string]bool, len(p.Msgs))
	for i, msg := range p.Msgs {
		err := msg.validate()
		switch {
		case err != nil:
		case msg.ExtensionInfo != "":
			err = recall.Invalid("ExtensionInfo", "belongs to the call, not to a message of it")
		case seen[msg.MsgID]:
			err = recall.Invalid("MsgID", "is there twice")
		}
		if err != nil {
			err.Field = fmt.Sprintf("Msgs[%d].%s", i, err.Field)
			return err
		}
		seen[msg.MsgID] = true
	}
	return rest.UTF8("ExtensionInfo", p.ExtensionInfo)
}

// RecallBatch recalls up to MaxBatch messages by one call, which costs as much
// of the quota as a recall of one.
//
// There is one result for each message, in the order of Msgs. They are found in
// the vendor's answer by their ids; a message that the answer does not speak of
// is an error ([recall.ErrBadResponse], with MayHaveApplied). What an outcome
// and an error of a message mean is as in [Client.Recall]. How the vendor tells
// that some of the messages failed is not documented: the form of the legacy
// API is read.
//
// An error means that the call failed as a whole. The vendor's page has the
// errors of a single recall there too, and does not say whether one that is
// about a message stops the others: MayHaveApplied is true then.
//
// With [DialectAgora], which has no such call, the messages are recalled one
// after the other.
//
// POST /{org}/{app}/messages/batch_recall, 100 calls a second for each App Key:
// https://doc.easemob.com/document/server-side/message_recall_batch.html
func (c *Client) RecallBatch(ctx context.Context, p BatchParams) ([]MessageResult, error) {
	if err := p.validate(); err != nil {
		return nil, c.rest.Refused(opBatch, err)
	}
	if !c.dialect.batches() {
		return c.recallSingly(ctx, p), nil
	}
	results, err := c.doEach(ctx, rest.Call{
		Op:       opBatch,
		Messages: len(p.Msgs),
		Quotas:   []recall.Quota{c.quota(apiBatch)},
		Build: func(context.Context) (*rest.Request, error) {
			return c.postJSON("/"+apiBatch, p)
		},
	}, p.decode)
	if refused, found := aboutOne(err); found {
		if len(p.Msgs) == 1 {
			return []MessageResult{{MsgID: p.Msgs[0].MsgID, Err: err}}, nil
		}
		refused.MayHaveApplied = true
	}
	return resultsOf(results, func(i int) string { return p.Msgs[i].MsgID }), err
}

const (
	opBatch  = "recall_batch"
	apiBatch = "messages/batch_recall"
)

func (p BatchParams) decode(a rest.Answer) ([]rest.Fate, error) {
	items, err := itemsOf(a)
	if err != nil {
		return nil, err
	}
	fates := make([]rest.Fate, len(p.Msgs))
	for i, msg := range p.Msgs {
		fates[i] = items.fate(a, msg.MsgID, msg.Force, len(p.Msgs) == 1)
	}
	return fates, nil
}

// resultsOf gives results the ids of their messages.
func resultsOf(results []recall.Result, id func(i int) string) []MessageResult {
	if results == nil {
		return nil
	}
	out := make([]MessageResult, len(results))
	for i, result := range results {
		out[i] = MessageResult{MsgID: id(i), Receipt: result.Receipt, Err: result.Err}
		if result.Err == nil {
			out[i].Receipt.MessageID = out[i].MsgID
		}
	}
	return out
}

// aboutOne returns the error of a call that is about one of its messages, which
// the vendor does not name.
func aboutOne(err error) (*recall.Error, bool) {
	var e *recall.Error
	if !errors.As(err, &e) || e.Status == 0 {
		return nil, false
	}
	return e, e.Kind == recall.ErrNotFound || e.Kind == recall.ErrWindowExpired ||
		e.Kind == recall.ErrInvalidRequest && e.Field == "To"
}

// recallSingly recalls the messages one after the other.
func (c *Client) recallSingly(ctx context.Context, p BatchParams) []MessageResult {
	results := make([]MessageResult, len(p.Msgs))
	for i, msg := range p.Msgs {
		msg.ExtensionInfo = p.ExtensionInfo
		receipt, err := c.Recall(ctx, msg)
		results[i] = MessageResult{MsgID: msg.MsgID, Receipt: receipt, Err: err}
	}
	return results
}

// BatchKey implements [recall.Batcher]: messages with the same extension share
// a call of MaxBatch, whatever their chats. With [DialectAgora] each goes alone.
func (c *Client) BatchKey(req recall.Request) (key string, limit int) {
	p, err := paramsOf(req)
	if err != nil || !c.dialect.batches() {
		return "", 1
	}
	quoted, _ := json.Marshal(p.ExtensionInfo) // a string always marshals
	return string(quoted), MaxBatch
}

// RecallMessages implements [recall.Batcher] by one call of
// [Client.RecallBatch], whose outcomes and errors are each message's own.
//
// Two calls for one purpose are made in two cases. A message that is given
// twice in different ways (with Force and without, say) is recalled the second
// way on its own. And where the vendor refuses the call as a whole for what is
// wrong with one message, without saying which, each is recalled on its own to
// know its fate.
func (c *Client) RecallMessages(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
	b, err := planBatch(reqs)
	if err != nil {
		return nil, c.rest.Refused(opBatch, err)
	}
	results := make([]recall.Result, len(reqs))
	var sent []MessageResult
	if len(b.call.Msgs) > 0 {
		var err error
		sent, err = c.RecallBatch(ctx, b.call)
		if _, found := aboutOne(err); found {
			sent, err = c.recallRest(ctx, b.call), nil
		}
		if err != nil {
			return nil, err
		}
	}
	for i, req := range reqs {
		results[i].Request = req
		switch place := b.places[i]; {
		case b.errs[i] != nil:
			results[i].Err = c.rest.Refused(opRecall, b.errs[i])
		case place < 0:
			results[i].Receipt, results[i].Err = c.RecallMessage(ctx, req)
		default:
			results[i].Receipt, results[i].Err = sent[place].Receipt, sent[place].Err
		}
	}
	return results, nil
}

// recallRest recalls the messages of a batch that was refused, one by one.
// Nobody knows whether the batch recalled a message of which no answer says
// where it is.
func (c *Client) recallRest(ctx context.Context, p BatchParams) []MessageResult {
	results := c.recallSingly(ctx, p)
	for _, result := range results {
		var e *recall.Error
		if !errors.As(result.Err, &e) {
			continue
		}
		switch e.Kind {
		case recall.ErrWindowExpired, recall.ErrForbidden, recall.ErrInvalidRequest: // it is where it was
		default:
			e.MayHaveApplied = true
		}
	}
	return results
}

// batchPlan is how requests are put into one call.
type batchPlan struct {
	call   BatchParams
	places []int           // of each request's message in call; -1 for one that goes alone
	errs   []*recall.Error // of requests that are refused
}

func planBatch(reqs []recall.Request) (batchPlan, *recall.Error) {
	b := batchPlan{places: make([]int, len(reqs)), errs: make([]*recall.Error, len(reqs))}
	place := map[string]int{}
	for i, req := range reqs {
		p, err := paramsOf(req)
		if err != nil {
			b.errs[i] = err
			continue
		}
		extension := p.ExtensionInfo
		p.ExtensionInfo = ""
		if len(b.call.Msgs) == 0 {
			b.call.ExtensionInfo = extension
		}
		if extension != b.call.ExtensionInfo {
			return b, recall.Invalid("BatchKey", "differs among the requests, which can't share a call then")
		}
		at, known := place[p.MsgID]
		switch {
		case !known:
			at = len(b.call.Msgs)
			place[p.MsgID] = at
			b.call.Msgs = append(b.call.Msgs, p)
		case b.call.Msgs[at] != p:
			at = -1
		}
		b.places[i] = at
	}
	return b, nil
}
