package recall_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// TestEventHandlerLeavesTheConnectionInOrder: a callback that took too long is sent again over the same connection, and
// nothing of the first one's deadline is left then, though something before the handler has read the body already.
func TestEventHandlerLeavesTheConnectionInOrder(t *testing.T) {
	const deadline = 300 * time.Millisecond
	first := make(chan struct{}, 1)
	first <- struct{}{}
	h := &recall.EventHandler{
		Parser: parser{rules: recall.CallbackRules{Deadline: deadline}},
		Handle: func(_ context.Context, _ recall.Event) error {
			select {
			case <-first:
				<-time.After(deadline + deadline/3) // whatever ctx says
			default:
			}
			return nil
		},
	}
	ends := make(chan error, 2)
	conn := dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.ServeHTTP(w, r)
		ends <- r.Context().Err()
	}), "")
	answers := bufio.NewReader(conn)
	for range 2 {
		_, err := io.WriteString(conn, signed+"1\r\n\r\n1")
		require.NoError(t, err)
		resp, err := http.ReadResponse(answers, nil)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, 200, resp.StatusCode)
		assert.NoError(t, <-ends, "the sender is still there")
	}
}
