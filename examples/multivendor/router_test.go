package main

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func start(file *bytes.Buffer) (r *router, old, fresh *recalltest.Fake) {
	old = &recalltest.Fake{App: "old"}
	fresh = &recalltest.Fake{App: "new", As: recall.Capabilities{Vendor: "another", Success: recall.Accepted}}
	return &router{
		apps:  map[string]recall.Provider{"old": old, "new": fresh},
		audit: &audit{w: file, now: func() time.Time { return noon }},
	}, old, fresh
}

func TestEachMessageGoesToItsOwnApp(t *testing.T) {
	r, old, fresh := start(new(bytes.Buffer))
	old.For("1", recalltest.Answer{Err: recall.ErrNotFound})
	result, err := r.recall(t.Context(), message{"old", recall.Request{MessageID: "1"}})
	require.NoError(t, err)
	assert.ErrorIs(t, result.Err, recall.ErrNotFound)
	assert.Empty(t, fresh.Calls(), "nobody else is asked, who might say yes")

	result, err = r.recall(t.Context(), message{"new", recall.Request{MessageID: "1"}})
	require.NoError(t, err)
	assert.Equal(t, recall.Accepted, result.Receipt.Outcome)
	assert.Len(t, old.Calls(), 1)
}

func TestUnknownApp(t *testing.T) {
	r, old, fresh := start(new(bytes.Buffer))
	result, err := r.recall(t.Context(), message{"", recall.Request{MessageID: "1"}})
	require.NoError(t, err)
	assert.ErrorIs(t, result.Err, recall.ErrMisconfigured)
	assert.Empty(t, append(old.Calls(), fresh.Calls()...))
}

func TestAuditRecords(t *testing.T) {
	var file bytes.Buffer
	r, old, _ := start(&file)
	old.Next(recalltest.Answer{Err: &recall.Error{Kind: recall.ErrForbidden, Code: "403", Message: "no"}})
	_, err := r.recall(t.Context(), message{"old", recall.Request{MessageID: "1", Ref: "T-1"}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"at":"2026-03-04T12:00:00Z","app":"old","result":{"request":{"message_id":"1","ref":"T-1"},"error":{
		"kind":"forbidden","vendor":"fake","app":"old","op":"recall","code":"403","message":"no","attempts":1,"may_have_applied":false}}}`,
		file.String())
}

func TestAuditThatFails(t *testing.T) {
	r, _, _ := start(nil)
	r.audit.w = full{}
	result, err := r.recall(t.Context(), message{"old", recall.Request{MessageID: "1"}})
	assert.ErrorContains(t, err, "audit: disk full")
	assert.Equal(t, recall.Recalled, result.Receipt.Outcome, "the message is gone all the same")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAuditOfManyAtOnce(t *testing.T) {
	var file bytes.Buffer
	r, _, _ := start(&file)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			_, err := r.recall(t.Context(), message{"new", recall.Request{MessageID: "1"}})
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.Equal(t, 32, bytes.Count(file.Bytes(), []byte("\n")))
}
