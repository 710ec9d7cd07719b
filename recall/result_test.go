package recall_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestResultJSON(t *testing.T) {
	request := recall.Request{MessageID: "42", Ref: "line 7"}
	roundTrip(t, recall.Result{Request: request, Receipt: recall.Receipt{Vendor: "acme", Outcome: recall.Recalled}},
		`{"request":{"message_id":"42","ref":"line 7"},"receipt":{"vendor":"acme","outcome":"recalled","attempts":0,"at":"0001-01-01T00:00:00Z"}}`)
	roundTrip(t, recall.Result{Request: request, Err: &recall.Error{Kind: recall.ErrNotFound}},
		`{"request":{"message_id":"42","ref":"line 7"},"error":{"kind":"not_found","may_have_applied":false}}`)

	data, err := json.Marshal(recall.Result{Err: errors.New("other")})
	require.NoError(t, err)
	assert.JSONEq(t, `{"request":{},"error":{"kind":"","may_have_applied":false,"cause":"other"}}`, string(data))
	var back recall.Result
	require.NoError(t, json.Unmarshal(data, &back))
	require.ErrorContains(t, back.Err, "other")
	require.Error(t, json.Unmarshal([]byte(`[]`), &back))

	var none *recall.Error
	for want, err := range map[string]error{
		`{"request":{},"error":{"kind":"not_found","may_have_applied":false}}`:        recall.ErrNotFound,
		`{"request":{},"error":{"kind":"","may_have_applied":false,"cause":"<nil>"}}`: none,
	} {
		data, jsonErr := json.Marshal(recall.Result{Err: err})
		require.NoError(t, jsonErr)
		assert.JSONEq(t, want, string(data))
	}
}
