package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// fatesOf reads an answer of words: the fate of one message each. "all" is a
// refusal of the whole call.
func fatesOf(a Answer) ([]Fate, error) {
	var fates []Fate
	for word := range bytes.FieldsSeq(a.Body) {
		switch text := string(word); text {
		case "all":
			return nil, &recall.Error{Kind: recall.ErrNotFound, Code: "all", Message: string(a.Body)}
		case "yes":
			fates = append(fates, Fate{Verdict: Verdict{Outcome: recall.Recalled, Code: text}})
		default:
			fates = append(fates, Fate{Err: &recall.Error{Kind: recall.Kind(text), Message: text, Err: errors.New(string(a.Body))}})
		}
	}
	return fates, nil
}

// eachCall is a call about several messages.
func eachCall(messages int) Call {
	return Call{Op: "each", Messages: messages, Build: func(context.Context) (*Request, error) {
		return &Request{Method: http.MethodPost, Path: "/", Header: http.Header{}, Body: []byte("{}"), Secrets: []string{secret}}, nil
	}}
}

func TestDoEach(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "yes not_found window_expired forbidden unavailable bad_response invalid_request ", secret)
	})
	results, err := newClient(t, url, recall.Policy{}).DoEach(t.Context(), eachCall(8), fatesOf)
	require.NoError(t, err)
	require.Len(t, results, 8)
	assert.Equal(t, recall.Recalled, results[0].Receipt.Outcome)
	assert.Equal(t, "yes", results[0].Receipt.Code)
	assert.Equal(t, 1, results[0].Receipt.Attempts)
	open := []bool{false, false, false, false, true, true, false, false}
	for i, result := range results[1:] {
		var e *recall.Error
		require.ErrorAs(t, result.Err, &e)
		assert.Zero(t, result.Receipt)
		assert.Equal(t, open[i+1], e.MayHaveApplied, e.Kind)
		assert.Equal(t, []any{"acme", "app", "each", 200, 1}, []any{e.Vendor, e.App, e.Op, e.Status, e.Attempts})
		assert.NotContains(t, fmt.Sprintf("%v %+v", e, *e), secret)
	}
}

// repeatedly answers the first request with silence, and the second with body.
func repeatedly(t *testing.T, body string) *Client {
	var count atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if count.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, body)
	})
	return newClient(t, url, recall.Policy{Retry: recall.Retry{Attempts: 2, BaseDelay: 1}})
}

func TestDoEachAfterSilence(t *testing.T) {
	results, err := repeatedly(t, "yes not_found window_expired invalid_request").DoEach(t.Context(), eachCall(4), fatesOf)
	require.NoError(t, err)
	assert.Equal(t, recall.Recalled, results[0].Receipt.Outcome)
	assert.Equal(t, recall.AlreadyGone, results[1].Receipt.Outcome)
	assert.Equal(t, 2, results[1].Receipt.Attempts)
	for _, i := range []int{2, 3} {
		var e *recall.Error
		require.ErrorAs(t, results[i].Err, &e)
		assert.True(t, e.MayHaveApplied)
	}
}

// TestDoEachRefusedAsAWholeAfterSilence: what is not found is the message where
// there is one, and one of several otherwise.
func TestDoEachRefusedAsAWholeAfterSilence(t *testing.T) {
	results, err := repeatedly(t, "all").DoEach(t.Context(), eachCall(1), fatesOf)
	require.NoError(t, err)
	require.Len(t, results, 1)
	assert.Equal(t, recall.AlreadyGone, results[0].Receipt.Outcome)

	results, err = repeatedly(t, "all "+secret).DoEach(t.Context(), eachCall(2), fatesOf)
	assert.Nil(t, results)
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, []any{recall.ErrNotFound, "all", 200, 2, true}, []any{e.Kind, e.Code, e.Status, e.Attempts, e.MayHaveApplied})
	assert.NotContains(t, e.Error(), secret)
}

func TestDoEachFails(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1", recall.Policy{})
	results, err := c.DoEach(t.Context(), eachCall(2), fatesOf)
	assert.Nil(t, results)
	require.ErrorIs(t, err, recall.ErrUnavailable)
	call := eachCall(2)
	call.Build = func(context.Context) (*Request, error) { return nil, recall.Invalid("X", "is bad") }
	_, err = c.DoEach(t.Context(), call, fatesOf)
	require.ErrorIs(t, err, recall.ErrInvalidRequest)
}

// TestDoEachTellsObserversTheCommonVerdict and claims nothing where there is
// none.
func TestDoEachTellsObserversTheCommonVerdict(t *testing.T) {
	for body, want := range map[string]recall.Outcome{"yes yes": recall.Recalled, "yes not_found": "", "": ""} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		var seen recall.SpanEnd
		policy := recall.Policy{Observer: observerFunc(func(s recall.Span, end recall.SpanEnd) {
			if s.Kind == recall.SpanCall {
				seen = end
			}
		})}
		_, err := newClient(t, url, policy).DoEach(t.Context(), eachCall(2), fatesOf)
		require.NoError(t, err)
		assert.Equal(t, want, seen.Outcome, body)
	}
}

// observerFunc is told how each span ended.
type observerFunc func(recall.Span, recall.SpanEnd)

func (f observerFunc) Start(ctx context.Context, s recall.Span) (context.Context, func(recall.SpanEnd)) {
	return ctx, func(end recall.SpanEnd) { f(s, end) }
}
