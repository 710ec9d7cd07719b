package netease

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// request returns a request that the provider needs nothing more for.
func request() recall.Request {
	return recall.Request{MessageID: "10386192", Chat: recall.ChatDirect, From: "t1", To: "t4"}
}

// requestForm is how the vendor gets it.
func requestForm() url.Values {
	return url.Values{"deleteMsgid": {"10386192"}, "type": {"7"}, "from": {"t1"}, "to": {"t4"}}
}

// mapping is the first table of RecallMessage, for direct and group: each row
// sets a field, and names what of the form changes.
var mapping = []mappingRow{
	{"MessageID", func(r *recall.Request) { r.MessageID = "4291065454174142469" }, map[string]string{"deleteMsgid": "4291065454174142469"}},
	{"Chat", func(r *recall.Request) { r.Chat = recall.ChatGroup }, map[string]string{"type": "8"}},
	{"From", func(r *recall.Request) { r.From = "用户" }, map[string]string{"from": "用户"}},
	{"To", func(r *recall.Request) { r.To = "13827" }, map[string]string{"to": "13827"}},
	{"SentAt", func(r *recall.Request) { r.SentAt = time.UnixMilli(1481528155741) }, map[string]string{"timetag": "1481528155741"}},
	{"SentAt", func(r *recall.Request) { r.SentAt = time.UnixMilli(1481528155741).UTC().In(time.FixedZone("x", 3600)) }, map[string]string{"timetag": "1481528155741"}},
	{"Reason", func(r *recall.Request) { r.Reason = "这是一条撤回消息" }, map[string]string{"msg": "这是一条撤回消息"}},
	{"Force", func(r *recall.Request) { r.Force = true }, map[string]string{"ignoreTime": "1"}},
	{"Extension", func(r *recall.Request) { r.Extension = `{"a":1}` }, map[string]string{"attach": `{"a":1}`}},
	{"Operator", func(r *recall.Request) { r.Operator = "admin\xff" }, nil}, // not sent
	{"Ref", func(r *recall.Request) { r.Ref = "ticket\xff" }, nil},          // not sent
	{"", func(*recall.Request) {}, nil},
}

// superTeamMapping is the same for super-teams.
var superTeamMapping = []mappingRow{
	{"MessageID", func(r *recall.Request) { r.MessageID = "4291065454174142469" }, map[string]string{"deleteMsgid": "4291065454174142469"}},
	{"From", func(r *recall.Request) { r.From = "用户" }, map[string]string{"from": "用户"}},
	{"To", func(r *recall.Request) { r.To = "13827" }, map[string]string{"to": "13827"}},
	{"SentAt", func(r *recall.Request) { r.SentAt = time.UnixMilli(1481528155741) }, map[string]string{"timetag": "1481528155741"}},
	{"Reason", func(r *recall.Request) { r.Reason = strings.Repeat("撤", 129) }, map[string]string{"msg": strings.Repeat("撤", 129)}},
	{"Force", func(r *recall.Request) { r.Force = true }, map[string]string{"ignoreTime": "1"}},
	{"Extension", func(r *recall.Request) { r.Extension = "\xff" }, nil},
	{"Operator", func(r *recall.Request) { r.Operator = "\xff" }, nil},
	{"Ref", func(r *recall.Request) { r.Ref = "\xff" }, nil},
	{"", func(*recall.Request) {}, nil},
}

// roomMapping is the same for chat rooms.
var roomMapping = []mappingRow{
	{"MessageID", func(r *recall.Request) { r.MessageID = "c9e6c306573778829419" }, map[string]string{"msgId": "c9e6c306573778829419"}},
	{"From", func(r *recall.Request) { r.From = "用户" }, map[string]string{"fromAcc": "用户"}},
	{"To", func(r *recall.Request) { r.To = "13827" }, map[string]string{"roomid": "13827"}},
	{"SentAt", func(r *recall.Request) { r.SentAt = time.UnixMilli(1481528155741) }, map[string]string{"msgTimetag": "1481528155741"}},
	{"Operator", func(r *recall.Request) { r.Operator = "管理员" }, map[string]string{"operatorAcc": "管理员"}},
	{"Extension", func(r *recall.Request) { r.Extension = `{"a":1}` }, map[string]string{"notifyExt": `{"a":1}`}},
	{"Reason", func(r *recall.Request) { r.Reason = "\xff" }, nil},
	{"Force", func(r *recall.Request) { r.Force = true }, nil}, // rooms have no window
	{"Ref", func(r *recall.Request) { r.Ref = "\xff" }, nil},
	{"", func(*recall.Request) {}, nil},
}

type mappingRow struct {
	field string
	set   func(*recall.Request)
	wire  map[string]string
}

// superTeamRequest returns a request for a super-team, and roomRequest one
// for a chat room, that the provider needs nothing more for.
func superTeamRequest() recall.Request {
	return recall.Request{MessageID: "10386192", Chat: recall.ChatSuperGroup, From: "t1", To: "99", SentAt: time.UnixMilli(1500000000001)}
}

func roomRequest() recall.Request {
	return recall.Request{
		MessageID: "f2685e80-3758", Chat: recall.ChatRoom, From: "acc02", To: "123", SentAt: time.UnixMilli(1500000000001), Operator: "acc01",
	}
}

func TestMapping(t *testing.T) {
	for _, table := range []struct {
		path    string
		request func() recall.Request
		form    url.Values
		rows    []mappingRow
	}{
		{"/msg/recall.action", request, requestForm(), mapping},
		{"/superteam/recallMsg.action", superTeamRequest, url.Values{
			"deleteMsgid": {"10386192"}, "timetag": {"1500000000001"}, "from": {"t1"}, "to": {"99"},
		}, superTeamMapping},
		{"/chatroom/recall.action", roomRequest, url.Values{
			"msgId": {"f2685e80-3758"}, "msgTimetag": {"1500000000001"}, "fromAcc": {"acc02"}, "roomid": {"123"}, "operatorAcc": {"acc01"},
		}, roomMapping},
	} {
		for _, row := range table.rows {
			t.Run(table.path+row.field, func(t *testing.T) {
				s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200}`))
				c := newClient(t, Config{Host: s.URL})
				req, want := table.request(), maps.Clone(table.form)
				row.set(&req)
				for name, value := range row.wire {
					want.Set(name, value)
				}
				require.NoError(t, c.ValidateRequest(req))
				assert.Empty(t, s.Requests(), "ValidateRequest sent something")
				receipt, err := c.RecallMessage(t.Context(), req)
				require.NoError(t, err)
				require.Len(t, s.Requests(), 1)
				got := s.Requests()[0]
				assert.Equal(t, table.path, got.URI)
				assert.Equal(t, want, formOf(t, got.Body))
				assert.Equal(t, recall.Receipt{
					Vendor: "netease", App: testAppKey, MessageID: req.MessageID, Outcome: recall.Accepted, Code: "200",
					Attempts: 1, TraceID: got.Header.Get("RequestId"), At: receipt.At,
				}, receipt)
				assert.False(t, receipt.Outcome.Proven())
			})
		}
	}
}

func TestRequestRefused(t *testing.T) {
	const notUTF8 = "a\xffb"
	chinese := func(n int) string { return strings.Repeat("撤", n) }
	for _, row := range []struct {
		name  string
		spoil func(*recall.Request)
		kind  recall.Kind
		field string
		text  string
	}{
		{"no id", func(r *recall.Request) { r.MessageID = "" }, recall.ErrInvalidRequest, "MessageID", "is required"},
		{"id of letters", func(r *recall.Request) { r.MessageID = "AX1ab" }, recall.ErrInvalidRequest, "MessageID", "positive number"},
		{"id not UTF-8", func(r *recall.Request) { r.MessageID = notUTF8 }, recall.ErrInvalidRequest, "MessageID", "positive number"},
		{"no chat", func(r *recall.Request) { r.Chat = "" }, recall.ErrInvalidRequest, "Chat", "is required"},
		{"unknown chat", func(r *recall.Request) { r.Chat = "team" }, recall.ErrInvalidRequest, "Chat", "none of"},
		{"super-team without time", func(r *recall.Request) { *r = superTeamRequest(); r.SentAt = time.Time{} }, recall.ErrInvalidRequest, "SentAt", "is required"},
		{"super-team without id", func(r *recall.Request) { *r = superTeamRequest(); r.MessageID = "" }, recall.ErrInvalidRequest, "MessageID", "is required"},
		{"super-team, long sender", func(r *recall.Request) { *r = superTeamRequest(); r.From = chinese(33) }, recall.ErrInvalidRequest, "From", "32"},
		{"super-team, reason", func(r *recall.Request) { *r = superTeamRequest(); r.Reason = notUTF8 }, recall.ErrInvalidRequest, "Reason", "UTF-8"},
		{"room without time", func(r *recall.Request) { *r = roomRequest(); r.SentAt = time.Time{} }, recall.ErrInvalidRequest, "SentAt", "is required"},
		{"room without id", func(r *recall.Request) { *r = roomRequest(); r.MessageID = "" }, recall.ErrInvalidRequest, "MessageID", "is required"},
		{"room without sender", func(r *recall.Request) { *r = roomRequest(); r.From = "" }, recall.ErrInvalidRequest, "From", "is required"},
		{"room without operator", func(r *recall.Request) { *r = roomRequest(); r.Operator = "" }, recall.ErrInvalidRequest, "Operator", "is required"},
		{"room of letters", func(r *recall.Request) { *r = roomRequest(); r.To = "lobby" }, recall.ErrInvalidRequest, "To", "positive number"},
		{"room, extension", func(r *recall.Request) { *r = roomRequest(); r.Extension = chinese(1025) }, recall.ErrInvalidRequest, "Extension", "1024"},
		{"no sender", func(r *recall.Request) { r.From = "" }, recall.ErrInvalidRequest, "From", "is required"},
		{"no sender in a group", func(r *recall.Request) { r.Chat, r.From = recall.ChatGroup, "" }, recall.ErrInvalidRequest, "From", "is required"},
		{"sender not UTF-8", func(r *recall.Request) { r.From = notUTF8 }, recall.ErrInvalidRequest, "From", "UTF-8"},
		{"no recipient", func(r *recall.Request) { r.To = "" }, recall.ErrInvalidRequest, "To", "is required"},
		{"recipient not UTF-8", func(r *recall.Request) { r.To = notUTF8 }, recall.ErrInvalidRequest, "To", "UTF-8"},
		{"time with microseconds", func(r *recall.Request) { r.SentAt = time.UnixMicro(1481528155741001) }, recall.ErrInvalidRequest, "SentAt", "whole milliseconds"},
		{"time before 1970", func(r *recall.Request) { r.SentAt = time.UnixMilli(-1) }, recall.ErrInvalidRequest, "SentAt", "1970"},
		{"time zero of Unix", func(r *recall.Request) { r.SentAt = time.Unix(0, 0) }, recall.ErrInvalidRequest, "SentAt", "1970"},
		{"reason too long", func(r *recall.Request) { r.Reason = chinese(129) }, recall.ErrInvalidRequest, "Reason", "128"},
		{"reason not UTF-8", func(r *recall.Request) { r.Reason = notUTF8 }, recall.ErrInvalidRequest, "Reason", "UTF-8"},
		{"extension too long", func(r *recall.Request) { r.Extension = chinese(5001) }, recall.ErrInvalidRequest, "Extension", "5000"},
		{"extension not UTF-8", func(r *recall.Request) { r.Extension = notUTF8 }, recall.ErrInvalidRequest, "Extension", "UTF-8"},
		{"everything", func(r *recall.Request) { *r = recall.Request{} }, recall.ErrInvalidRequest, "Chat", "is required"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, transport := mocked(t, http.StatusOK, nil, `{"code":200}`)
			req := request()
			row.spoil(&req)
			receipt, err := c.RecallMessage(t.Context(), req)
			assert.Zero(t, receipt)
			e := failure(t, err)
			assert.Equal(t, recall.Error{
				Kind: row.kind, Vendor: "netease", App: testAppKey, Op: "recall", Field: row.field, Err: e.Err,
			}, *e)
			assert.ErrorContains(t, e.Err, row.text)
			assert.Equal(t, err, c.ValidateRequest(req), "ValidateRequest and RecallMessage disagree")
			assert.Zero(t, transport.GetTotalCallCount(), "a refused request was sent")
		})
	}
}

// A request at every limit passes.
func TestRequestAtLimits(t *testing.T) {
	c, transport := mocked(t, http.StatusOK, nil, `{"code":200}`)
	req := request()
	req.MessageID = "9223372036854775807"
	req.Reason, req.Extension = strings.Repeat("撤", 128), strings.Repeat("撤", 5000)
	req.SentAt = time.UnixMilli(1)
	require.NoError(t, c.ValidateRequest(req))
	_, err := c.RecallMessage(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, 1, transport.GetTotalCallCount())
}

func TestCapabilities(t *testing.T) {
	got, err := json.Marshal(newClient(t, Config{}).Capabilities())
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"vendor": "netease",
		"chats": ["direct", "group", "super_group", "room"],
		"needs": ["MessageID", "Chat", "From", "To"],
		"needs_super_group": ["SentAt"],
		"needs_room": ["SentAt", "Operator"],
		"sends": ["SentAt", "Reason", "Force", "Extension"],
		"force": true,
		"success": "accepted",
		"forced_success": "accepted"
	}`, string(got))
}

func TestPace(t *testing.T) {
	for rate, want := range map[float64]float64{0: 100, -1: 0, 250: 250} {
		cfg := Config{Host: testHost, HostV2: testHost, AppKey: testAppKey, AppSecret: testSecret, Policy: recall.Policy{Rate: rate}}
		for _, api := range []API{APIv1, APIv2} {
			cfg.API = api
			c, err := New(cfg)
			require.NoError(t, err)
			assert.InDelta(t, want, c.Capabilities().CallsPerSecond, 0)
		}
	}
}

// clearField clears a field of a request by its name.
func clearField(req *recall.Request, field string) {
	switch field {
	case "MessageID":
		req.MessageID = ""
	case "Chat":
		req.Chat = ""
	case "From":
		req.From = ""
	case "To":
		req.To = ""
	case "SentAt":
		req.SentAt = time.Time{}
	case "Operator":
		req.Operator = ""
	}
}

// What Capabilities lists is what the mappings do.
func TestCapabilitiesAreTrue(t *testing.T) {
	v1, v2 := newClient(t, Config{}), newClientV2(t, Config{})
	for _, row := range []struct {
		client *Client
		chat   recall.ChatType
		full   recall.Request
		needs  []string
	}{
		{v1, recall.ChatDirect, request(), nil},
		{v1, recall.ChatSuperGroup, superTeamRequest(), v1.Capabilities().NeedsSuperGroup},
		{v1, recall.ChatRoom, roomRequest(), v1.Capabilities().NeedsRoom},
		{v2, recall.ChatDirect, request(), nil},
		{v2, recall.ChatSuperGroup, superTeamRequest(), v2.Capabilities().NeedsSuperGroup},
	} {
		require.NoError(t, row.client.ValidateRequest(row.full))
		needs := append(row.client.Capabilities().Needs, row.needs...)
		for _, field := range []string{"MessageID", "Chat", "From", "To", "SentAt", "Operator"} {
			req := row.full
			clearField(&req, field)
			err := row.client.ValidateRequest(req)
			if !slices.Contains(needs, field) {
				assert.NoError(t, err, "%s %s", row.chat, field)
				continue
			}
			assert.Equal(t, field, failure(t, err).Field)
		}
	}
	sent := map[string]bool{}
	for _, row := range mapping {
		if row.wire != nil && !slices.Contains(v1.Capabilities().Needs, row.field) {
			sent[row.field] = true
		}
	}
	for _, field := range v1.Capabilities().Sends {
		assert.True(t, sent[field], field)
		delete(sent, field)
	}
	assert.Empty(t, sent)
}

// The provider's errors are the native call's.
func TestProviderErrors(t *testing.T) {
	for _, row := range []struct {
		body string
		kind recall.Kind
	}{
		{`{"desc": "not allow!", "code": 403}`, recall.ErrForbidden},
		{`{"code":508}`, recall.ErrWindowExpired},
		{`{"code":416}`, recall.ErrRateLimited},
		{`<html>`, recall.ErrBadResponse},
	} {
		c, _ := mocked(t, http.StatusOK, nil, row.body)
		receipt, err := c.RecallMessage(t.Context(), request())
		assert.ErrorIs(t, err, row.kind)
		assert.Zero(t, receipt)
		assert.Equal(t, "recall", failure(t, err).Op)
	}
}
