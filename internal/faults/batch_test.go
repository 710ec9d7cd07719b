package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/imrecall/imrecall/recall"
)

// batched is a client that recalls a message together with others, by the
// vendor's call about several. What becomes of the others is not looked at.
type batched struct {
	client
	others []recall.Request
}

func (c batched) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	results, err := c.client.(recall.Batcher).RecallMessages(ctx, append([]recall.Request{req}, c.others...))
	if err != nil {
		return recall.Receipt{}, err
	}
	if got := results[0].Request.Ref; got != req.Ref {
		return recall.Receipt{}, fmt.Errorf("the result is that of %q", got)
	}
	return results[0].Receipt, results[0].Err
}

// neighbour is a message next to the one that all tests recall.
func neighbour() recall.Request {
	other := message
	other.MessageID, other.SentAt = "4291065454174142470", message.SentAt.Add(time.Millisecond)
	return other
}

// calls are the vendors, and again those that recall several messages by one
// call.
func calls() []vendor {
	all := append([]vendor(nil), vendors...)
	for _, v := range []vendor{vendors[0], vendors[2]} {
		open := v.open
		v.name += " batch"
		v.open = func(p recall.Policy, hosts ...string) (client, error) {
			c, err := open(p, hosts...)
			return batched{c, []recall.Request{neighbour()}}, err
		}
		all = append(all, v)
	}
	return all
}

// forEachCall runs a test for each vendor and each batch.
func forEachCall(t *testing.T, test func(*testing.T, vendor)) {
	t.Helper()
	for _, v := range calls() {
		t.Run(v.name, func(t *testing.T) { test(t, v) })
	}
}

// inBatches makes a backend for batches of one message, which the storm knows
// by its number.
func inBatches(start func(*testing.T) *backend) func(*testing.T) *backend {
	return func(t *testing.T) *backend {
		t.Helper()
		b := start(t)
		b.name += " batch"
		open, about := b.open, b.about
		b.open = func(url string, p recall.Policy) (client, error) {
			c, err := open(url, p)
			return batched{client: c}, err
		}
		b.about = func(body []byte) (int, bool) {
			var easemob struct {
				Msgs []json.RawMessage `json:"msgs"`
			}
			if json.Unmarshal(body, &easemob) == nil && len(easemob.Msgs) == 1 {
				body = easemob.Msgs[0]
			}
			return about(body)
		}
		return b
	}
}
