package easemob

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
)

// direct is a request for a message from user1 to user2.
func direct(id string) recall.Request {
	return recall.Request{MessageID: id, Chat: recall.ChatDirect, From: "user1", To: "user2"}
}

func TestBatchKey(t *testing.T) {
	c := clientFor(t, 200, "")
	same, limit := c.BatchKey(requestOf())
	require.NotEmpty(t, same)
	assert.Equal(t, 30, limit)
	for name, change := range map[string]func(*recall.Request){
		"message":  func(r *recall.Request) { r.MessageID = "2" },
		"chat":     func(r *recall.Request) { r.Chat, r.To = recall.ChatRoom, "room" },
		"users":    func(r *recall.Request) { r.From, r.To = "a", "b" },
		"operator": func(r *recall.Request) { r.Operator = "other" },
		"force":    func(r *recall.Request) { r.Force = true },
		"not sent": func(r *recall.Request) { r.Reason, r.Ref, r.SentAt = "x", "y", time.Time{} },
	} {
		req := requestOf()
		change(&req)
		key, limit := c.BatchKey(req)
		assert.Equal(t, same, key, name)
		assert.Equal(t, 30, limit)
	}
	seen := map[string]bool{same: true}
	for _, extension := range []string{"", "other", `"`, `""`, " "} {
		req := requestOf()
		req.Extension = extension
		key, _ := c.BatchKey(req)
		assert.NotEmpty(t, key)
		assert.False(t, seen[key], extension)
		seen[key] = true
	}
	for name, change := range map[string]func(*recall.Request){
		"no message":  func(r *recall.Request) { r.MessageID = "" },
		"super group": func(r *recall.Request) { r.Chat = recall.ChatSuperGroup },
	} {
		req := requestOf()
		change(&req)
		key, limit := c.BatchKey(req)
		assert.Empty(t, key, name)
		assert.Equal(t, 1, limit)
	}
}

func TestRecallMessages(t *testing.T) {
	c, server, requests := emulated(t, nil)
	old := server.Now().Add(-time.Hour)
	for _, m := range []easemobtest.Message{
		{ID: "1", From: "user1", To: "user2", Chat: "chat"},
		{ID: "2", From: "user1", To: "g", Chat: "groupchat"},
		{ID: "3", From: "user1", To: "r", Chat: "chatroom", SentAt: old},
		{ID: "4", From: "user1", To: "user2", Chat: "chat", SentAt: old},
	} {
		server.Add(m)
	}
	reqs := []recall.Request{
		direct("1"),
		{MessageID: "2", Chat: recall.ChatGroup, To: "g", Operator: "admin2", Ref: "line 2"},
		{MessageID: "3", Chat: recall.ChatRoom, To: "r", From: "user1", Force: true},
		direct("4"),
		{Chat: recall.ChatDirect, To: "user2", Ref: "no id"},
		direct("unknown"),
		direct("1"),
		{MessageID: "5", Chat: recall.ChatSuperGroup, To: "g"},
	}
	results, err := c.RecallMessages(t.Context(), reqs)
	require.NoError(t, err)
	require.Len(t, results, len(reqs))
	assert.Equal(t, 1, requests(), "all in one call")
	want := []any{
		recall.Recalled, recall.Recalled, recall.Accepted, recall.ErrWindowExpired, recall.ErrInvalidRequest, recall.ErrNotFound,
		recall.Recalled, recall.ErrUnsupported,
	}
	for i, result := range results {
		assert.Equal(t, reqs[i], result.Request)
		if result.Err == nil {
			assert.Equal(t, want[i], result.Receipt.Outcome, i)
			assert.Equal(t, reqs[i].MessageID, result.Receipt.MessageID)
			continue
		}
		assert.Zero(t, result.Receipt)
		assert.Equal(t, want[i], failure(t, result.Err).Kind, i)
	}
	assert.Equal(t, "MessageID", failure(t, results[4].Err).Field)
	assert.Equal(t, failure(t, c.ValidateRequest(reqs[4])), failure(t, results[4].Err))
}

// TestRecallMessagesTwiceInDifferentWays: the second way is a call of its own.
func TestRecallMessagesTwiceInDifferentWays(t *testing.T) {
	c, server, requests := emulated(t, nil)
	server.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: "chat", SentAt: server.Now().Add(-time.Hour)})
	forced := direct("1")
	forced.Force = true
	results, err := c.RecallMessages(t.Context(), []recall.Request{direct("1"), forced, direct("1")})
	require.NoError(t, err)
	assert.Equal(t, 2, requests())
	require.ErrorIs(t, results[0].Err, recall.ErrWindowExpired)
	assert.Equal(t, recall.Accepted, results[1].Receipt.Outcome)
	require.ErrorIs(t, results[2].Err, recall.ErrWindowExpired)
}

func TestRecallMessagesRefuses(t *testing.T) {
	c, _, requests := emulated(t, nil)
	other := direct("2")
	other.Extension = "x"
	tooMany := make([]recall.Request, MaxBatch+1)
	for i := range tooMany {
		tooMany[i] = direct(fmt.Sprint(i))
	}
	for field, reqs := range map[string][]recall.Request{"BatchKey": {direct("1"), other}, "reqs": tooMany} {
		results, err := c.RecallMessages(t.Context(), reqs)
		assert.Nil(t, results)
		e := failure(t, err)
		assert.Equal(t, recall.ErrInvalidRequest, e.Kind)
		assert.Equal(t, field, e.Field)
	}
	results, err := c.RecallMessages(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, results)
	results, err = c.RecallMessages(t.Context(), []recall.Request{{}})
	require.NoError(t, err)
	require.ErrorIs(t, results[0].Err, recall.ErrInvalidRequest)
	assert.Zero(t, requests(), "nothing of these was sent")
}

// TestRecallMessagesMoreThanABatchOfRepetitions: what counts is how many are sent.
func TestRecallMessagesMoreThanABatchOfRepetitions(t *testing.T) {
	c, server, requests := emulated(t, nil)
	server.Add(easemobtest.Message{ID: "1", To: "user2", Chat: "chat"})
	reqs := make([]recall.Request, 100)
	for i := range reqs {
		reqs[i] = direct("1")
	}
	results, err := c.RecallMessages(t.Context(), reqs)
	require.NoError(t, err)
	assert.Equal(t, 1, requests())
	for _, result := range results {
		assert.Equal(t, recall.Recalled, result.Receipt.Outcome)
	}
}

func TestRecallMessagesFails(t *testing.T) {
	results, err := clientFor(t, 403, errorJSON("forbidden_op", "message recall service is unopened")).
		RecallMessages(t.Context(), []recall.Request{direct("1"), direct("2")})
	require.ErrorIs(t, err, recall.ErrNotEnabled)
	assert.Nil(t, results)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = clientFor(t, 200, "").RecallMessages(ctx, []recall.Request{direct("1")})
	require.ErrorIs(t, err, context.Canceled)
}

// TestRecallMessagesRefusedForOne: the vendor may refuse the whole call for one message without naming it. Then
// each is asked about, and what is not found may be gone by the batch.
func TestRecallMessagesRefusedForOne(t *testing.T) {
	c, count := inOrder(t, notFound, answers(recalledJSON("1")), notFound)
	results, err := c.RecallMessages(t.Context(), []recall.Request{direct("1"), direct("2"), {}})
	require.NoError(t, err)
	assert.EqualValues(t, 3, count.Load())
	assert.Equal(t, recall.Recalled, results[0].Receipt.Outcome)
	e := failure(t, results[1].Err)
	assert.Equal(t, recall.ErrNotFound, e.Kind)
	assert.True(t, e.MayHaveApplied)
	require.ErrorIs(t, results[2].Err, recall.ErrInvalidRequest)

	c, count = inOrder(t, notFound)
	results, err = c.RecallMessages(t.Context(), []recall.Request{direct("1"), {}})
	require.NoError(t, err)
	assert.EqualValues(t, 1, count.Load(), "of one message it is clear which")
	e = failure(t, results[0].Err)
	assert.Equal(t, recall.ErrNotFound, e.Kind)
	assert.False(t, e.MayHaveApplied)
}

// TestRecallMessagesRefusedForOneAfterSilence: the batch that the server cut off may have recalled everything. A
// vendor that looks at the age first then refuses what is gone already.
func TestRecallMessagesRefusedForOneAfterSilence(t *testing.T) {
	expired := func(w http.ResponseWriter) {
		reply(w, 403, errorJSON("message_recall_error", "exceed recall time limit"))
	}
	for name, silence := range map[string][]func(http.ResponseWriter){
		"answered": {expired}, "cut off": {cut, expired},
	} {
		c, _ := inOrder(t, append([]func(http.ResponseWriter){answers(recalledJSON("warm-up"))}, silence...)...)
		_, err := c.Recall(t.Context(), recallOf("warm-up"))
		require.NoError(t, err)
		results, err := c.RecallMessages(t.Context(), []recall.Request{direct("1"), direct("2")})
		require.NoError(t, err)
		for _, result := range results {
			e := failure(t, result.Err)
			assert.Equal(t, recall.ErrWindowExpired, e.Kind)
			assert.Equal(t, name == "cut off", e.MayHaveApplied, name)
		}
	}
}

// TestRecallMessagesTwiceInTwoWays: the second way finds what the first one did.
func TestRecallMessagesTwiceInTwoWays(t *testing.T) {
	s := easemobtest.NewServer()
	defer s.Close()
	s.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: "chat"})
	c := newClient(t, func(cfg *Config) {
		cfg.Host, cfg.Org, cfg.App = s.URL, s.Org, s.App
		cfg.Token, cfg.ClientID, cfg.ClientSecret = "", s.ClientID, s.ClientSecret
	})
	first, second := direct("1"), direct("1")
	first.Operator, second.Operator = "mod1", "mod2"
	results, err := c.RecallMessages(t.Context(), []recall.Request{first, second})
	require.NoError(t, err)
	for i, result := range results {
		require.NoError(t, result.Err)
		assert.Equal(t, recall.Recalled, result.Receipt.Outcome)
		assert.Equal(t, []recall.Request{first, second}[i], result.Request)
	}
}
