package netease

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// cutOnce returns a client whose connection the server has used once and then
// cuts, after it took the request: the transport sends the request again by
// itself, and that copy gets the answer. The server saw three requests then.
func cutOnce(t *testing.T, answer http.HandlerFunc) (*Client, *vendortest.Server) {
	t.Helper()
	s := newServer(t, vendortest.InTurn(vendortest.Answering(http.StatusOK, `{"code":200}`), vendortest.HangUp, answer))
	c := newClient(t, Config{Host: s.URL})
	_, err := c.Recall(t.Context(), params())
	require.NoError(t, err)
	return c, s
}

// The transport repeated a request, with its RequestId, that was never
// answered: the vendor's answer to the copy is not all there is to know.
func TestAnswerAfterReplay(t *testing.T) {
	for _, row := range []struct {
		body           string
		outcome        recall.Outcome
		kind           recall.Kind
		code           string
		mayHaveApplied bool
	}{
		{body: `{"code":200}`, outcome: recall.Accepted, code: "200"},
		{body: `{"code":431,"desc":"repeated"}`, outcome: recall.Accepted, code: "431"},
		{body: `{"code":404,"desc":"no such object"}`, kind: recall.ErrInvalidRequest, code: "404", mayHaveApplied: true},
		{body: `{"desc": "not allow!", "code": 403}`, kind: recall.ErrForbidden, code: "403", mayHaveApplied: true},
		{body: `{"code":508}`, kind: recall.ErrWindowExpired, code: "508", mayHaveApplied: true},
		{body: `{"code":416}`, kind: recall.ErrRateLimited, code: "416", mayHaveApplied: true},
		{body: `{"desc":"checksum","code":414}`, kind: recall.ErrUnauthorized, code: "414", mayHaveApplied: true},
		{body: `{"code":500}`, kind: recall.ErrUnavailable, code: "500", mayHaveApplied: true},
		{body: `<html>`, kind: recall.ErrBadResponse, mayHaveApplied: true},
	} {
		t.Run(row.body, func(t *testing.T) {
			c, s := cutOnce(t, vendortest.Answering(http.StatusOK, row.body))
			receipt, err := c.Recall(t.Context(), params())
			sent := s.Requests()
			require.Len(t, sent, 3)
			assert.Equal(t, sent[1].Header.Get("RequestId"), sent[2].Header.Get("RequestId"))
			assert.Equal(t, sent[1].Body, sent[2].Body)
			if row.kind == "" {
				require.NoError(t, err)
				assert.Equal(t, row.outcome, receipt.Outcome)
				assert.Equal(t, row.code, receipt.Code)
				assert.False(t, receipt.Outcome.Proven())
				return
			}
			e := failure(t, err)
			assert.Zero(t, receipt)
			assert.Equal(t, row.kind, e.Kind)
			assert.Equal(t, row.code, e.Code)
			assert.Equal(t, row.mayHaveApplied, e.MayHaveApplied)
		})
	}
}

// 431 to a request that was sent once is a riddle, not a success.
func TestRepeatedWithoutReplay(t *testing.T) {
	s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":431,"desc":"repeated"}`))
	receipt, err := newClient(t, Config{Host: s.URL}).Recall(t.Context(), params())
	assert.Zero(t, receipt)
	assert.ErrorIs(t, err, recall.ErrBadResponse)
	assert.ErrorContains(t, err, "sent once")
	e := failure(t, err)
	assert.Equal(t, "431", e.Code)
	assert.True(t, e.MayHaveApplied)
}
