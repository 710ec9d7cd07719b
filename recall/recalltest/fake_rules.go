package recalltest

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/imrecall/imrecall/recall"
)

// Capabilities implements [recall.Capable]: they are As, with the vendor
// "fake", all kinds of chat and recall.Recalled where As says nothing.
func (f *Fake) Capabilities() recall.Capabilities {
	as := f.As
	if as.Vendor == "" {
		as.Vendor = "fake"
	}
	if len(as.Chats) == 0 {
		as.Chats = allChats()
	}
	if as.Success == "" {
		as.Success = recall.Recalled
	}
	if as.ForcedSuccess == "" {
		as.ForcedSuccess = as.Success
	}
	return as
}

// ValidateRequest implements [recall.Validator]. It checks what As needs: the
// kind of chat, that fields are there and that a SentAt is in whole
// milliseconds.
func (f *Fake) ValidateRequest(req recall.Request) error {
	if err := f.check(req); err != nil {
		return f.complete(err, 0)
	}
	return nil
}

func (f *Fake) check(req recall.Request) *recall.Error {
	if len(f.As.Chats) > 0 && !slices.Contains(f.As.Chats, req.Chat) {
		err := recall.Invalid("Chat", "is "+strconv.Quote(string(req.Chat))+", which is none that this fake takes")
		if req.Chat.Valid() {
			err.Kind = recall.ErrUnsupported
		}
		return err
	}
	for _, name := range needs(f.As, req.Chat) {
		if isEmpty(req, name) {
			return recall.Invalid(name, "is required")
		}
		if name == "SentAt" && req.SentAt.Nanosecond()%1e6 != 0 {
			return recall.Invalid(name, "has a fraction of a millisecond")
		}
	}
	return nil
}

// BatchKey implements [recall.Batcher]: messages of one conversation with the
// same Operator and Extension share a call, where As.Batch is more than 1.
func (f *Fake) BatchKey(req recall.Request) (key string, limit int) {
	if f.As.Batch <= 1 || f.check(req) != nil {
		return "", 1
	}
	return conversation(req), f.As.Batch
}

func conversation(req recall.Request) string {
	parts := []string{string(req.Chat), req.From, req.To, req.Operator, req.Extension}
	if req.Chat == recall.ChatDirect {
		parts[1], parts[2] = min(req.From, req.To), max(req.From, req.To)
	} else {
		parts[1] = "" // of whoever wrote there
	}
	key, _ := json.Marshal(parts) // strings always marshal
	return string(key)
}

// RecallMessages implements [recall.Batcher]. Where As.Batch is 0 it takes any
// requests.
func (f *Fake) RecallMessages(ctx context.Context, reqs []recall.Request) ([]recall.Result, error) {
	if err := f.unsent(ctx); err != nil {
		return nil, err
	}
	results, sent, err := f.plan(reqs)
	if err != nil {
		return nil, f.complete(err, 0)
	}
	if len(sent) == 0 {
		return results, nil
	}
	call, number := f.beginBatch(ctx, sent)
	if err := f.wait(ctx, call.whole); err != nil {
		return nil, err
	}
	if call.whole.Err != nil {
		return nil, f.failure(call.whole.Err)
	}
	for i, req := range reqs {
		if results[i].Err == nil {
			results[i].Receipt, results[i].Err = f.give(call.each[sameMessage(req)], req, number)
		}
	}
	return results, nil
}

// plan finds the messages to send, each once, and refuses the others.
func (f *Fake) plan(reqs []recall.Request) ([]recall.Result, []recall.Request, *recall.Error) {
	results := make([]recall.Result, len(reqs))
	var sent []recall.Request
	seen := map[recall.Request]bool{}
	for i, req := range reqs {
		results[i].Request = req
		if err := f.ValidateRequest(req); err != nil {
			results[i].Err = err
			continue
		}
		if len(sent) > 0 && f.As.Batch > 0 && conversation(req) != conversation(sent[0]) {
			return nil, nil, recall.Invalid("BatchKey", "differs among the requests, which can't share a call then")
		}
		if !seen[sameMessage(req)] {
			seen[sameMessage(req)] = true
			sent = append(sent, req)
		}
	}
	if f.As.Batch > 0 && len(sent) > f.As.Batch {
		return nil, nil, recall.Invalid("reqs", "are more than "+strconv.Itoa(f.As.Batch)+" messages")
	}
	return results, sent, nil
}

// sameMessage is equal for requests to recall the same message in the same way.
func sameMessage(req recall.Request) recall.Request {
	req.Ref = ""
	req.SentAt = req.SentAt.UTC().Round(0)
	return req
}

// batchAnswer is what a call of several messages comes to.
type batchAnswer struct {
	whole Answer
	each  map[recall.Request]Answer
}

func (f *Fake) beginBatch(ctx context.Context, sent []recall.Request) (batchAnswer, int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	number := f.record(ctx, sent, true)
	call := batchAnswer{whole: f.takeNext(), each: make(map[recall.Request]Answer, len(sent))}
	for _, req := range sent {
		answer, ok := f.scripted(req.MessageID)
		if !ok {
			answer = call.whole
		}
		call.each[sameMessage(req)] = answer
	}
	return call, number
}
