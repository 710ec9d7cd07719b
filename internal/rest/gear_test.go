package rest

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// The buffer of an answer, which may hold a token, is wiped before another
// answer gets it.
func TestAnswersAreWiped(t *testing.T) {
	const answer = `{"code":200,"text":"a token"}`
	c := newClient(t, serve(t, answerWith(200, answer)), recall.Policy{})
	call := aCall()
	decode := call.Decode
	var kept []byte
	call.Decode = func(a Answer) (Verdict, error) {
		assert.JSONEq(t, answer, string(a.Body))
		kept = a.Body
		return decode(a)
	}
	for range 100 { // the transport may report later than the answer is read
		_, err := c.Do(t.Context(), call)
		require.NoError(t, err)
		if string(kept) == string(make([]byte, len(answer))) {
			return
		}
	}
	t.Error("not wiped")
}

// What the transport has yet to report would be taken for the next exchange's.
func TestOnlyFinishedGearIsUsedAgain(t *testing.T) {
	for name, row := range map[string]struct {
		conns, tries, answers int32
		blind, again          bool
	}{
		"finished":        {conns: 1, tries: 1, answers: 1, again: true},
		"no connection":   {},
		"no request":      {conns: 1},
		"still writing":   {conns: 1, answers: 1},
		"no answer":       {conns: 1, tries: 1},
		"two connections": {conns: 2, tries: 2, answers: 1},
		"blind":           {conns: 1, tries: 1, answers: 1, blind: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGear(&gearPool{blind: row.blind})
			g.body = append(g.body, "answer"...)
			g.conns.Store(row.conns)
			g.tries.Store(row.tries)
			g.answers.Store(row.answers)
			g.free()
			assert.Equal(t, row.again, len(g.body) == 0)
			assert.Equal(t, row.again, g.conns.Load() == 0 && row.conns != 0)
		})
	}
	big := newGear(&gearPool{})
	big.body = make([]byte, longestBody+1)
	big.conns.Store(1)
	big.tries.Store(1)
	big.answers.Store(1)
	big.free()
	assert.NotEmpty(t, big.body, "a large buffer is not kept")
}

// A caller's own trace is called once for each of their calls, and not for
// others'.
func TestCallersTrace(t *testing.T) {
	c := newClient(t, serve(t, answerWith(http.StatusOK, `{"code":200}`)), recall.Policy{})
	var reports atomic.Int32
	traced := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { reports.Add(1) },
	})
	for n := range 5 {
		for _, ctx := range []context.Context{traced, t.Context()} {
			_, err := c.Do(ctx, aCall())
			require.NoError(t, err)
		}
		assert.EqualValues(t, n+1, reports.Load())
	}
}
