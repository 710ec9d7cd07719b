package goeasy

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/goeasy/goeasytest"
	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// TestEachFindsTheMessageThatIsRefused: the vendor gives one answer for twenty
// messages. What it refuses one for is not blamed on the others.
func TestEachFindsTheMessageThatIsRefused(t *testing.T) {
	emulator := goeasytest.NewServer()
	defer emulator.Close()
	reqs := make([]recall.Request, 0, 60)
	for i := range 60 {
		reqs = append(reqs, direct(strconv.Itoa(i), "a", strconv.Itoa(i%2), i))
	}
	reqs[7].SentAt = reqs[7].SentAt.Add(1) // a nanosecond: never sent, and no other message's fault
	refused := []byte(strconv.FormatInt(reqs[42].SentAt.UnixMilli(), 10))
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, refused) {
			vendortest.Answering(400, `{"code":400,"content":"Parameter Error"}`)(w, r)
			return
		}
		emulator.Answer(w, r)
	})
	c := newClient(t, Config{Host: server.URL, AppKey: emulator.AppKey})
	yielded := 0
	// Linger: on a busy machine calls would go before they are full.
	for r := range recall.Each(t.Context(), c, slices.Values(reqs), recall.EachOptions{Linger: time.Hour}) {
		yielded++
		switch r.Request.MessageID {
		case "7":
			assert.Equal(t, "SentAt", failure(t, r.Err).Field)
		case "42":
			assert.Equal(t, "Parameter Error", failure(t, r.Err).Message)
		default:
			require.NoError(t, r.Err, r.Request.MessageID)
			assert.Equal(t, recall.Accepted, r.Receipt.Outcome)
		}
	}
	assert.Len(t, reqs, yielded)
	assert.LessOrEqual(t, len(server.Requests()), 16, "four batches, of which one is halved until the message is alone")
}
