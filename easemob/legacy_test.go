package easemob

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
)

// theLegacyMessages are those of the vendor's sample.
var theLegacyMessages = LegacyParams{Msgs: []LegacyMessage{
	{MsgID: "673296797703079892", To: "99537689575425", ChatType: ChatTypeGroupChat},
	{MsgID: "673296835082717140", To: "yifan1", ChatType: ChatTypeChat},
}}

func TestRecallLegacySendsTheVendorsSample(t *testing.T) {
	url, arrived := capture(t, 200, string(readGolden(t, "legacy_recalled.answer.http").Body))
	c := newClient(t, func(cfg *Config) { cfg.Host, cfg.Org, cfg.App, cfg.Token = url, "XXXX", "XXXX", "<YourAppToken>" })
	results, err := c.RecallLegacy(t.Context(), theLegacyMessages)
	require.NoError(t, err)
	assertGolden(t, readGolden(t, "legacy.request.http"), <-arrived)
	for i, result := range results { // the sample's answer has them in the other order
		require.NoError(t, result.Err)
		assert.Equal(t, theLegacyMessages.Msgs[i].MsgID, result.MsgID)
		assert.Equal(t, result.MsgID, result.Receipt.MessageID)
		assert.Equal(t, recall.Recalled, result.Receipt.Outcome)
	}
}

func TestRecallLegacyReadsTheVendorsSamples(t *testing.T) {
	m := readGolden(t, "legacy_not_found.answer.http")
	results, err := clientFor(t, m.Status, string(m.Body)).RecallLegacy(t.Context(), theLegacyMessages)
	require.NoError(t, err)
	for _, result := range results {
		e := failure(t, result.Err)
		assert.Equal(t, []any{recall.ErrNotFound, "not_found msg", "recall_legacy", 200, false}, []any{e.Kind, e.Message, e.Op, e.Status, e.MayHaveApplied})
	}

	m = readGolden(t, "legacy_broken.answer.http")
	results, err = clientFor(t, m.Status, string(m.Body)).RecallLegacy(t.Context(), theLegacyMessages)
	assert.Nil(t, results)
	e := failure(t, err)
	assert.Equal(t, recall.ErrBadResponse, e.Kind)
	assert.True(t, e.MayHaveApplied)

	m = readGolden(t, "recall_unopened.answer.http")
	_, err = clientFor(t, m.Status, string(m.Body)).RecallLegacy(t.Context(), theLegacyMessages)
	require.ErrorIs(t, err, recall.ErrNotEnabled)
}

// TestRecallLegacyMixed: each message has its own fate, and the page's two spellings of a group mean the same.
func TestRecallLegacyMixed(t *testing.T) {
	c, server, requests := emulated(t, nil)
	server.Add(easemobtest.Message{ID: "1", To: "user2", Chat: "chat"})
	server.Add(easemobtest.Message{ID: "2", To: "g", Chat: "groupchat"})
	server.Add(easemobtest.Message{ID: "3", To: "g", Chat: "groupchat"})
	results, err := c.RecallLegacy(t.Context(), LegacyParams{Msgs: []LegacyMessage{
		{MsgID: "1", To: "user2", ChatType: ChatTypeChat},
		{MsgID: "2", To: "g", ChatType: ChatTypeGroupChat, From: "admin2"},
		{MsgID: "3", To: "g", ChatType: ChatTypeLegacyGroup},
		{MsgID: "4", To: "g", ChatType: ChatTypeGroupChat},
		{MsgID: "5", To: "g", ChatType: ChatTypeGroupChat, Force: true},
	}})
	require.NoError(t, err)
	assert.Equal(t, 1, requests())
	for i := range 3 {
		require.NoError(t, results[i].Err)
		assert.Equal(t, recall.Recalled, results[i].Receipt.Outcome)
		assert.True(t, server.Recalled(results[i].MsgID))
	}
	require.ErrorIs(t, results[3].Err, recall.ErrNotFound)
	assert.Equal(t, recall.Accepted, results[4].Receipt.Outcome)
}

// TestRecallLegacyReadsBothSpellings of a group in the answer.
func TestRecallLegacyReadsBothSpellings(t *testing.T) {
	for _, chat := range []string{"groupchat", "group_chat"} {
		body := `{"msgs":[{"msg_id":"1","recalled":"yes","from":"admin","to":"g","chattype":"` + chat + `"}]}`
		results, err := clientFor(t, 200, body).RecallLegacy(t.Context(), LegacyParams{Msgs: []LegacyMessage{{MsgID: "1", To: "g", ChatType: chat}}})
		require.NoError(t, err)
		require.NoError(t, results[0].Err)
	}
}

// TestRecallLegacyKnowsNoMaximum: none is documented.
func TestRecallLegacyKnowsNoMaximum(t *testing.T) {
	c, server, _ := emulated(t, nil)
	var p LegacyParams
	for i := range 100 {
		id := strconv.Itoa(i)
		server.Add(easemobtest.Message{ID: id, To: "user2", Chat: "chat"})
		p.Msgs = append(p.Msgs, LegacyMessage{MsgID: id, To: "user2", ChatType: ChatTypeChat})
	}
	results, err := c.RecallLegacy(t.Context(), p)
	require.NoError(t, err)
	for i, result := range results {
		require.NoError(t, result.Err)
		assert.Equal(t, strconv.Itoa(i), result.MsgID)
	}
}

func TestRecallLegacyRefusesParams(t *testing.T) {
	good := LegacyMessage{MsgID: "1", To: "user2", ChatType: ChatTypeChat}
	with := func(change func(*LegacyMessage)) LegacyParams {
		bad := good
		bad.MsgID = "2"
		change(&bad)
		return LegacyParams{Msgs: []LegacyMessage{good, bad}}
	}
	for name, test := range map[string]struct {
		field  string
		params LegacyParams
	}{
		"none":            {"Msgs", LegacyParams{}},
		"twice":           {"Msgs[1].MsgID", with(func(m *LegacyMessage) { m.MsgID = "1" })},
		"no id":           {"Msgs[1].MsgID", with(func(m *LegacyMessage) { m.MsgID = "" })},
		"no recipient":    {"Msgs[1].To", with(func(m *LegacyMessage) { m.To = "" })},
		"no kind of chat": {"Msgs[1].ChatType", with(func(m *LegacyMessage) { m.ChatType = "" })},
		"chat room":       {"Msgs[1].ChatType", with(func(m *LegacyMessage) { m.ChatType = ChatTypeChatRoom })},
		"not UTF-8":       {"Msgs[1].From", with(func(m *LegacyMessage) { m.From = "\xff" })},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, requests := emulated(t, nil)
			results, err := c.RecallLegacy(t.Context(), test.params)
			assert.Nil(t, results)
			e := failure(t, err)
			assert.Equal(t, []any{recall.ErrInvalidRequest, test.field, "recall_legacy"}, []any{e.Kind, e.Field, e.Op})
			assert.Zero(t, requests())
		})
	}
}
