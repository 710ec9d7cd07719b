package easemob

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/golden"
	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// captured is a request as it arrived.
type captured struct {
	*http.Request
	body []byte
}

// capture starts a server that answers every request alike, and returns its URL and what arrives.
func capture(t *testing.T, status int, body string) (string, chan captured) {
	arrived := make(chan captured, 10)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		arrived <- captured{r, data}
		reply(w, status, body)
	})
	return url, arrived
}

// assertGolden asserts that got is the golden request, and nothing but it.
func assertGolden(t *testing.T, want golden.Message, got captured) {
	t.Helper()
	assert.Equal(t, want.Method, got.Method)
	assert.Equal(t, want.Path, got.RequestURI)
	for name, values := range want.Header {
		assert.Equal(t, values, got.Header.Values(name), name)
	}
	for name := range got.Header {
		others := []string{"User-Agent", "Content-Length", "Accept-Encoding"}
		assert.True(t, want.Header[name] != nil || slices.Contains(others, name), "header %s is not the vendor's", name)
	}
	if len(want.Body) == 0 {
		assert.Empty(t, got.body)
		return
	}
	assert.JSONEq(t, string(want.Body), string(got.body))
	assert.ElementsMatch(t, fieldsOf(t, want.Body), fieldsOf(t, got.body))
}

// fieldsOf returns the names of an object's fields, one for each time that it is there.
func fieldsOf(t *testing.T, object []byte) []string {
	t.Helper()
	var fields []string
	dec := json.NewDecoder(strings.NewReader(string(object)))
	_, err := dec.Token()
	require.NoError(t, err)
	for dec.More() {
		name, err := dec.Token()
		require.NoError(t, err)
		fields = append(fields, name.(string))
		require.NoError(t, dec.Decode(new(json.RawMessage)))
	}
	return fields
}

func TestRecallSendsTheVendorsSample(t *testing.T) {
	url, arrived := capture(t, 200, recalledJSON(theMessage))
	c := newClient(t, func(cfg *Config) { cfg.Host, cfg.Org, cfg.App, cfg.Token = url, "XXXX", "XXXX", "<YourAppToken>" })
	_, err := c.Recall(t.Context(), RecallParams{
		MsgID: theMessage, To: "user2", From: "user1", ChatType: ChatTypeChat,
		Force: true, ExtensionInfo: `{"type": "chat"}`,
	})
	require.NoError(t, err)
	assertGolden(t, readGolden(t, "recall.request.http"), <-arrived)
}

func TestRecallAlwaysSendsForce(t *testing.T) {
	no, yes := false, true
	for name, test := range map[string]struct {
		params RecallParams
		want   string
	}{
		"least": {
			RecallParams{MsgID: "1", To: "g", ChatType: ChatTypeGroupChat},
			`{"msg_id":"1","to":"g","chat_type":"groupchat","force":false}`,
		},
		"devices not": {
			RecallParams{MsgID: "1", To: "u", ChatType: ChatTypeChat, SyncDevice: &no},
			`{"msg_id":"1","to":"u","chat_type":"chat","force":false,"sync_device":false}`,
		},
		"devices, forced": {
			RecallParams{MsgID: "1", To: "r", ChatType: ChatTypeChatRoom, SyncDevice: &yes, Force: true},
			`{"msg_id":"1","to":"r","chat_type":"chatroom","force":true,"sync_device":true}`,
		},
		"texts": {
			RecallParams{MsgID: "1", To: "ü", From: "<&>", ChatType: ChatTypeChat, ExtensionInfo: "\"\u2028\\"},
			`{"msg_id":"1","to":"ü","from":"<&>","chat_type":"chat","force":false,"recallMessageExtensionInfo":"\"\u2028\\"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, arrived := capture(t, 200, recalledJSON("1"))
			c := newClient(t, func(cfg *Config) { cfg.Host = url })
			_, err := c.Recall(t.Context(), test.params)
			require.NoError(t, err)
			assert.JSONEq(t, test.want, string((<-arrived).body))
		})
	}
}

func TestRecallReadsTheVendorsSamples(t *testing.T) {
	for _, test := range []struct {
		file, id string
		kind     recall.Kind
		code     string
		text     string
	}{
		{file: "recall.answer.http", id: theMessage},
		{file: "legacy_recalled.answer.http", id: "673296835082717140"},
		{file: "legacy_recalled.answer.http", id: "673296797703079892"},
		{file: "recall.answer.http", id: "another", kind: recall.ErrBadResponse},
		{file: "legacy_recalled.answer.http", id: "another", kind: recall.ErrBadResponse},
		{"legacy_not_found.answer.http", "673296797703079892", recall.ErrNotFound, "", "not_found msg"},
		{file: "legacy_broken.answer.http", id: "673296835082717140", kind: recall.ErrBadResponse},
		{"recall_unopened.answer.http", "1", recall.ErrNotEnabled, "forbidden_op", "message recall service is unopened"},
		{"unauthorized.answer.http", "1", recall.ErrUnauthorized, "unauthorized", "Unable to authenticate (OAuth)"},
		{
			"corrupt_token.answer.http", "1", recall.ErrUnauthorized,
			"auth_bad_access_token", "Unable to authenticate due to corrupt access token",
		},
		{
			"app_not_found.answer.http", "1", recall.ErrMisconfigured, "organization_application_not_found",
			"Could not find application for {org}/{app} from URI: {org}/{app}/token",
		},
	} {
		t.Run(test.file+"/"+test.id, func(t *testing.T) {
			m := readGolden(t, test.file)
			receipt, err := clientFor(t, m.Status, string(m.Body)).Recall(t.Context(), recallOf(test.id))
			if test.kind == "" {
				require.NoError(t, err)
				assert.Equal(t, recall.Recalled, receipt.Outcome)
				assert.Equal(t, test.id, receipt.MessageID)
				return
			}
			e := failure(t, err)
			assert.Equal(t, test.kind, e.Kind)
			assert.Equal(t, test.code, e.Code)
			assert.Equal(t, test.text, e.Message)
			assert.Equal(t, m.Status, e.Status)
		})
	}
}

func TestRecallReceipt(t *testing.T) {
	for _, force := range []bool{false, true} {
		before := time.Now()
		c := clientFor(t, 200, recalledJSON(theMessage))
		p := recallOf(theMessage)
		p.Force = force
		receipt, err := c.Recall(t.Context(), p)
		require.NoError(t, err)
		assert.WithinRange(t, receipt.At, before, time.Now())
		receipt.At = time.Time{}
		want := recall.Receipt{
			Vendor: "easemob", App: "org#app", MessageID: theMessage, Outcome: recall.Recalled, Code: "yes", Attempts: 1,
		}
		if force {
			want.Outcome = recall.Accepted
		}
		assert.Equal(t, want, receipt)
	}
}

func TestRecallRefusesParams(t *testing.T) {
	for name, test := range map[string]struct {
		field  string
		change func(*RecallParams)
	}{
		"no message":             {"MsgID", func(p *RecallParams) { p.MsgID = "" }},
		"no recipient":           {"To", func(p *RecallParams) { p.To = "" }},
		"no kind of chat":        {"ChatType", func(p *RecallParams) { p.ChatType = "" }},
		"legacy kind of chat":    {"ChatType", func(p *RecallParams) { p.ChatType = "group_chat" }},
		"message is not UTF-8":   {"MsgID", func(p *RecallParams) { p.MsgID = "\xff" }},
		"recipient is not UTF-8": {"To", func(p *RecallParams) { p.To = "\xff" }},
		"recaller is not UTF-8":  {"From", func(p *RecallParams) { p.From = "\xff" }},
		"chat is not UTF-8":      {"ChatType", func(p *RecallParams) { p.ChatType = "\xff" }},
		"extension is not UTF-8": {"ExtensionInfo", func(p *RecallParams) { p.ExtensionInfo = "\xff" }},
	} {
		t.Run(name, func(t *testing.T) {
			mock := answering(200, recalledJSON(theMessage))
			c := newClient(t, func(cfg *Config) { cfg.Policy.Transport = mock })
			p := recallOf(theMessage)
			test.change(&p)
			receipt, err := c.Recall(t.Context(), p)
			assert.Zero(t, receipt)
			e := failure(t, err)
			assert.Equal(t, recall.ErrInvalidRequest, e.Kind)
			assert.Equal(t, test.field, e.Field)
			assert.Equal(t, "recall", e.Op)
			assert.Equal(t, "org#app", e.App)
			assert.False(t, e.MayHaveApplied)
			assert.Zero(t, mock.GetTotalCallCount())
		})
	}
}

// TestRecallReads holds the forms of a 200 that the vendor's pages, SDKs and old deployments know.
func TestRecallReads(t *testing.T) {
	const success = recall.Kind("")
	for name, test := range map[string]struct {
		body string
		kind recall.Kind
	}{
		"yes":                      {`{"data":{"recalled":"yes","msg_id":"1"}}`, success},
		"true":                     {`{"data":{"recalled":true,"msg_id":"1"}}`, success},
		"true as a text":           {`{"data":{"recalled":"true","msg_id":"1"}}`, success},
		"id as a number":           {`{"data":{"recalled":"yes","msg_id":1}}`, success},
		"list":                     {`{"data":[{"recalled":"yes","msg_id":"1"}]}`, success},
		"list with others":         {`{"data":[{"recalled":"no","msg_id":"2"},{"recalled":"yes","msg_id":"1"}]}`, success},
		"legacy":                   {`{"msgs":[{"recalled":"yes","msg_id":"1"}]}`, success},
		"legacy object":            {`{"msgs":{"recalled":"yes","msg_id":"1"}}`, success},
		"beside null":              {`{"data":{"recalled":"yes","msg_id":"1"},"msgs":null,"error":null}`, success},
		"no id":                    {`{"data":{"recalled":"yes"}}`, success},
		"legacy, no id":            {`{"msgs":[{"recalled":"yes"}]}`, success},
		"white space":              {"\r\n\t " + `{ "data" : { "recalled" : "yes" , "msg_id" : "1" } }` + "\n", success},
		"false":                    {`{"data":{"recalled":false,"msg_id":"1"}}`, recall.ErrBadResponse},
		"no":                       {`{"data":{"recalled":"no","msg_id":"1"}}`, recall.ErrBadResponse},
		"yes and more":             {`{"data":{"recalled":"yes, I think","msg_id":"1"}}`, recall.ErrBadResponse},
		"one":                      {`{"data":{"recalled":1,"msg_id":"1"}}`, recall.ErrBadResponse},
		"object":                   {`{"data":{"recalled":{"yes":true},"msg_id":"1"}}`, recall.ErrBadResponse},
		"null":                     {`{"data":{"recalled":null,"msg_id":"1"}}`, recall.ErrBadResponse},
		"missing":                  {`{"data":{"msg_id":"1"}}`, recall.ErrBadResponse},
		"another message":          {`{"data":{"recalled":"yes","msg_id":"2"}}`, recall.ErrBadResponse},
		"other messages":           {`{"data":[{"recalled":"yes","msg_id":"2"},{"recalled":"yes","msg_id":"3"}]}`, recall.ErrBadResponse},
		"no ids":                   {`{"data":[{"recalled":"yes"},{"recalled":"yes"}]}`, recall.ErrBadResponse},
		"id as a fraction":         {`{"data":{"recalled":"yes","msg_id":1.0}}`, recall.ErrBadResponse},
		"list that comes twice":    {`{"data":[{"recalled":"yes","msg_id":"1"}],"data":[{"msg_id":"1"}]}`, recall.ErrBadResponse},
		"no data":                  {`{"action":"post"}`, recall.ErrBadResponse},
		"null data":                {`{"data":null}`, recall.ErrBadResponse},
		"empty data":               {`{"data":{}}`, recall.ErrBadResponse},
		"empty list":               {`{"data":[],"msgs":[]}`, recall.ErrBadResponse},
		"data as a text":           {`{"data":"yes"}`, recall.ErrBadResponse},
		"data as a list of texts":  {`{"data":["yes"]}`, recall.ErrBadResponse},
		"nothing":                  {``, recall.ErrBadResponse},
		"null answer":              {`null`, recall.ErrBadResponse},
		"list answer":              {`[]`, recall.ErrBadResponse},
		"list of answers":          {`[{"data":{"recalled":"yes","msg_id":"1"}}]`, recall.ErrBadResponse},
		"empty answer":             {`{}`, recall.ErrBadResponse},
		"text answer":              {`"yes"`, recall.ErrBadResponse},
		"two answers":              {`{"data":{"recalled":"yes","msg_id":"1"}}{}`, recall.ErrBadResponse},
		"cut answer":               {`{"data":{"recalled":"yes","msg_id":"1"}`, recall.ErrBadResponse},
		"byte order mark":          {"\ufeff" + `{"data":{"recalled":"yes","msg_id":"1"}}`, recall.ErrBadResponse},
		"gateway":                  {`<html>yes</html>`, recall.ErrBadResponse},
		"yes beside an error":      {`{"data":{"recalled":"yes","msg_id":"1"},"error":"x"}`, recall.ErrBadResponse},
		"yes beside an error text": {`{"data":{"recalled":"yes","msg_id":"1"},"error_description":"x"}`, recall.ErrBadResponse},
		"known error":              {errorJSON("forbidden_op", "message recall service is unopened"), recall.ErrNotEnabled},
		"not found":                {`{"data":{"recalled":"not_found msg","msg_id":"1"}}`, recall.ErrNotFound},
		"not found, no id":         {`{"msgs":[{"recalled":"not_found msg"}]}`, recall.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			receipt, err := clientFor(t, 200, test.body).Recall(t.Context(), recallOf("1"))
			if test.kind == success {
				require.NoError(t, err)
				assert.Equal(t, recall.Recalled, receipt.Outcome)
				return
			}
			assert.Zero(t, receipt)
			e := failure(t, err)
			assert.Equal(t, test.kind, e.Kind)
			assert.Equal(t, 200, e.Status)
			assert.Equal(t, test.kind == recall.ErrBadResponse, e.MayHaveApplied)
		})
	}
}

func TestRecallReadsLongIDs(t *testing.T) {
	for _, id := range []string{`"1028442084794698104"`, `1028442084794698104`} {
		body := `{"data":{"recalled":"yes","msg_id":` + id + `}}`
		_, err := clientFor(t, 200, body).Recall(t.Context(), recallOf("1028442084794698104"))
		require.NoError(t, err)
		_, err = clientFor(t, 200, body).Recall(t.Context(), recallOf("1028442084794698105"))
		require.ErrorIs(t, err, recall.ErrBadResponse)
	}
}

func TestYesUnderAnotherStatusIsNoSuccess(t *testing.T) {
	for _, status := range []int{201, 202, 204, 206, 302, 400, 403, 500} {
		_, err := clientFor(t, status, recalledJSON("1")).Recall(t.Context(), recallOf("1"))
		assert.Equal(t, status, failure(t, err).Status)
	}
}

func TestDecodeTakesAnyContentType(t *testing.T) {
	p := recallOf("1")
	_, err := p.decode(rest.Answer{Status: 200, Body: []byte(recalledJSON("1")), Header: http.Header{
		"Content-Type": {"text/plain"},
	}})
	require.NoError(t, err)
}

// TestRecallReadsNoListTwice: json would take the last of two lists for the whole.
func TestRecallReadsNoListTwice(t *testing.T) {
	_, err := clientFor(t, 200, `{"data":[{"msg_id":"1","recalled":"not_found msg"}],"Data":[{"msg_id":"1","recalled":"yes"}]}`).
		Recall(t.Context(), recallOf("1"))
	require.ErrorIs(t, err, recall.ErrBadResponse)
}
