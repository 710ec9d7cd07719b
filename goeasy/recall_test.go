package goeasy

import (
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// What the client sends is what the vendor's page shows, field for field.
func TestRecallMatchesGoldenRequest(t *testing.T) {
	recaller := &Recaller{ID: "user001", Data: json.RawMessage(`{"avatar": "/static/images/Avatar-2.png", "name": "Wallace"}`)}
	times := []int64{1581111111111, 1582222222222, 1583333333333}
	for name, p := range map[string]RecallParams{
		"recall.request.http":       {Recaller: recaller, UserAID: "user001", UserBID: "user002", Messages: times},
		"recall-group.request.http": {Recaller: recaller, GroupID: "group001", Messages: times},
	} {
		want := fixture(t, name)
		s := newServer(t, vendortest.Answering(http.StatusOK, string(fixture(t, "recall.answer.http").Body)))
		before := time.Now()
		receipt, err := newClient(t, Config{Host: s.URL, AppKey: "BC-xxx"}).Recall(t.Context(), p)
		after := time.Now()
		require.NoError(t, err)
		require.Len(t, s.Requests(), 1)
		got := s.Requests()[0]

		assert.Equal(t, want.Method, got.Method)
		assert.Equal(t, want.Path, got.URI)
		for field, values := range want.Header {
			assert.Equal(t, values, got.Header.Values(field), field)
		}
		assert.Equal(t, fieldsOf(t, string(want.Body)), fieldsOf(t, got.Body))
		assert.Equal(t, recall.Receipt{
			Vendor: "goeasy", App: appName("BC-xxx"), Outcome: recall.Accepted, Code: "200", Attempts: 1, At: receipt.At,
		}, receipt)
		assert.WithinRange(t, receipt.At, before, after)
	}
}

// The key goes into the body and nowhere else.
func TestKeyIsInBodyOnly(t *testing.T) {
	s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200,"content":"OK"}`))
	_, err := newClient(t, Config{Host: s.URL}).Recall(t.Context(), params())
	require.NoError(t, err)
	got := s.Requests()[0]
	assert.Equal(t, 1, strings.Count(got.Body, testAppKey))
	assert.NotContains(t, got.URI, testAppKey)
	for name, values := range got.Header {
		assert.NotContains(t, values, testAppKey, name)
	}
}

// fieldsOf returns the fields of a JSON object and their JSON values, which
// keep the digits of numbers.
func fieldsOf(t *testing.T, body string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var fields map[string]any
	require.NoError(t, d.Decode(&fields))
	require.False(t, d.More())
	return fields
}

// Every parameter reaches the wire under the vendor's name, and an empty one
// is left out.
func TestRecallBody(t *testing.T) {
	const appKey = `"appkey":"` + testAppKey + `"`
	for _, row := range []struct {
		name string
		p    RecallParams
		want string // beside the key
	}{
		{"group", RecallParams{GroupID: "g", Messages: []int64{1}}, `"groupId":"g","messages":[1]`},
		{"pair", RecallParams{UserAID: "b", UserBID: "a", Messages: []int64{1}}, `"userAId":"b","userBId":"a","messages":[1]`},
		{"alone", RecallParams{UserAID: "a", UserBID: "a", Messages: []int64{1}}, `"userAId":"a","userBId":"a","messages":[1]`},
		{"order is kept", RecallParams{GroupID: "g", Messages: []int64{3, 1, 2}}, `"groupId":"g","messages":[3,1,2]`},
		{"largest time", RecallParams{GroupID: "g", Messages: []int64{math.MaxInt64}}, `"groupId":"g","messages":[9223372036854775807]`},
		{
			"recaller without data",
			RecallParams{Recaller: &Recaller{ID: "admin"}, GroupID: "g", Messages: []int64{1}},
			`"recaller":{"id":"admin"},"groupId":"g","messages":[1]`,
		},
		{
			"recaller without an id",
			RecallParams{Recaller: &Recaller{Data: []byte(`"x"`)}, GroupID: "g", Messages: []int64{1}},
			`"recaller":{"data":"x"},"groupId":"g","messages":[1]`,
		},
		{"ids", RecallParams{GroupID: "群/\"<&>\n\u2028", Messages: []int64{1}}, `"groupId":"群/\"<&>\n\u2028","messages":[1]`},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200,"content":"OK"}`))
			_, err := newClient(t, Config{Host: s.URL}).Recall(t.Context(), row.p)
			require.NoError(t, err)
			assert.Equal(t, fieldsOf(t, "{"+appKey+","+row.want+"}"), fieldsOf(t, s.Requests()[0].Body))
		})
	}
}

// The recaller's data arrives as it was given, digit for digit.
func TestRecallerData(t *testing.T) {
	for _, data := range []string{
		`{"name":"Wallace","avatar":"/a.png"}`, `"text"`, `""`, `7`, `12345678901234567890.10`, `1e400`, `[1,[2,{"a":null}]]`,
		`null`, `true`, `{}`, `{"html":"<b>&</b>","zh":"撤回","line":"\n\u2028"}`, ` { "a" : 1 } `,
	} {
		s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200,"content":"OK"}`))
		p := params()
		p.Recaller = &Recaller{ID: "admin", Data: json.RawMessage(data)}
		_, err := newClient(t, Config{Host: s.URL}).Recall(t.Context(), p)
		require.NoError(t, err, data)
		sent := fieldsOf(t, s.Requests()[0].Body)["recaller"]
		assert.Equal(t, fieldsOf(t, `{"id":"admin","data":`+data+`}`), sent)
		assert.Equal(t, data, string(p.Recaller.Data), "the caller's data was changed")
	}
}

// times returns n times, all different.
func times(n int) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = 1581111111111 + int64(i)
	}
	return out
}

func TestMessageLimits(t *testing.T) {
	for n, ok := range map[int]bool{0: false, 1: true, 19: true, 20: true, 21: false, 100: false} {
		c, transport := mocked(t, http.StatusOK, nil, `{"code":200,"content":"OK"}`)
		_, err := c.Recall(t.Context(), RecallParams{GroupID: "g", Messages: times(n)})
		if ok {
			assert.NoError(t, err, n)
			assert.Equal(t, 1, transport.GetTotalCallCount(), n)
			continue
		}
		assert.ErrorIs(t, err, recall.ErrInvalidRequest, n)
		assert.Equal(t, "Messages", failure(t, err).Field)
		assert.Zero(t, transport.GetTotalCallCount(), "a refused call was sent")
	}
}

func TestRecallRefusesParams(t *testing.T) {
	const notUTF8 = "a\xffb"
	for _, row := range []struct {
		name  string
		p     RecallParams
		field string
	}{
		{"nothing", RecallParams{}, "UserAID"},
		{"no conversation", RecallParams{Messages: times(1)}, "UserAID"},
		{"half a pair, A", RecallParams{UserAID: "a", Messages: times(1)}, "UserBID"},
		{"half a pair, B", RecallParams{UserBID: "b", Messages: times(1)}, "UserAID"},
		{"group and pair", RecallParams{GroupID: "g", UserAID: "a", UserBID: "b", Messages: times(1)}, "GroupID"},
		{"group and A", RecallParams{GroupID: "g", UserAID: "a", Messages: times(1)}, "GroupID"},
		{"group and B", RecallParams{GroupID: "g", UserBID: "b", Messages: times(1)}, "GroupID"},
		{"no messages", RecallParams{GroupID: "g"}, "Messages"},
		{"time zero", RecallParams{GroupID: "g", Messages: []int64{1, 0}}, "Messages"},
		{"negative time", RecallParams{GroupID: "g", Messages: []int64{-1}}, "Messages"},
		{"duplicate", RecallParams{GroupID: "g", Messages: []int64{1, 2, 1}}, "Messages"},
		{"group not UTF-8", RecallParams{GroupID: notUTF8, Messages: times(1)}, "GroupID"},
		{"A not UTF-8", RecallParams{UserAID: notUTF8, UserBID: "b", Messages: times(1)}, "UserAID"},
		{"B not UTF-8", RecallParams{UserAID: "a", UserBID: notUTF8, Messages: times(1)}, "UserBID"},
		{"recaller's id not UTF-8", RecallParams{Recaller: &Recaller{ID: notUTF8}, GroupID: "g", Messages: times(1)}, "Recaller.ID"},
		{"data not UTF-8", RecallParams{Recaller: &Recaller{Data: []byte(`"` + notUTF8 + `"`)}, GroupID: "g", Messages: times(1)}, "Recaller.Data"},
		{"data not JSON", RecallParams{Recaller: &Recaller{Data: []byte(`{a:1}`)}, GroupID: "g", Messages: times(1)}, "Recaller.Data"},
		{"data is two values", RecallParams{Recaller: &Recaller{Data: []byte(`1 2`)}, GroupID: "g", Messages: times(1)}, "Recaller.Data"},
		{"data leaves its field", RecallParams{Recaller: &Recaller{Data: []byte(`1,"x":2`)}, GroupID: "g", Messages: times(1)}, "Recaller.Data"},
		{"data is a space", RecallParams{Recaller: &Recaller{Data: []byte(` `)}, GroupID: "g", Messages: times(1)}, "Recaller.Data"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, transport := mocked(t, http.StatusOK, nil, `{"code":200,"content":"OK"}`)
			receipt, err := c.Recall(t.Context(), row.p)
			e := failure(t, err)
			assert.Zero(t, receipt)
			assert.Equal(t, recall.Error{
				Kind: recall.ErrInvalidRequest, Vendor: "goeasy", App: appName(testAppKey), Op: "recall", Field: row.field, Err: e.Err,
			}, *e)
			assert.NotEmpty(t, e.Err.Error())
			assert.Zero(t, transport.GetTotalCallCount(), "a refused call was sent")
		})
	}
}

// Feeding the vendor's own answers to the decoder.
func TestGoldenAnswers(t *testing.T) {
	verdict, err := decode(answerOf(fixture(t, "recall.answer.http")))
	require.NoError(t, err)
	assert.Equal(t, rest.Verdict{Outcome: recall.Accepted, Code: "200"}, verdict)

	refusal := answerOf(fixture(t, "recall.answer.401.http"))
	for _, status := range []int{http.StatusOK, http.StatusUnauthorized} { // the page shows no status
		refusal.Status = status
		_, err = decode(refusal)
		e := failure(t, err)
		assert.Equal(t, recall.ErrUnauthorized, e.Kind)
		assert.Equal(t, "401", e.Code)
		assert.Equal(t, "Unauthorized", e.Message)
	}
}
