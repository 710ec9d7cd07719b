package easemob

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// fixtures returns the status and body of every answer in testdata.
func fixtures(f *testing.F) []rest.Answer {
	f.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "*.answer.http"))
	require.NoError(f, err)
	require.NotEmpty(f, names)
	var answers []rest.Answer
	for _, name := range names {
		m := readGolden(f, filepath.Base(name))
		answers = append(answers, rest.Answer{Status: m.Status, Body: m.Body})
	}
	return answers
}

// kinds are all that an answer can be.
var kinds = []recall.Kind{
	recall.ErrInvalidRequest, recall.ErrUnauthorized, recall.ErrMisconfigured, recall.ErrForbidden,
	recall.ErrNotEnabled, recall.ErrWindowExpired, recall.ErrNotFound, recall.ErrRateLimited,
	recall.ErrPlanExhausted, recall.ErrUnavailable, recall.ErrBadResponse, recall.ErrUnsupported,
}

// assertClassified asserts that err is an error that says what it means.
func assertClassified(t *testing.T, err error) {
	t.Helper()
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	assert.Contains(t, kinds, e.Kind)
	assert.False(t, e.Code == "" && e.Message == "" && e.Err == nil, "the error says nothing: %v", err)
	assert.NotContains(t, e.Error(), "\n")
}

// words returns what a JSON document is made of: its texts, field names, numbers and booleans.
func words(document []byte) []string {
	var found []string
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		switch token := token.(type) {
		case string:
			found = append(found, token)
		case json.Number:
			found = append(found, token.String())
		case bool:
			if token {
				found = append(found, "true")
			}
		}
		if err != nil {
			return found
		}
	}
}

// FuzzDecodeRecall: whatever comes, success needs a 200 that is one JSON document with a yes in it, about
// this message or about none that it names.
func FuzzDecodeRecall(f *testing.F) {
	for _, a := range fixtures(f) {
		f.Add(a.Status, a.Body, theMessage, false)
		f.Add(a.Status, a.Body, "673296835082717140", true)
	}
	for _, row := range allErrors() {
		f.Add(row.status, []byte(errorJSON(row.code, row.text)), "1", false)
		f.Add(200, []byte(`{"msgs":[{"msg_id":"1","recalled":`+quoted(row.text)+`}]}`), "1", false)
	}
	for _, body := range unexplainedBodies {
		f.Add(200, []byte(body), "1", false)
	}
	f.Add(200, []byte(`{"data":[{"recalled":true,"msg_id":1}]}`), "1", true)
	f.Fuzz(func(t *testing.T, status int, body []byte, id string, force bool) {
		p := RecallParams{MsgID: id, To: "user2", ChatType: ChatTypeChat, Force: force}
		if p.validate() != nil {
			t.Skip("never sent")
		}
		verdict, err := p.decode(rest.Answer{Status: status, Body: body})
		if err != nil {
			assert.Zero(t, verdict)
			assertClassified(t, err)
			return
		}
		assert.Equal(t, 200, status)
		assert.True(t, json.Valid(body))
		said := words(body)
		assert.True(t, slices.Contains(said, "yes") || slices.Contains(said, "true"), "%q", said)
		assert.Contains(t, said, verdict.Code)
		assert.True(t, slices.Contains(said, id) || !namesAMessage(body), "%q", said)
		want := recall.Recalled
		if force {
			want = recall.Accepted
		}
		assert.Equal(t, want, verdict.Outcome)
	})
}

// namesAMessage tells whether a document has a msg_id that is not empty.
func namesAMessage(document []byte) bool {
	found := words(document)
	for i, word := range found {
		if strings.EqualFold(word, "msg_id") && i+1 < len(found) && found[i+1] != "" {
			return true
		}
	}
	return false
}

// FuzzDecodeToken: a token comes from a 200 that has it, and fits into a header.
func FuzzDecodeToken(f *testing.F) {
	for _, a := range fixtures(f) {
		f.Add(a.Status, a.Body)
	}
	for _, row := range allErrors() {
		f.Add(row.status, []byte(errorJSON(row.code, row.text)))
	}
	for _, body := range unexplainedBodies {
		f.Add(200, []byte(body))
	}
	for expiresIn := range expiries {
		f.Add(200, []byte(`{"access_token":"t","expires_in":`+expiresIn+`}`))
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		token, err := decodeToken(rest.Answer{Status: status, Body: body, At: now})
		if err != nil {
			assert.Zero(t, token)
			assertClassified(t, err)
			for _, aboutAMessage := range []error{recall.ErrInvalidRequest, recall.ErrNotFound, recall.ErrWindowExpired} {
				assert.NotErrorIs(t, err, aboutAMessage)
			}
			return
		}
		assert.Equal(t, 200, status)
		assert.True(t, json.Valid(body))
		assert.Contains(t, words(body), token.Value)
		assert.NotEmpty(t, token.Value)
		for _, r := range token.Value {
			assert.True(t, r > ' ' && r < 0x7f, "%q", token.Value)
		}
		assertBelievable(t, now, token.Expires)
	})
}

// assertBelievable asserts that an expiry is not known, or after now and within what is believed.
func assertBelievable(t *testing.T, now, expires time.Time) {
	t.Helper()
	if !expires.IsZero() {
		assert.False(t, expires.Before(now), expires)
		assert.False(t, expires.After(now.Add(longestLife)), expires)
	}
}

// FuzzClassify: every refusal has a kind, is told verbatim, and means the same whatever its punctuation.
func FuzzClassify(f *testing.F) {
	for _, row := range allErrors() {
		f.Add(row.status, row.code, row.text)
	}
	for status := range unexplained {
		f.Add(status, "", "")
		f.Add(status, "", "x")
	}
	f.Fuzz(func(t *testing.T, status int, code, text string) {
		err := classify(rest.Answer{Status: status}, errorBody{Code: rest.Text(code), Description: rest.Text(text)})
		assertClassified(t, err)
		assert.Equal(t, code, err.Code)
		assert.Equal(t, text, err.Message)
		if text != "" {
			again := classify(rest.Answer{Status: status}, errorBody{Code: rest.Text(code), Description: rest.Text("“" + text + ".”")})
			assert.Equal(t, err.Kind, again.Kind)
			assert.Equal(t, err.Field, again.Field)
		}
		assertClassified(t, classifyRecalled(rest.Answer{Status: 200}, text))
	})
}

// FuzzExpiry: whatever the vendor says, the time is not known, or within ten years.
func FuzzExpiry(f *testing.F) {
	for expiresIn := range expiries {
		f.Add(expiresIn)
		f.Add(strings.Trim(expiresIn, `"`))
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expiresIn string) {
		assertBelievable(t, now, expiry(now, expiresIn))
	})
}
