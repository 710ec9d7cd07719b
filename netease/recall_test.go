package netease

import (
	"net/http"
	"net/url"
	"slices"
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
	want := fixture(t, "recall.request.http")
	s := newServer(t, vendortest.Answering(http.StatusOK, string(fixture(t, "recall.answer.http").Body)))
	before := time.Now()
	receipt, err := newClient(t, Config{Host: s.URL + "/nimserver", AppKey: want.Header.Get("AppKey")}).
		Recall(t.Context(), RecallParams{
			DeleteMsgID: "10386192", TimeTag: 1481528155741, Type: TypeP2P, From: "t1", To: "t4", Msg: "这是一条撤回消息",
		})
	after := time.Now()
	require.NoError(t, err)
	require.Len(t, s.Requests(), 1)
	got := s.Requests()[0]

	assert.Equal(t, want.Method, got.Method)
	assert.Equal(t, want.Path, got.URI)
	requireSigned(t, got.Header, want.Header.Get("AppKey"), testSecret, before, after)
	fresh := []string{"Appkey", "Nonce", "Curtime", "Checksum"}
	for name, values := range want.Header {
		if !slices.Contains(fresh, name) {
			assert.Equal(t, values, got.Header.Values(name), name)
		}
	}
	assert.Equal(t, formOf(t, string(want.Body)), formOf(t, got.Body))

	assert.Equal(t, recall.Receipt{
		Vendor: "netease", App: want.Header.Get("AppKey"), MessageID: "10386192", Outcome: recall.Accepted, Code: "200",
		Attempts: 1, TraceID: got.Header.Get("RequestId"), At: receipt.At,
	}, receipt)
	assert.WithinRange(t, receipt.At, before, after)
}

// The vendor's sample signature has the shape that the client gives its own.
func TestGoldenRequestShape(t *testing.T) {
	h := fixture(t, "recall.request.http").Header
	assert.Regexp(t, checkSumForm, h.Get("CheckSum"))
	assert.Regexp(t, `^\d{10}$`, h.Get("CurTime"))
	assert.LessOrEqual(t, len(h.Get("Nonce")), 128)
}

// formOf parses a form-encoded body.
func formOf(t *testing.T, body string) url.Values {
	t.Helper()
	form, err := url.ParseQuery(body)
	require.NoError(t, err)
	return form
}

// Every parameter reaches the wire under the vendor's name, and an empty one
// is left out.
func TestRecallForm(t *testing.T) {
	base := url.Values{"deleteMsgid": {"10386192"}, "type": {"7"}, "from": {"t1"}, "to": {"t4"}}
	for _, row := range []struct {
		name string
		set  func(*RecallParams)
		want map[string]string // beside, or instead of, the required ones
	}{
		{"required only", func(*RecallParams) {}, nil},
		{"19 digits", func(p *RecallParams) { p.DeleteMsgID = "4291065454174142469" }, map[string]string{"deleteMsgid": "4291065454174142469"}},
		{"team", func(p *RecallParams) { p.Type, p.To = TypeTeam, "13827" }, map[string]string{"type": "8", "to": "13827"}},
		{"timetag", func(p *RecallParams) { p.TimeTag = 1559633306342 }, map[string]string{"timetag": "1559633306342"}},
		{"notice", func(p *RecallParams) { p.Msg = "撤回 & 100%+=" }, map[string]string{"msg": "撤回 & 100%+="}},
		{"ignoreTime", func(p *RecallParams) { p.IgnoreTime = true }, map[string]string{"ignoreTime": "1"}},
		{"push text", func(p *RecallParams) { p.PushContent = "已撤回" }, map[string]string{"pushcontent": "已撤回"}},
		{"push payload", func(p *RecallParams) { p.Payload = `{"a": "b&c"}` }, map[string]string{"payload": `{"a": "b&c"}`}},
		{"environment", func(p *RecallParams) { p.Env = "test" }, map[string]string{"env": "test"}},
		{"extension", func(p *RecallParams) { p.Attach = "a\r\nb\x00c" }, map[string]string{"attach": "a\r\nb\x00c"}},
		{"users", func(p *RecallParams) { p.From, p.To = "a+b c", "d%26/用户" }, map[string]string{"from": "a+b c", "to": "d%26/用户"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200}`))
			p := params()
			row.set(&p)
			_, err := newClient(t, Config{Host: s.URL}).Recall(t.Context(), p)
			require.NoError(t, err)
			want := url.Values{}
			for name, values := range base {
				want[name] = values
			}
			for name, value := range row.want {
				want[name] = []string{value}
			}
			assert.Equal(t, want, formOf(t, s.Requests()[0].Body))
		})
	}
}

// Limits are in characters: each of these has three bytes.
func TestRecallLimits(t *testing.T) {
	chinese := func(n int) string { return strings.Repeat("撤", n) }
	quoted := func(n int) string { return `"` + chinese(n-2) + `"` }
	for _, row := range []struct {
		field string
		limit int
		set   func(*RecallParams, int)
	}{
		{"Msg", 128, func(p *RecallParams, n int) { p.Msg = chinese(n) }},
		{"PushContent", 500, func(p *RecallParams, n int) { p.PushContent = chinese(n) }},
		{"Payload", 2048, func(p *RecallParams, n int) { p.Payload = quoted(n) }},
		{"Env", 32, func(p *RecallParams, n int) { p.Env = chinese(n) }},
		{"Attach", 5000, func(p *RecallParams, n int) { p.Attach = chinese(n) }},
	} {
		c, transport := mocked(t, http.StatusOK, nil, `{"code":200}`)
		p := params()
		row.set(&p, row.limit)
		_, err := c.Recall(t.Context(), p)
		require.NoError(t, err, row.field)
		assert.Equal(t, 1, transport.GetTotalCallCount(), row.field)

		row.set(&p, row.limit+1)
		_, err = c.Recall(t.Context(), p)
		assert.Equal(t, row.field, failure(t, err).Field)
		assert.ErrorIs(t, err, recall.ErrInvalidRequest)
		assert.Equal(t, 1, transport.GetTotalCallCount(), "a refused call was sent: %s", row.field)
	}
}

func TestRecallRefusesParams(t *testing.T) {
	const notUTF8 = "a\xffb"
	for _, row := range []struct {
		name  string
		spoil func(*RecallParams)
		field string
	}{
		{"no id", func(p *RecallParams) { p.DeleteMsgID = "" }, "DeleteMsgID"},
		{"id zero", func(p *RecallParams) { p.DeleteMsgID = "0" }, "DeleteMsgID"},
		{"id negative", func(p *RecallParams) { p.DeleteMsgID = "-10386192" }, "DeleteMsgID"},
		{"id with a plus", func(p *RecallParams) { p.DeleteMsgID = "+10386192" }, "DeleteMsgID"},
		{"id with leading zeros", func(p *RecallParams) { p.DeleteMsgID = "0010386192" }, "DeleteMsgID"},
		{"id of 20 digits", func(p *RecallParams) { p.DeleteMsgID = "42910654541741424690" }, "DeleteMsgID"},
		{"id beyond a Long", func(p *RecallParams) { p.DeleteMsgID = "9223372036854775808" }, "DeleteMsgID"},
		{"id of letters", func(p *RecallParams) { p.DeleteMsgID = "f2685e80375811ee" }, "DeleteMsgID"},
		{"id with an exponent", func(p *RecallParams) { p.DeleteMsgID = "1e7" }, "DeleteMsgID"},
		{"id with a space", func(p *RecallParams) { p.DeleteMsgID = "10386192 " }, "DeleteMsgID"},
		{"id of other digits", func(p *RecallParams) { p.DeleteMsgID = "１０３８６１９２" }, "DeleteMsgID"},
		{"no type", func(p *RecallParams) { p.Type = 0 }, "Type"},
		{"one-way type", func(p *RecallParams) { p.Type = 13 }, "Type"},
		{"type of another call", func(p *RecallParams) { p.Type = 1 }, "Type"},
		{"negative timetag", func(p *RecallParams) { p.TimeTag = -1 }, "TimeTag"},
		{"no sender", func(p *RecallParams) { p.From = "" }, "From"},
		{"no recipient", func(p *RecallParams) { p.To = "" }, "To"},
		{"payload is no JSON", func(p *RecallParams) { p.Payload = "{a:1}" }, "Payload"},
		{"From not UTF-8", func(p *RecallParams) { p.From = notUTF8 }, "From"},
		{"To not UTF-8", func(p *RecallParams) { p.To = notUTF8 }, "To"},
		{"Msg not UTF-8", func(p *RecallParams) { p.Msg = notUTF8 }, "Msg"},
		{"PushContent not UTF-8", func(p *RecallParams) { p.PushContent = notUTF8 }, "PushContent"},
		{"Payload not UTF-8", func(p *RecallParams) { p.Payload = `"` + notUTF8 + `"` }, "Payload"},
		{"Env not UTF-8", func(p *RecallParams) { p.Env = notUTF8 }, "Env"},
		{"Attach not UTF-8", func(p *RecallParams) { p.Attach = notUTF8 }, "Attach"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, transport := mocked(t, http.StatusOK, nil, `{"code":200}`)
			p := params()
			row.spoil(&p)
			receipt, err := c.Recall(t.Context(), p)
			e := failure(t, err)
			assert.Zero(t, receipt)
			assert.Equal(t, recall.Error{
				Kind: recall.ErrInvalidRequest, Vendor: "netease", App: testAppKey, Op: "recall", Field: row.field, Err: e.Err,
			}, *e)
			assert.NotEmpty(t, e.Err.Error())
			assert.Zero(t, transport.GetTotalCallCount(), "a refused call was sent")
		})
	}
}

// Feeding the vendor's own answers to the decoder.
func TestGoldenAnswers(t *testing.T) {
	for _, row := range []struct {
		name string
		want recall.Error
	}{
		{"recall.answer.403.http", recall.Error{Kind: recall.ErrForbidden, Code: "403", Message: "not allow!"}},
		{"recall.answer.414.http", recall.Error{Kind: recall.ErrInvalidRequest, Code: "414", Message: "timetag not long"}},
		{"recall.answer.malformed.http", recall.Error{Kind: recall.ErrBadResponse}},
	} {
		_, err := decodeV1(answerOf(fixture(t, row.name)))
		e := failure(t, err)
		assert.Equal(t, row.want.Kind, e.Kind, row.name)
		assert.Equal(t, row.want.Code, e.Code, row.name)
		assert.Equal(t, row.want.Message, e.Message, row.name)
	}
	verdict, err := decodeV1(answerOf(fixture(t, "recall.answer.http")))
	require.NoError(t, err)
	assert.Equal(t, rest.Verdict{Outcome: recall.Accepted, Code: "200"}, verdict)
}
