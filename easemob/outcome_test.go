package easemob

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// cut closes the connection of a request without an answer.
func cut(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

// notFound answers as the vendor does where the message is gone.
func notFound(w http.ResponseWriter) {
	reply(w, 403, errorJSON("message_recall_error", "not_found msg"))
}

// inOrder starts a server whose n-th request is answered by the n-th handler, the rest by the last, and
// returns a client of it and the count of requests.
func inOrder(t *testing.T, handlers ...func(http.ResponseWriter)) (*Client, *atomic.Int32) {
	count := new(atomic.Int32)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		handlers[min(int(count.Add(1)), len(handlers))-1](w)
	})
	return newClient(t, func(cfg *Config) { cfg.Host = url }), count
}

func answers(body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { reply(w, 200, body) }
}

// TestReplayedAfterSilence: the server recalls the message and cuts the connection, which had served before.
// The transport sends the request again by itself, and the vendor does not know the message any more.
func TestReplayedAfterSilence(t *testing.T) {
	c, count := inOrder(t, answers(recalledJSON("warm-up")), cut, notFound)
	_, err := c.Recall(t.Context(), recallOf("warm-up"))
	require.NoError(t, err)
	receipt, err := c.Recall(t.Context(), recallOf(theMessage))
	require.NoError(t, err)
	assert.Equal(t, recall.AlreadyGone, receipt.Outcome)
	assert.False(t, receipt.Outcome.Proven())
	assert.Equal(t, theMessage, receipt.MessageID)
	assert.Equal(t, "message_recall_error", receipt.Code)
	assert.EqualValues(t, 3, count.Load())
}

// TestReplayedUnderA200: the same, told in the legacy form.
func TestReplayedUnderA200(t *testing.T) {
	c, _ := inOrder(t, answers(recalledJSON("warm-up")), cut,
		answers(`{"msgs":[{"msg_id":"`+theMessage+`","recalled":"not_found msg"}]}`))
	_, err := c.Recall(t.Context(), recallOf("warm-up"))
	require.NoError(t, err)
	receipt, err := c.Recall(t.Context(), recallOf(theMessage))
	require.NoError(t, err)
	assert.Equal(t, recall.AlreadyGone, receipt.Outcome)
}

func TestReplayedWithSuccess(t *testing.T) {
	c, _ := inOrder(t, answers(recalledJSON("warm-up")), cut, answers(recalledJSON(theMessage)))
	_, err := c.Recall(t.Context(), recallOf("warm-up"))
	require.NoError(t, err)
	receipt, err := c.Recall(t.Context(), recallOf(theMessage))
	require.NoError(t, err)
	assert.Equal(t, recall.Recalled, receipt.Outcome)
}

// TestReplayedAndRefused: a refusal of the copy does not settle what the silence left open.
func TestReplayedAndRefused(t *testing.T) {
	for _, row := range []errorRow{
		{403, "message_recall_error", "exceed recall time limit", recall.ErrWindowExpired, ""},
		{403, "forbidden_service_operation", "x", recall.ErrForbidden, ""},
		{429, "reach_limit", "x", recall.ErrRateLimited, ""},
		{401, "unauthorized", "x", recall.ErrUnauthorized, ""},
		{500, "", "internal error", recall.ErrUnavailable, ""},
	} {
		c, _ := inOrder(t, answers(recalledJSON("warm-up")), cut, func(w http.ResponseWriter) {
			reply(w, row.status, errorJSON(row.code, row.text))
		})
		_, err := c.Recall(t.Context(), recallOf("warm-up"))
		require.NoError(t, err)
		_, err = c.Recall(t.Context(), recallOf(theMessage))
		e := failure(t, err)
		assert.Equal(t, row.kind, e.Kind)
		assert.True(t, e.MayHaveApplied, "a refusal of the copy does not tell how the first one fared: %s", row.text)
	}
}

// TestRefusedTokenThenNotFound: the first request was answered, and did nothing.
func TestRefusedTokenThenNotFound(t *testing.T) {
	vendor := &vendorMock{token: numbered(3600)}
	vendor.recall = func(n int, _ *http.Request) (int, string) {
		if n == 0 {
			return 401, errorJSON("unauthorized", "Unable to authenticate (OAuth)")
		}
		return 403, errorJSON("message_recall_error", "not_found msg")
	}
	_, err := clientOf(t, vendor).Recall(t.Context(), recallOf(theMessage))
	e := failure(t, err)
	assert.Equal(t, recall.ErrNotFound, e.Kind)
	assert.Equal(t, "not_found msg", e.Message)
	assert.Equal(t, 2, e.Attempts)
	assert.False(t, e.MayHaveApplied)
}

// TestReplayedRefusalThenNotFound: the first attempt was replayed before it was refused, so it may have
// been the one that recalled the message.
func TestReplayedRefusalThenNotFound(t *testing.T) {
	c, _ := inOrder(t, answers(recalledJSON("warm-up")), cut, func(w http.ResponseWriter) {
		reply(w, 401, errorJSON("unauthorized", "x"))
	}, notFound)
	c.fixed = false
	_, err := c.Recall(t.Context(), recallOf("warm-up"))
	require.NoError(t, err)
	receipt, err := c.Recall(t.Context(), recallOf(theMessage))
	require.NoError(t, err)
	assert.Equal(t, recall.AlreadyGone, receipt.Outcome)
	assert.Equal(t, 2, receipt.Attempts)
}

// TestCutConnection: on a new connection there is no replay, and nobody knows what the server did.
func TestCutConnection(t *testing.T) {
	c, count := inOrder(t, cut)
	_, err := c.Recall(t.Context(), recallOf(theMessage))
	e := failure(t, err)
	assert.Equal(t, recall.ErrUnavailable, e.Kind)
	assert.True(t, e.MayHaveApplied)
	assert.Zero(t, e.Status)
	assert.EqualValues(t, 1, count.Load())
}

func TestCutAnswer(t *testing.T) {
	c, _ := inOrder(t, func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "1000")
		reply(w, 200, recalledJSON(theMessage))
		w.(http.Flusher).Flush()
		cut(w)
	})
	_, err := c.Recall(t.Context(), recallOf(theMessage))
	e := failure(t, err)
	assert.Equal(t, recall.ErrUnavailable, e.Kind)
	assert.True(t, e.MayHaveApplied)
}

// TestCallThatIsOverSendsNothing: neither a recall nor a request for a token.
func TestCallThatIsOverSendsNothing(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, stop := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer stop()
	for want, ctx := range map[error]context.Context{
		context.Canceled: canceled, context.DeadlineExceeded: expired,
	} {
		vendor := &vendorMock{}
		_, err := clientOf(t, vendor).RecallMessage(ctx, requestOf())
		require.ErrorIs(t, err, want)
		e := failure(t, err)
		assert.Equal(t, recall.ErrCanceled, e.Kind)
		assert.Zero(t, e.Attempts)
		assert.False(t, e.MayHaveApplied)
		assert.Zero(t, vendor.tokens()+vendor.recalls())
	}
}
