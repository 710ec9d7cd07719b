package easemob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
	if err := validEach(len(p.Msgs), func(i int) (string, *recall.Error) {
		msg := p.Msgs[i]
		err := msg.validate()
		if err == nil && msg.ExtensionInfo != "" {
			err = recall.Invalid("ExtensionInfo", "belongs to the call, not to a message of it")
		}
		return msg.MsgID, err
	}); err != nil {
		return err
	}
	return rest.UTF8("ExtensionInfo", p.ExtensionInfo)
}

// validEach checks n messages, of which check returns the id and what is wrong:
// the vendor's answer can't tell two with the same id apart.
func validEach(n int, check func(i int) (id string, err *recall.Error)) *recall.Error {
	seen := make(map[string]bool, n)
	for i := range n {
		id, err := check(i)
		if err == nil && seen[id] {
			err = recall.Invalid("MsgID", "is there twice")
		}
		if err != nil {
			err.Field = fmt.Sprintf("Msgs[%d].%s", i, err.Field)
			return err
		}
		seen[id] = true
	}
	return nil
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
// about a message of several stops the others: MayHaveApplied is true then.
//
// With [DialectAgora], which has no such call, the messages are recalled one
// after the other.
//
// POST /{org}/{app}/messages/batch_recall, 100 calls a second for each App Key:
// https://doc.easemob.com/document/server-side/message_recall_batch.html
func (c *Client) RecallBatch(ctx context.Context, p BatchParams) ([]MessageResult, error) {
	return unnamed(c.recallBatch(ctx, p))
}

// recallBatch is RecallBatch but for one thing: with an error, MayHaveApplied
// is true only where an attempt was not answered.
func (c *Client) recallBatch(ctx context.Context, p BatchParams) ([]MessageResult, error) {
	if err := p.validate(); err != nil {
		return nil, c.rest.Refused(opBatch, err)
	}
	if !c.dialect.batches() {
		return c.recallSingly(ctx, p), nil
	}
	return c.recallEach(ctx, opBatch, apiBatch, p, p.wanted())
}

const (
	opBatch  = "recall_batch"
	apiBatch = "messages/batch_recall"
)

func (p BatchParams) wanted() []wanted {
	msgs := make([]wanted, len(p.Msgs))
	for i, msg := range p.Msgs {
		msgs[i] = wanted{msg.MsgID, msg.Force}
	}
	return msgs
}

// wanted is what there is to know of a message to read what became of it.
type wanted struct {
	id    string
	force bool
}

// recallEach makes a call about several messages, and finds out what became of
// each.
func (c *Client) recallEach(ctx context.Context, op, api string, body any, msgs []wanted) ([]MessageResult, error) {
	results, err := c.doEach(ctx, rest.Call{
		Op:       op,
		Messages: len(msgs),
		Quotas:   []recall.Quota{c.quota(api)},
		Build:    func(context.Context) (*rest.Request, error) { return c.postJSON(c.root+"/"+api, body) },
	}, func(a rest.Answer) ([]rest.Fate, error) { return fatesOf(a, msgs) })
	if _, found := aboutOne(err); found && len(msgs) == 1 {
		return []MessageResult{{MsgID: msgs[0].id, Err: err}}, nil
	}
	if err != nil {
		return nil, err
	}
	out := make([]MessageResult, len(msgs))
	for i, result := range results {
		out[i] = MessageResult{MsgID: msgs[i].id, Receipt: result.Receipt, Err: result.Err}
		if result.Err == nil {
			out[i].Receipt.MessageID = msgs[i].id
		}
	}
	return out, nil
}

// unnamed completes the error of a call that was refused for one of its
// messages: the others may have been recalled.
func unnamed(results []MessageResult, err error) ([]MessageResult, error) {
	if refused, found := aboutOne(err); found {
		refused.MayHaveApplied = true
	}
	return results, err
}

// fatesOf reads what an answer says of each message.
func fatesOf(a rest.Answer, msgs []wanted) ([]rest.Fate, error) {
	items, err := itemsOf(a)
	if err != nil {
		return nil, err
	}
	fates := make([]rest.Fate, len(msgs))
	for i, msg := range msgs {
		fates[i] = fateOf(items, a, msg, len(msgs) == 1)
	}
	return fates, nil
}

// aboutOne returns the error of a call that is, or may be, about one of its
// messages, which the vendor does not name.
func aboutOne(err error) (*recall.Error, bool) {
	var e *recall.Error
	if !errors.As(err, &e) || e.Status == 0 {
		return nil, false
	}
	switch e.Kind {
	case recall.ErrNotFound, recall.ErrWindowExpired:
		return e, true
	case recall.ErrForbidden:
		return e, e.Code != "forbidden_service_operation" // which bans the application
	case recall.ErrInvalidRequest:
		return e, e.Field == "To" || e.Code == "message_recall_error" && !strings.HasSuffix(normal(e.Message), "can't be empty")
	default:
		return e, false
	}
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
// There are further calls in two cases. A message that is given
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
		sent, err = c.recallBatch(ctx, b.call)
		if refused, found := aboutOne(err); found {
			sent, err = c.recallRest(ctx, b.call, refused.MayHaveApplied), nil
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
			results[i] = c.recallAgain(ctx, req, sent)
		default:
			results[i].Receipt, results[i].Err = sent[place].Receipt, sent[place].Err
		}
	}
	return results, nil
}

// recallAgain recalls a message in another way than its first one in the
// batch. That the vendor does not know it any more may be the first one's doing.
func (c *Client) recallAgain(ctx context.Context, req recall.Request, sent []MessageResult) recall.Result {
	first := sent[slices.IndexFunc(sent, func(r MessageResult) bool { return r.MsgID == req.MessageID })]
	if first.Err == nil && !req.Force {
		return recall.Result{Request: req, Receipt: first.Receipt}
	}
	receipt, err := c.RecallMessage(ctx, req)
	var e, earlier *recall.Error
	if errors.As(err, &e) && errors.As(first.Err, &earlier) {
		e.MayHaveApplied = e.MayHaveApplied || earlier.MayHaveApplied
	}
	if first.Err == nil && errors.Is(err, recall.ErrNotFound) {
		return recall.Result{Request: req, Receipt: first.Receipt}
	}
	return recall.Result{Request: req, Receipt: receipt, Err: err}
}

// recallRest recalls the messages of a batch that was refused, one by one.
// Nobody knows whether the batch recalled a message of which no answer says
// where it is; and if an attempt of the batch was not answered, that one may
// have recalled a message that is refused now for its age.
func (c *Client) recallRest(ctx context.Context, p BatchParams, unanswered bool) []MessageResult {
	results := c.recallSingly(ctx, p)
	for _, result := range results {
		var e *recall.Error
		if !errors.As(result.Err, &e) {
			continue
		}
		switch e.Kind {
		case recall.ErrWindowExpired, recall.ErrForbidden, recall.ErrInvalidRequest: // it is where it was
			e.MayHaveApplied = e.MayHaveApplied || unanswered
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
	if len(b.call.Msgs) > MaxBatch {
		return b, recall.Invalid("reqs", "are more than "+strconv.Itoa(MaxBatch)+" messages")
	}
	return b, nil
}
