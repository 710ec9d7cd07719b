package goeasy

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/recall"
)

// direct is a request for a message between two users, sent so many seconds
// after the first.
func direct(id, from, to string, seconds int) recall.Request {
	return recall.Request{
		MessageID: id, Chat: recall.ChatDirect, From: from, To: to,
		SentAt: time.UnixMilli(1581111111111).Add(time.Duration(seconds) * time.Second),
	}
}

func TestBatchKey(t *testing.T) {
	c := newClient(t, Config{})
	key := func(change func(*recall.Request)) string {
		req := direct("1", "a", "b", 0)
		req.Operator, req.Extension = "admin", "x"
		change(&req)
		key, _ := c.BatchKey(req)
		return key
	}
	same := key(func(*recall.Request) {})
	require.NotEmpty(t, same)
	assert.Equal(t, same, key(func(r *recall.Request) { r.From, r.To = r.To, r.From }), "the pair has no order")
	assert.Equal(t, same, key(func(r *recall.Request) { r.SentAt = r.SentAt.Add(time.Hour) }))
	assert.Equal(t, same, key(func(r *recall.Request) { r.MessageID, r.Ref, r.Reason, r.Force = "2", "r", "s", true }), "not sent")
	for name, change := range map[string]func(*recall.Request){
		"user":      func(r *recall.Request) { r.To = "c" },
		"operator":  func(r *recall.Request) { r.Operator = "other" },
		"extension": func(r *recall.Request) { r.Extension = "y" },
		"group":     func(r *recall.Request) { r.Chat = recall.ChatGroup },
		"quoting":   func(r *recall.Request) { r.From, r.To = `a","userBId":"b`, "b" },
	} {
		assert.NotEqual(t, same, key(change), name)
	}
	got, limit := c.BatchKey(recall.Request{})
	assert.Empty(t, got, "what is refused goes alone")
	assert.Equal(t, 1, limit)
	_, limit = c.BatchKey(direct("1", "a", "b", 0))
	assert.Equal(t, 20, limit)
}

func TestRecallMessages(t *testing.T) {
	server := goeasytest.NewServer()
	defer server.Close()
	c := newClient(t, Config{Host: server.URL, AppKey: server.AppKey})
	reqs := []recall.Request{
		direct("1", "a", "b", 1), direct("2", "b", "a", 2), direct("1 again", "a", "b", 1),
		{MessageID: "bad", Chat: recall.ChatDirect, From: "a", To: "b", Ref: "line 4"},
		direct("5", "a", "b", 5),
	}
	for _, req := range reqs[:2] {
		server.Add(goeasytest.Message{ID: req.MessageID, From: req.From, To: req.To, SentAt: req.SentAt})
	}
	results, err := c.RecallMessages(t.Context(), reqs)
	require.NoError(t, err)
	require.Len(t, results, len(reqs))
	for i, result := range results {
		assert.Equal(t, reqs[i], result.Request)
		if result.Request.MessageID == "bad" {
			var e *recall.Error
			require.ErrorAs(t, result.Err, &e)
			assert.Equal(t, "SentAt", e.Field)
			continue
		}
		require.NoError(t, result.Err)
		assert.Equal(t, recall.Accepted, result.Receipt.Outcome)
		assert.Equal(t, reqs[i].MessageID, result.Receipt.MessageID)
	}
	assert.True(t, server.Recalled("1") && server.Recalled("2"))

	require.Len(t, server.Requests(), 1)
	var sent struct{ Messages []int64 }
	require.NoError(t, json.NewDecoder(server.Requests()[0].Body).Decode(&sent))
	assert.Equal(t, []int64{1581111112111, 1581111113111, 1581111116111}, sent.Messages, "each once")
}

func TestRecallMessagesFails(t *testing.T) {
	server := goeasytest.NewServer()
	defer server.Close()
	c := newClient(t, Config{Host: server.URL, AppKey: "BC-wrong"})
	results, err := c.RecallMessages(t.Context(), []recall.Request{direct("1", "a", "b", 1)})
	require.ErrorIs(t, err, recall.ErrUnauthorized)
	assert.Nil(t, results)

	before := len(server.Requests())
	results, err = c.RecallMessages(t.Context(), []recall.Request{direct("1", "a", "b", 1), direct("2", "a", "c", 2)})
	require.ErrorIs(t, err, recall.ErrInvalidRequest)
	assert.Nil(t, results)
	tooMany := make([]recall.Request, 21)
	for i := range tooMany {
		tooMany[i] = direct("x", "a", "b", i)
	}
	_, err = c.RecallMessages(t.Context(), tooMany)
	require.ErrorIs(t, err, recall.ErrInvalidRequest)

	results, err = c.RecallMessages(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, results)
	results, err = c.RecallMessages(t.Context(), []recall.Request{{}})
	require.NoError(t, err)
	require.ErrorIs(t, results[0].Err, recall.ErrInvalidRequest)
	assert.Len(t, server.Requests(), before, "nothing of these was sent")
}
