package faults

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// crossing is a vendor that tells each call what it is about, answers some
// late, and drops connections.
type crossing struct {
	*backend
	refusal string // with room for a text

	mu     sync.Mutex
	traces map[string]int // the message that each trace id came with
}

// refusalAbout has answers that the vendors' clients don't repeat a call after.
var refusalAbout = map[string]string{
	"easemob": `{"error":"illegal_argument","error_description":%q}`,
	"netease": `{"code":414,"desc":%q}`,
	"goeasy":  `{"code":400,"content":%q}`,
}

func (s *crossing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	n, ok := s.about(body)
	if !ok {
		s.answer(w, r)
		return
	}
	s.mu.Lock()
	s.traces[r.Header.Get("RequestId")] = n
	s.mu.Unlock()
	switch chance := rand.IntN(100); {
	case chance < 2:
		panic(http.ErrAbortHandler)
	case chance < 20:
		<-time.After(rand.N(4 * time.Millisecond))
	case chance < 22:
		w.WriteHeader(http.StatusEarlyHints)
	}
	if n%4 == 0 {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, s.refusal, aboutMessage(n))
		return
	}
	s.answer(w, r)
}

func aboutMessage(n int) string { return fmt.Sprintf("about %d %s.", n, strings.Repeat("x", n%700)) }

// Thousands of calls at once, many of which are given up at any moment: no
// receipt and no error holds anything of another call's.
func TestCallsDoNotCross(t *testing.T) {
	for _, start := range stormBackends {
		for _, proto := range []string{"HTTP/1.1", "HTTP/2"} {
			s := &crossing{backend: start(t), traces: map[string]int{}}
			s.refusal = refusalAbout[strings.TrimSuffix(s.name, " batch")]
			t.Run(s.name+" "+proto, func(t *testing.T) { s.run(t, proto, *stormCalls/len(stormBackends)/2) })
		}
	}
}

// run makes so many calls: by HTTP/1.1 with the client's own transport, by
// HTTP/2 with one that it is given.
func (s *crossing) run(t *testing.T, proto string, calls int) {
	t.Helper()
	server := httptest.NewUnstartedServer(s)
	policy := recall.Policy{Rate: -1, Retry: recall.Retry{Attempts: 2, BaseDelay: 1}}
	if server.EnableHTTP2 = proto == "HTTP/2"; server.EnableHTTP2 {
		server.StartTLS()
		policy.Transport = server.Client().Transport
	} else {
		server.Start()
	}
	c, err := s.open(server.URL, policy)
	require.NoError(t, err)
	defer c.Close()
	jobs := make(chan int, calls)
	for n := range calls {
		s.add(n, s.message(n))
		jobs <- n
	}
	close(jobs)
	results := make([]crossed, calls)
	var wg sync.WaitGroup
	for range stormWorkers {
		wg.Go(func() {
			for n := range jobs {
				results[n] = s.call(c, n)
			}
		})
	}
	wg.Wait()
	server.Close()
	tally := map[string]int{}
	for n, r := range results {
		tally[s.check(t, n, r)]++
	}
	t.Log(tally)
	assert.GreaterOrEqual(t, len(tally), 3, "the calls end in all ways")
}

type crossed struct {
	receipt recall.Receipt
	err     error
}

func (s *crossing) call(c client, n int) crossed {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	if n%3 == 0 {
		timer := time.AfterFunc(rand.N(6*time.Millisecond), func() { cancel(fmt.Errorf("cause (%d)", n)) })
		defer timer.Stop()
	}
	req := s.message(n)
	req.Ref = fmt.Sprint(n)
	receipt, err := c.RecallMessage(ctx, req)
	return crossed{receipt, err}
}

func (s *crossing) check(t *testing.T, n int, r crossed) string {
	t.Helper()
	trace := r.receipt.TraceID
	var e *recall.Error
	if r.err != nil && assert.ErrorAs(t, r.err, &e) {
		trace = e.TraceID
	}
	s.mu.Lock() // with HTTP/2 a handler may go on after its server was closed
	about, known := s.traces[trace]
	s.mu.Unlock()
	if trace != "" && known {
		assert.Equal(t, n, about, "trace id")
	}
	if e == nil {
		assert.Equal(t, s.message(n).MessageID, r.receipt.MessageID)
		assert.NotZero(t, n%4, "message %d was refused: %+v", n, r.receipt)
		assert.True(t, s.recalled(n), "message %d is still there: %+v", n, r.receipt)
		return string(r.receipt.Outcome)
	}
	if !e.MayHaveApplied {
		assert.False(t, s.recalled(n), "message %d is gone, in spite of: %v", n, e)
	}
	if e.Message != "" {
		assert.Equal(t, aboutMessage(n), e.Message)
	}
	if e.Kind == recall.ErrCanceled && e.Attempts > 0 {
		assert.ErrorContains(t, e, fmt.Sprintf("cause (%d)", n))
	}
	return string(e.Kind)
}
