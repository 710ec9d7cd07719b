package easemob

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// batchOf returns the parameters of a batch that nothing is wrong with.
func batchOf(ids ...string) BatchParams {
	var p BatchParams
	for _, id := range ids {
		p.Msgs = append(p.Msgs, recallOf(id))
	}
	return p
}

// emulated returns a client of a new emulator, with a token that is fetched already, and how many requests
// came since.
func emulated(t *testing.T, change func(*Config, *easemobtest.Server)) (*Client, *easemobtest.Server, func() int) {
	t.Helper()
	server := easemobtest.NewServer()
	t.Cleanup(server.Close)
	c := newClient(t, func(cfg *Config) {
		cfg.Host, cfg.Org, cfg.App, cfg.Token = server.URL, server.Org, server.App, ""
		cfg.ClientID, cfg.ClientSecret = server.ClientID, server.ClientSecret
		if change != nil {
			change(cfg, server)
		}
	})
	_, err := c.token(t.Context(), "")
	require.NoError(t, err)
	before := len(server.Requests())
	return c, server, func() int { return len(server.Requests()) - before }
}

func TestRecallBatchSendsTheVendorsSample(t *testing.T) {
	url, arrived := capture(t, 200, string(readGolden(t, "batch.answer.http").Body))
	c := newClient(t, func(cfg *Config) { cfg.Host, cfg.Org, cfg.App, cfg.Token = url, "XXXX", "XXXX", "<YourAppToken>" })
	no := false
	results, err := c.RecallBatch(t.Context(), BatchParams{Msgs: []RecallParams{
		{MsgID: "7126XXXX2581", To: "d95XXXX81c64", From: "18XXXXebf262", ChatType: ChatTypeChatRoom, SyncDevice: &no},
		{MsgID: "10436XXXX4564398104", To: "d9571XXXXc64", From: "18e4XXXXf262", ChatType: ChatTypeChat, SyncDevice: &no},
	}})
	require.NoError(t, err)
	assertGolden(t, readGolden(t, "batch.request.http"), <-arrived)
	for _, result := range results { // the sample's answer is about other messages
		require.ErrorIs(t, result.Err, recall.ErrBadResponse)
		assert.True(t, failure(t, result.Err).MayHaveApplied)
		assert.Zero(t, result.Receipt)
	}
}

func TestRecallBatchReadsTheVendorsSamples(t *testing.T) {
	for _, name := range []string{"batch.answer.http", "shengwang_batch.answer.http"} {
		m := readGolden(t, name)
		ids := []string{"104367XXXX564398104", "1028442XXXX94698104"}
		results, err := clientFor(t, m.Status, string(m.Body)).RecallBatch(t.Context(), batchOf(ids...))
		require.NoError(t, err)
		for i, result := range results {
			require.NoError(t, result.Err)
			assert.Equal(t, ids[i], result.MsgID)
			assert.Equal(t, ids[i], result.Receipt.MessageID)
			assert.Equal(t, recall.Recalled, result.Receipt.Outcome)
			assert.Equal(t, "yes", result.Receipt.Code)
		}
	}
}

// TestRecallBatchExtension: it stands beside the messages, not in them.
func TestRecallBatchExtension(t *testing.T) {
	url, arrived := capture(t, 200, recalledJSON("1"))
	c := newClient(t, func(cfg *Config) { cfg.Host = url })
	p := batchOf("1")
	p.ExtensionInfo = `{"type": "chat"}`
	_, err := c.RecallBatch(t.Context(), p)
	require.NoError(t, err)
	assert.JSONEq(t, `{"msgs":[{"msg_id":"1","to":"user2","chat_type":"chat","force":false}],
		"recallMessageExtensionInfo":"{\"type\": \"chat\"}"}`, string((<-arrived).body))
}

// TestRecallBatchReads holds the forms of a 200, of a batch of the messages 1 and 2 (this one with Force).
func TestRecallBatchReads(t *testing.T) {
	const yes, forced = "recalled", "accepted"
	bad := string(recall.ErrBadResponse)
	for name, test := range map[string]struct{ body, one, two string }{
		"in order":          {`{"data":[{"msg_id":"1","recalled":"yes"},{"msg_id":"2","recalled":"yes"}]}`, yes, forced},
		"in another order":  {`{"data":[{"msg_id":"2","recalled":"yes"},{"msg_id":"1","recalled":"yes"}]}`, yes, forced},
		"legacy form":       {`{"msgs":[{"msg_id":"2","recalled":"yes"},{"msg_id":"1","recalled":true}]}`, yes, forced},
		"in both":           {`{"data":{"msg_id":1,"recalled":"yes"},"msgs":[{"msg_id":"2","recalled":"yes"}]}`, yes, forced},
		"second failed":     {`{"data":[{"msg_id":"1","recalled":"yes"},{"msg_id":"2","recalled":"not_found msg"}]}`, yes, "not_found"},
		"first failed":      {`{"data":[{"msg_id":"2","recalled":"yes"},{"msg_id":"1","recalled":"exceed recall time limit"}]}`, "window_expired", forced},
		"both failed":       {`{"data":[{"msg_id":"1","recalled":"can't find msg to"},{"msg_id":"2","recalled":"internal error"}]}`, "invalid_request", "unavailable"},
		"new words":         {`{"data":[{"msg_id":"1","recalled":"no"},{"msg_id":"2","recalled":"yes"}]}`, bad, forced},
		"one missing":       {`{"data":[{"msg_id":"2","recalled":"yes"}]}`, bad, forced},
		"object":            {`{"data":{"msg_id":"1","recalled":"yes"}}`, yes, bad},
		"empty":             {`{"data":[]}`, bad, bad},
		"none":              {`{"action":"post"}`, bad, bad},
		"others":            {`{"data":[{"msg_id":"3","recalled":"yes"},{"msg_id":"4","recalled":"yes"}]}`, bad, bad},
		"no ids":            {`{"data":[{"recalled":"yes"},{"recalled":"yes"}]}`, bad, bad},
		"one without id":    {`{"data":[{"recalled":"yes"}]}`, bad, bad},
		"one and no id":     {`{"data":[{"msg_id":"1","recalled":"yes"},{"recalled":"yes"}]}`, yes, bad},
		"no word":           {`{"data":[{"msg_id":"1"},{"msg_id":"2","recalled":""}]}`, bad, bad},
		"long id as number": {`{"data":[{"msg_id":1.0,"recalled":"yes"},{"msg_id":2,"recalled":"yes"}]}`, bad, forced},
	} {
		t.Run(name, func(t *testing.T) {
			p := batchOf("1", "2")
			p.Msgs[1].Force = true
			results, err := clientFor(t, 200, test.body).RecallBatch(t.Context(), p)
			require.NoError(t, err)
			require.Len(t, results, 2)
			for i, want := range []string{test.one, test.two} {
				if results[i].Err == nil {
					assert.Equal(t, want, string(results[i].Receipt.Outcome))
					continue
				}
				e := failure(t, results[i].Err)
				assert.Equal(t, want, string(e.Kind))
				assert.Equal(t, unsettled(e.Kind), e.MayHaveApplied)
				assert.Equal(t, []any{"recall_batch", "org#app", 200, 1}, []any{e.Op, e.App, e.Status, e.Attempts})
				assert.Zero(t, results[i].Receipt)
			}
		})
	}
}

// TestRecallBatchListUnder403: the old page calls that the status of a recall that failed.
func TestRecallBatchListUnder403(t *testing.T) {
	body := `{"msgs":[{"msg_id":"1","recalled":"not_found msg"},{"msg_id":"2","recalled":"yes"}]}`
	results, err := clientFor(t, 403, body).RecallBatch(t.Context(), batchOf("1", "2"))
	require.NoError(t, err)
	assert.Equal(t, recall.ErrNotFound, failure(t, results[0].Err).Kind)
	assert.Equal(t, recall.ErrBadResponse, failure(t, results[1].Err).Kind, "a yes under a status that says no")
}

// TestRecallBatchRefusedAsAWhole: where that is about one message of several, others may be recalled.
func TestRecallBatchRefusedAsAWhole(t *testing.T) {
	for _, row := range allErrors() {
		results, err := clientFor(t, row.status, errorJSON(row.code, row.text)).RecallBatch(t.Context(), batchOf("1", "2"))
		assert.Nil(t, results)
		e := failure(t, err)
		assert.Equal(t, row.kind, e.Kind)
		about := row.kind == recall.ErrNotFound || row.kind == recall.ErrWindowExpired || row.field == "To" ||
			row.kind == recall.ErrForbidden && row.code != "forbidden_service_operation" ||
			row.kind == recall.ErrInvalidRequest && row.code == "message_recall_error" && !strings.Contains(row.text, "be empty")
		assert.Equal(t, about || unsettled(row.kind), e.MayHaveApplied, row.text)
	}
}

func TestRecallBatchAfterSilence(t *testing.T) {
	second := answers(`{"data":[{"msg_id":"1","recalled":"not_found msg"},{"msg_id":"2","recalled":"yes"},{"msg_id":"3","recalled":"exceed recall time limit"}]}`)
	c, count := inOrder(t, answers(recalledJSON("warm-up")), cut, second)
	_, err := c.Recall(t.Context(), recallOf("warm-up"))
	require.NoError(t, err)
	results, err := c.RecallBatch(t.Context(), batchOf("1", "2", "3"))
	require.NoError(t, err)
	assert.EqualValues(t, 3, count.Load())
	assert.Equal(t, recall.AlreadyGone, results[0].Receipt.Outcome)
	assert.Equal(t, "1", results[0].Receipt.MessageID)
	assert.Equal(t, recall.Recalled, results[1].Receipt.Outcome)
	e := failure(t, results[2].Err)
	assert.Equal(t, recall.ErrWindowExpired, e.Kind)
	assert.True(t, e.MayHaveApplied, "the first request may have recalled it within the window")
}

// TestRecallBatchOfOneRefusedAfterSilence: one message can be told gone by a refusal of the whole call.
func TestRecallBatchOfOneRefusedAfterSilence(t *testing.T) {
	c, _ := inOrder(t, answers(recalledJSON("warm-up")), cut, notFound)
	_, err := c.Recall(t.Context(), recallOf("warm-up"))
	require.NoError(t, err)
	results, err := c.RecallBatch(t.Context(), batchOf("1"))
	require.NoError(t, err)
	assert.Equal(t, recall.AlreadyGone, results[0].Receipt.Outcome)
	assert.Equal(t, "1", results[0].Receipt.MessageID)
}

func TestRecallBatchRefusesParams(t *testing.T) {
	tooMany := make([]string, MaxBatch+1)
	for i := range tooMany {
		tooMany[i] = fmt.Sprint(i)
	}
	with := func(change func(*BatchParams)) BatchParams {
		p := batchOf("1", "2")
		change(&p)
		return p
	}
	for name, test := range map[string]struct {
		field  string
		params BatchParams
	}{
		"none":                 {"Msgs", BatchParams{}},
		"too many":             {"Msgs", batchOf(tooMany...)},
		"twice":                {"Msgs[1].MsgID", batchOf("1", "1")},
		"no id":                {"Msgs[1].MsgID", batchOf("1", "")},
		"no recipient":         {"Msgs[1].To", with(func(p *BatchParams) { p.Msgs[1].To = "" })},
		"no kind of chat":      {"Msgs[0].ChatType", with(func(p *BatchParams) { p.Msgs[0].ChatType = "" })},
		"legacy kind of chat":  {"Msgs[0].ChatType", with(func(p *BatchParams) { p.Msgs[0].ChatType = ChatTypeLegacyGroup })},
		"not UTF-8":            {"Msgs[1].From", with(func(p *BatchParams) { p.Msgs[1].From = "\xff" })},
		"extension of its own": {"Msgs[1].ExtensionInfo", with(func(p *BatchParams) { p.Msgs[1].ExtensionInfo = "x" })},
		"extension not UTF-8":  {"ExtensionInfo", with(func(p *BatchParams) { p.ExtensionInfo = "\xff" })},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, requests := emulated(t, nil)
			results, err := c.RecallBatch(t.Context(), test.params)
			assert.Nil(t, results)
			e := failure(t, err)
			assert.Equal(t, []any{recall.ErrInvalidRequest, test.field, "recall_batch"}, []any{e.Kind, e.Field, e.Op})
			assert.Zero(t, requests())
		})
	}
}

// TestRecallBatchOfThirty is the most that the emulator, and the vendor, take.
func TestRecallBatchOfThirty(t *testing.T) {
	c, server, requests := emulated(t, nil)
	var p BatchParams
	for i := range MaxBatch {
		m := server.Add(easemobtest.Message{ID: fmt.Sprint(i), From: "a", To: "t", Chat: []string{"chat", "groupchat", "chatroom"}[i%3]})
		p.Msgs = append(p.Msgs, RecallParams{MsgID: m.ID, To: m.To, ChatType: m.Chat, Force: i%2 == 0})
	}
	results, err := c.RecallBatch(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, 1, requests())
	for i, result := range results {
		require.NoError(t, result.Err)
		assert.True(t, server.Recalled(result.MsgID))
		assert.Equal(t, i%2 != 0, result.Receipt.Outcome.Proven())
	}
}

// TestBatchErrorsHideSecrets: neither does what the server echoes about one message.
func TestBatchErrorsHideSecrets(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		request := quoted(vendortest.InOneLine(r))
		reply(w, 200, `{"data":[{"msg_id":"1","recalled":`+request+`},{"msg_id":"2","recalled":"yes"},{"msg_id":"3","x":`+request+`}],
			"padding":"`+strings.Repeat("x", 80)+`"}`)
	})
	for _, token := range []string{tokenPlain, `quoted"token\with/pieces-that-are-long`} {
		c := newClient(t, func(cfg *Config) { cfg.Host, cfg.Token = server, token })
		results, err := c.RecallBatch(t.Context(), batchOf("1", "2", "3"))
		require.NoError(t, err)
		require.NoError(t, results[1].Err)
		for _, i := range []int{0, 2} {
			assertHides(t, results[i], token)
			assertHides(t, failure(t, results[i].Err), token)
			assertHides(t, failure(t, results[i].Err).Err, token)
		}
	}
}

func TestMessageResultMarshals(t *testing.T) {
	results, err := clientFor(t, 200, recalledJSON("1")).RecallBatch(t.Context(), batchOf("1", "2"))
	require.NoError(t, err)
	_, err = json.Marshal(results)
	require.NoError(t, err)
}
