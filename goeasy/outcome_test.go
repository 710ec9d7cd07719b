package goeasy

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// A client whose connection the server has used once and then cuts, after it
// took the request: the transport sends the request again by itself. A yes to
// the copy is as good as any; a no says nothing of the first.
func TestAnswerAfterReplay(t *testing.T) {
	for _, row := range []struct {
		body           string
		kind           recall.Kind // empty for a success
		mayHaveApplied bool
	}{
		{body: `{"code":200,"content":"OK"}`},
		{body: `{"code":401,"content":"Unauthorized"}`, kind: recall.ErrUnauthorized, mayHaveApplied: true},
		{body: `{"code":429}`, kind: recall.ErrRateLimited, mayHaveApplied: true},
		{body: `{"code":400}`, kind: recall.ErrInvalidRequest, mayHaveApplied: true},
		{body: `{"code":500}`, kind: recall.ErrUnavailable, mayHaveApplied: true},
		{body: `<html>`, kind: recall.ErrBadResponse, mayHaveApplied: true},
	} {
		t.Run(row.body, func(t *testing.T) {
			s := newServer(t, vendortest.InTurn(vendortest.Answering(http.StatusOK, `{"code":200}`), vendortest.HangUp, vendortest.Answering(http.StatusOK, row.body)))
			c := newClient(t, Config{Host: s.URL})
			_, err := c.Recall(t.Context(), params())
			require.NoError(t, err)

			receipt, err := c.Recall(t.Context(), params())
			sent := s.Requests()
			require.Len(t, sent, 3)
			assert.Equal(t, sent[1].Body, sent[2].Body)
			if row.kind == "" {
				require.NoError(t, err)
				assert.Equal(t, recall.Accepted, receipt.Outcome)
				return
			}
			e := failure(t, err)
			assert.Zero(t, receipt)
			assert.Equal(t, row.kind, e.Kind)
			assert.Equal(t, row.mayHaveApplied, e.MayHaveApplied)
		})
	}
}
