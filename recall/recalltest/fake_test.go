package recalltest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

func message(id string) recall.Request {
	return recall.Request{
		MessageID: id, Chat: recall.ChatDirect, From: "user1", To: "user2",
		SentAt: time.UnixMilli(1700000000123), Ref: "ticket " + id,
	}
}

func TestZeroFakeSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fake recalltest.Fake
		receipt, err := fake.RecallMessage(t.Context(), recall.Request{MessageID: "1"})
		require.NoError(t, err)
		assert.Equal(t, recall.Receipt{
			Vendor: "fake", App: "fake-app", MessageID: "1", Outcome: recall.Recalled, Code: "ok", Attempts: 1,
			TraceID: "fake-1", At: time.Now(),
		}, receipt)
		_, err = fake.RecallMessage(t.Context(), recall.Request{})
		assert.NoError(t, err, "the zero fake needs no field")
	})
}

func TestScriptOfCalls(t *testing.T) {
	var fake recalltest.Fake
	fake.Next(recalltest.Answer{Err: recall.ErrNotFound})
	fake.Next(recalltest.Answer{Outcome: recall.AlreadyGone}, recalltest.Answer{Err: recall.ErrForbidden})

	_, err := fake.RecallMessage(t.Context(), message("1"))
	assert.ErrorIs(t, err, recall.ErrNotFound)
	receipt, err := fake.RecallMessage(t.Context(), message("1"))
	require.NoError(t, err)
	assert.Equal(t, recall.AlreadyGone, receipt.Outcome)
	_, err = fake.RecallMessage(t.Context(), message("2"))
	assert.ErrorIs(t, err, recall.ErrForbidden)
	receipt, err = fake.RecallMessage(t.Context(), message("2"))
	require.NoError(t, err)
	assert.Equal(t, recall.Recalled, receipt.Outcome, "the script is over")
}

func TestScriptOfMessages(t *testing.T) {
	fake := recalltest.Fake{Default: recalltest.Answer{Outcome: recall.Accepted}}
	fake.For("1", recalltest.Answer{Err: recall.ErrUnavailable}, recalltest.Answer{Err: recall.ErrNotFound})
	fake.Next(recalltest.Answer{Err: recall.ErrForbidden})

	for _, want := range []recall.Kind{recall.ErrUnavailable, recall.ErrNotFound, recall.ErrNotFound} {
		_, err := fake.RecallMessage(t.Context(), message("1"))
		assert.ErrorIs(t, err, want)
	}
	_, err := fake.RecallMessage(t.Context(), message("2"))
	assert.ErrorIs(t, err, recall.ErrForbidden, "the answer of Next is still there")
	fake.For("1")
	receipt, err := fake.RecallMessage(t.Context(), message("1"))
	require.NoError(t, err)
	assert.Equal(t, recall.Accepted, receipt.Outcome, "without answers a message has no script")
}

func TestScriptedErrors(t *testing.T) {
	full := &recall.Error{Kind: recall.ErrRateLimited, Vendor: "v", App: "a", Op: "o", Attempts: 3, RetryAfter: time.Second}
	wrapped := fmt.Errorf("wrapped: %w", full)
	other := errors.New("boom")
	for name, c := range map[string]struct{ scripted, want error }{
		"kind": {recall.ErrNotFound, &recall.Error{
			Kind: recall.ErrNotFound, Vendor: "fake", App: "fake-app", Op: "recall", Attempts: 1,
		}},
		"bare": {&recall.Error{Kind: recall.ErrForbidden, Code: "403"}, &recall.Error{
			Kind: recall.ErrForbidden, Code: "403", Vendor: "fake", App: "fake-app", Op: "recall", Attempts: 1,
		}},
		"full":    {full, full},
		"wrapped": {wrapped, wrapped},
		"other": {other, &recall.Error{
			Kind: recall.ErrUnavailable, Vendor: "fake", App: "fake-app", Op: "recall", Attempts: 1, Err: other,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := recalltest.Fake{Default: recalltest.Answer{Err: c.scripted}}
			receipt, err := fake.RecallMessage(t.Context(), message("1"))
			assert.Equal(t, c.want, err)
			assert.Zero(t, receipt)
		})
	}
	assert.Equal(t, "v", full.Vendor, "the scripted error stays as it was")
}

func TestCallsAreCopies(t *testing.T) {
	var fake recalltest.Fake
	deadline := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(recall.WithBulk(t.Context()), deadline)
	defer cancel()
	_, err := fake.RecallMessage(ctx, message("1"))
	require.NoError(t, err)
	reqs := []recall.Request{message("2"), message("3")}
	_, err = fake.RecallMessages(t.Context(), reqs)
	require.NoError(t, err)
	reqs[0] = recall.Request{}

	want := []recalltest.Call{
		{Requests: []recall.Request{message("1")}, Deadline: deadline, Bulk: true},
		{Requests: []recall.Request{message("2"), message("3")}, Batch: true},
	}
	calls := fake.Calls()
	assert.Equal(t, want, calls)
	calls[0].Requests[0] = recall.Request{}
	assert.Equal(t, want, fake.Calls(), "each reader has copies of its own")
	assert.Equal(t, []recall.Request{message("1"), message("2"), message("3")}, fake.Requests())
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := recalltest.Fake{Latency: time.Second}
		fake.Next(recalltest.Answer{}, recalltest.Answer{Latency: 3 * time.Second}, recalltest.Answer{Latency: recalltest.Forever})
		for _, want := range []time.Duration{time.Second, 3 * time.Second} {
			begin := time.Now()
			_, err := fake.RecallMessage(t.Context(), message("1"))
			require.NoError(t, err)
			assert.Equal(t, want, time.Since(begin))
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		_, err := fake.RecallMessage(ctx, message("1"))
		assert.Equal(t, time.Minute, time.Since(begin))
		assert.ErrorIs(t, err, recall.ErrCanceled)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		e, _ := errors.AsType[*recall.Error](err)
		assert.True(t, e.MayHaveApplied, "the request was out")
		assert.Len(t, fake.Calls(), 3)
	})
}

func TestContextThatIsOver(t *testing.T) {
	var fake recalltest.Fake
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := fake.RecallMessage(ctx, message("1"))
	assert.ErrorIs(t, err, recall.ErrCanceled)
	results, err := fake.RecallMessages(ctx, []recall.Request{message("1")})
	assert.ErrorIs(t, err, recall.ErrCanceled)
	assert.Nil(t, results)
	e, _ := errors.AsType[*recall.Error](err)
	assert.False(t, e.MayHaveApplied)
	assert.Empty(t, fake.Calls())
}

func TestFakeOfAVendor(t *testing.T) {
	fake := recalltest.Fake{As: recall.Capabilities{
		Vendor: "netease", Chats: []recall.ChatType{recall.ChatDirect, recall.ChatRoom},
		Needs: []string{"MessageID", "Chat", "To"}, NeedsDirect: []string{"From", "SentAt"}, NeedsRoom: []string{"Operator"},
		Success: recall.Accepted, ForcedSuccess: recall.Recalled,
	}}
	for name, c := range map[string]struct {
		change func(*recall.Request)
		kind   recall.Kind
		field  string
	}{
		"no id":       {func(r *recall.Request) { r.MessageID = "" }, recall.ErrInvalidRequest, "MessageID"},
		"no chat":     {func(r *recall.Request) { r.Chat = "" }, recall.ErrInvalidRequest, "Chat"},
		"wrong chat":  {func(r *recall.Request) { r.Chat = "email" }, recall.ErrInvalidRequest, "Chat"},
		"other chat":  {func(r *recall.Request) { r.Chat = recall.ChatGroup }, recall.ErrUnsupported, "Chat"},
		"no sender":   {func(r *recall.Request) { r.From = "" }, recall.ErrInvalidRequest, "From"},
		"no time":     {func(r *recall.Request) { r.SentAt = time.Time{}.Local() }, recall.ErrInvalidRequest, "SentAt"},
		"fine time":   {func(r *recall.Request) { r.SentAt = r.SentAt.Add(1) }, recall.ErrInvalidRequest, "SentAt"},
		"no operator": {func(r *recall.Request) { r.Chat, r.From = recall.ChatRoom, "" }, recall.ErrInvalidRequest, "Operator"},
	} {
		t.Run(name, func(t *testing.T) {
			req := message("1")
			c.change(&req)
			_, err := fake.RecallMessage(t.Context(), req)
			require.ErrorIs(t, err, c.kind)
			e, _ := errors.AsType[*recall.Error](err)
			assert.Equal(t, c.field, e.Field)
			assert.Equal(t, err, fake.ValidateRequest(req))
			assert.Zero(t, e.Attempts)
		})
	}
	assert.Empty(t, fake.Calls(), "a refused request is no call")

	receipt, err := fake.RecallMessage(t.Context(), message("1"))
	require.NoError(t, err)
	assert.Equal(t, recall.Accepted, receipt.Outcome)
	forced := message("1")
	forced.Force = true
	receipt, err = fake.RecallMessage(t.Context(), forced)
	require.NoError(t, err)
	assert.Equal(t, recall.Recalled, receipt.Outcome)
}

func TestForceReachesWhatHasExpired(t *testing.T) {
	forced := message("1")
	forced.Force = true
	for _, can := range []bool{true, false} {
		fake := recalltest.Fake{As: recall.Capabilities{Force: can, ForcedSuccess: recall.Accepted}}
		fake.For("1", recalltest.Answer{Err: recall.ErrWindowExpired})
		_, err := fake.RecallMessage(t.Context(), message("1"))
		assert.ErrorIs(t, err, recall.ErrWindowExpired)
		receipt, err := fake.RecallMessage(t.Context(), forced)
		if can {
			assert.Equal(t, recall.Accepted, receipt.Outcome)
			assert.NoError(t, err)
		} else {
			assert.ErrorIs(t, err, recall.ErrWindowExpired)
		}
	}
}

func TestFakeBatch(t *testing.T) {
	fake := recalltest.Fake{As: recall.Capabilities{Batch: 3, Needs: []string{"To"}}}
	fake.For("2", recalltest.Answer{Err: recall.ErrNotFound})
	invalid := without(message("4"))
	reqs := []recall.Request{message("3"), message("2"), invalid, message("1"), message("3")}
	reqs[4].Ref = "another ticket"

	results, err := fake.RecallMessages(t.Context(), reqs)
	require.NoError(t, err)
	var got []string
	for i, result := range results {
		assert.Equal(t, reqs[i], result.Request)
		assert.Equal(t, result.Err != nil, result.Receipt == recall.Receipt{})
		got = append(got, fmt.Sprint(result.Receipt.MessageID, " ", result.Err))
	}
	assert.Equal(t, []string{
		"3 <nil>", " fake: recall: not_found (app fake-app)", " fake: recall: invalid_request: To: is required (app fake-app)",
		"1 <nil>", "3 <nil>",
	}, got)
	calls := fake.Calls()
	require.Len(t, calls, 1)
	assert.Equal(t, []recall.Request{message("3"), message("2"), message("1")}, calls[0].Requests)
}

func without(req recall.Request) recall.Request {
	req.To = ""
	return req
}

func TestFakeBatchAsAWhole(t *testing.T) {
	fake := recalltest.Fake{As: recall.Capabilities{Batch: 2}}
	fake.Next(recalltest.Answer{Err: recall.ErrRateLimited}, recalltest.Answer{Outcome: recall.Accepted})
	reqs := []recall.Request{message("1"), message("2")}
	results, err := fake.RecallMessages(t.Context(), reqs)
	assert.ErrorIs(t, err, recall.ErrRateLimited)
	assert.Nil(t, results)
	results, err = fake.RecallMessages(t.Context(), reqs)
	require.NoError(t, err)
	assert.Equal(t, recall.Accepted, results[1].Receipt.Outcome)

	other := message("3")
	other.Extension = "x"
	_, err = fake.RecallMessages(t.Context(), []recall.Request{message("1"), other})
	assert.ErrorIs(t, err, recall.ErrInvalidRequest)
	_, err = fake.RecallMessages(t.Context(), []recall.Request{message("1"), message("2"), message("3")})
	assert.ErrorIs(t, err, recall.ErrInvalidRequest)
	assert.Len(t, fake.Calls(), 2)
}

func TestFakeBatchKeys(t *testing.T) {
	fake := recalltest.Fake{As: recall.Capabilities{Batch: 2, Needs: []string{"To"}}}
	key, limit := fake.BatchKey(message("1"))
	assert.NotEmpty(t, key)
	assert.Equal(t, 2, limit)
	back := message("2")
	back.From, back.To = back.To, back.From
	other, _ := fake.BatchKey(back)
	assert.Equal(t, key, other, "a conversation has two directions")
	group := message("3")
	group.Chat = recall.ChatGroup
	other, _ = fake.BatchKey(group)
	assert.NotEqual(t, key, other)
	other, _ = fake.BatchKey(without(message("4")))
	assert.Empty(t, other, "what is refused goes alone")
	var single recalltest.Fake
	other, _ = single.BatchKey(message("1"))
	assert.Empty(t, other)
}

func TestFakeConcurrently(t *testing.T) {
	var fake recalltest.Fake
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			id := fmt.Sprint(i)
			fake.For(id, recalltest.Answer{Outcome: recall.Accepted})
			fake.Next(recalltest.Answer{Latency: time.Microsecond})
			receipt, err := fake.RecallMessage(t.Context(), message(id))
			assert.NoError(t, err)
			assert.Equal(t, id, receipt.MessageID)
			_, err = fake.RecallMessages(t.Context(), []recall.Request{message(id)})
			assert.NoError(t, err)
			fake.Calls()
		})
	}
	wg.Wait()
	assert.Len(t, fake.Requests(), 64)
}

func FuzzFake(f *testing.F) {
	f.Add("1", "direct", "a", "b", "MessageID", int64(0), 3)
	f.Add("", "", "", "", "SentAt", int64(1), 0)
	f.Fuzz(func(t *testing.T, id, chat, from, to, need string, sentAt int64, batch int) {
		fake := recalltest.Fake{As: recall.Capabilities{Needs: []string{need}, Batch: batch}}
		req := recall.Request{MessageID: id, Chat: recall.ChatType(chat), From: from, To: to, SentAt: time.Unix(0, sentAt)}
		receipt, err := fake.RecallMessage(t.Context(), req)
		if err == nil && receipt.MessageID != id {
			t.Errorf("the receipt is about %q", receipt.MessageID)
		}
		results, batchErr := fake.RecallMessages(t.Context(), []recall.Request{req, req})
		if batchErr != nil || len(results) != 2 || (results[0].Err == nil) != (err == nil) {
			t.Errorf("alone: %v, together: %v, %v", err, results, batchErr)
		}
		if key, limit := fake.BatchKey(req); key != "" && limit != batch {
			t.Errorf("limit %d of %d", limit, batch)
		}
	})
}
