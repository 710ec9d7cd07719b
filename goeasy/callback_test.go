package goeasy

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

const (
	callbackSecret = "0123456789abcdef" // of the golden files
	testApp        = "f224f429"         // the hash of testAppKey
)

// newCallbacks returns the callbacks of the test's application.
func newCallbacks(t testing.TB, secrets ...string) *Callbacks {
	t.Helper()
	c, err := NewCallbacks(CallbackConfig{AppKey: testAppKey, Secrets: secrets})
	require.NoError(t, err)
	return c
}

// callbackOf makes a request as the vendor does.
func callbackOf(secret, content string) (http.Header, []byte) {
	return http.Header{"X-Goeasy-Signature": {sign(secret, content)}}, []byte("content=" + url.QueryEscape(content))
}

// parsed reads content that is signed.
func parsed(t testing.TB, content string) ([]recall.Event, error) {
	t.Helper()
	header, body := callbackOf(callbackSecret, content)
	return newCallbacks(t, callbackSecret).ParseEvents(t.Context(), header, body)
}

func millisecond(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// What the vendor's own examples say.
func TestGoldenCallbacks(t *testing.T) {
	for name, want := range map[string]recall.Event{
		"private": {
			Kind: recall.MessageSent, Vendor: "goeasy", App: testApp, At: millisecond(1594958217087),
			ID: "message_sent/direct/3bb179af-bcc5-4fe0-9dac-c05688484649/fdee46b0-4b01-4590-bdba-6586d7617f95/" +
				"1594958217087/8f0e27a0c7e111eab347b726da4416bd",
			Request: recall.Request{
				MessageID: "8f0e27a0c7e111eab347b726da4416bd", Chat: recall.ChatDirect,
				From: "3bb179af-bcc5-4fe0-9dac-c05688484649", To: "fdee46b0-4b01-4590-bdba-6586d7617f95",
				SentAt: millisecond(1594958217087),
			},
		},
		"recalled": {
			Kind: recall.MessageRecalled, Vendor: "goeasy", App: testApp,
			ID: "message_recalled/direct/33c3693b-dbb0-4bc9-99c6-fa77b9eb763f/08c0a6ec-a42b-47b2-bb1e-15e0f5f9a19a/" +
				"1691656566267/f2685e80375811ee8f28db82dee152f9",
			Request: recall.Request{
				MessageID: "f2685e80375811ee8f28db82dee152f9", Chat: recall.ChatDirect,
				From: "33c3693b-dbb0-4bc9-99c6-fa77b9eb763f", To: "08c0a6ec-a42b-47b2-bb1e-15e0f5f9a19a",
				SentAt: millisecond(1691656566267),
			},
			RecalledBy: "33c3693b-dbb0-4bc9-99c6-fa77b9eb763f",
		},
	} {
		m := fixture(t, "callback."+name+".request.http")
		events, err := newCallbacks(t, callbackSecret).ParseEvents(t.Context(), m.Header, m.Body)
		require.NoError(t, err, name)
		assert.Equal(t, []recall.Event{want}, events, name)
		text, err := json.Marshal(events)
		require.NoError(t, err)
		for _, private := range []string{"Hello", "Juanita", "Avatar"} {
			assert.NotContains(t, string(text), private)
		}
		assert.NoError(t, newClient(t, Config{}).ValidateRequest(events[0].Request))
	}
}

// Computed with other software.
func TestCallbackVector(t *testing.T) {
	const content = `[{"timestamp":1594958217087}]`
	header, body := callbackOf(callbackSecret, content)
	assert.Equal(t, "wD+2PEuKAgx0Ey4jwEj5/3kBg9M=", header.Get("x-goeasy-signature"))
	events, err := newCallbacks(t, callbackSecret).ParseEvents(t.Context(), header, body)
	require.NoError(t, err)
	assert.Empty(t, events, "an item without a conversation is no message")

	header.Set("x-goeasy-signature", sign(callbackSecret, string(body)))
	_, err = newCallbacks(t, callbackSecret).ParseEvents(t.Context(), header, body)
	assert.ErrorIs(t, err, recall.ErrUnauthorized, "it is the decoded value that is signed, not the body")
}

func TestCallbackOfSeveralMessages(t *testing.T) {
	events, err := parsed(t, `[
		{"messageId":"m1","timestamp":1594958217087,"senderId":"a","groupId":"g","senderData":{"name":"x"},"payload":{}},
		{"channel":"c","timestamp":1594958217088,"content":"x"},
		{"messageId":"m2","timestamp":"1594958217089","senderId":1,"receiverId":2,"recalled":false,"recaller":null},
		{"messageId":"m3","timestamp":1594958217090,"senderId":"a","to":"t","teamId":"t"},
		{},
		null,
		{"messageId":"m1","timestamp":1594958217087,"senderId":"a","groupId":"g","recalled":"true","recaller":{"id":"admin"}},
		{"timestamp":1594958217091,"senderId":"a","groupId":"g","recalled":true}
	]`)
	require.NoError(t, err)
	group := recall.Request{MessageID: "m1", Chat: recall.ChatGroup, From: "a", To: "g", SentAt: millisecond(1594958217087)}
	direct := recall.Request{MessageID: "m2", Chat: recall.ChatDirect, From: "1", To: "2", SentAt: millisecond(1594958217089)}
	nameless := recall.Request{Chat: recall.ChatGroup, From: "a", To: "g", SentAt: millisecond(1594958217091)}
	assert.Equal(t, []recall.Event{
		{Kind: recall.MessageSent, Vendor: "goeasy", App: testApp, ID: "message_sent/group/a/g/1594958217087/m1", At: group.SentAt, Request: group},
		{Kind: recall.MessageSent, Vendor: "goeasy", App: testApp, ID: "message_sent/direct/1/2/1594958217089/m2", At: direct.SentAt, Request: direct},
		{Kind: recall.MessageRecalled, Vendor: "goeasy", App: testApp, ID: "message_recalled/group/a/g/1594958217087/m1", Request: group, RecalledBy: "admin"},
		{Kind: recall.MessageRecalled, Vendor: "goeasy", App: testApp, ID: "message_recalled/group/a/g/1594958217091/", Request: nameless},
	}, events)

	for _, content := range []string{"[]", "null", `[{"channel":"c","timestamp":1,"content":"x"}]`} {
		events, err := parsed(t, content)
		require.NoError(t, err, content)
		assert.Empty(t, events, content)
	}
}

// An item that can't be read takes no other one with it.
func TestCallbackWithOddItems(t *testing.T) {
	const good = `{"messageId":"@","timestamp":1594958217087,"senderId":"a","groupId":"g"}`
	items := func(list ...string) string { return "[" + strings.Join(list, ",") + "]" }
	m1, m2 := strings.ReplaceAll(good, "@", "m1"), strings.ReplaceAll(good, "@", "m2")
	for content, why := range map[string]string{
		items(m1, `{"groupId":"g"}`, m2):                     "item 2 of 3: senderId is missing",
		items(`1`, m1, m2):                                   "item 1 of 3: is not an object",
		items(m1, m2, `{"messageId":"\ud800"}`, `"x"`, `[]`): "item 3 of 5: messageId is neither a text nor a whole number, or is given twice; 2 more can't be read",
	} {
		events, err := parsed(t, content)
		assert.ErrorIs(t, err, recall.ErrBadResponse, content)
		assert.ErrorContains(t, err, why)
		if assert.Len(t, events, 2, content) {
			assert.Equal(t, []string{"m1", "m2"}, []string{events[0].Request.MessageID, events[1].Request.MessageID})
			assert.Equal(t, []string{"goeasy", testApp}, []string{events[1].Vendor, events[1].App})
		}
	}
}

// flipped returns s with one bit after the other turned over.
func flipped(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range len(s) * 8 {
			b := []byte(s)
			b[i/8] ^= 1 << (i % 8)
			if !yield(string(b)) {
				return
			}
		}
	}
}

func TestCallbackBitFlips(t *testing.T) {
	m := fixture(t, "callback.private.request.http")
	c := newCallbacks(t, callbackSecret)
	_, err := c.ParseEvents(t.Context(), m.Header, m.Body)
	require.NoError(t, err)

	for body := range flipped(string(m.Body)) {
		_, err := c.ParseEvents(t.Context(), m.Header, []byte(body))
		require.ErrorIs(t, err, recall.ErrUnauthorized, body)
	}
	for signature := range flipped(m.Header.Get("x-goeasy-signature")) {
		h := http.Header{}
		h.Set("x-goeasy-signature", signature)
		_, err := c.ParseEvents(t.Context(), h, m.Body)
		require.ErrorIs(t, err, recall.ErrUnauthorized, signature)
	}
	for secret := range flipped(callbackSecret) {
		if other, err := NewCallbacks(CallbackConfig{AppKey: testAppKey, Secrets: []string{secret}}); err == nil {
			_, err := other.ParseEvents(t.Context(), m.Header, m.Body)
			require.ErrorIs(t, err, recall.ErrUnauthorized, "%q", secret)
		}
	}
}

// An encoder that writes all escapes in lower case is as good.
func TestCallbackEscapes(t *testing.T) {
	const content = `[{"messageId":"m1","timestamp":1594958217087,"senderId":"JKL","groupId":"g h"}]`
	header, body := callbackOf(callbackSecret, content)
	c := newCallbacks(t, callbackSecret)
	want, err := c.ParseEvents(t.Context(), header, body)
	require.NoError(t, err)
	for _, other := range []string{
		regexp.MustCompile("%..").ReplaceAllStringFunc(string(body), strings.ToLower),
		strings.ReplaceAll(string(body), "+", "%20"),
		strings.ReplaceAll(string(body), "%3A", ":"),
	} {
		require.NotEqual(t, string(body), other)
		events, err := c.ParseEvents(t.Context(), header, []byte(other))
		require.NoError(t, err, other)
		assert.Equal(t, want, events)
	}
	_, err = c.ParseEvents(t.Context(), header, []byte(strings.Replace(string(body), "%7B", "%7b", 1)))
	assert.ErrorIs(t, err, recall.ErrUnauthorized)
}

// Every bit of the content itself counts.
func TestCallbackContentBitFlips(t *testing.T) {
	const content = `[{"messageId":"m1","timestamp":1594958217087,"senderId":"a","groupId":"g"}]`
	header, _ := callbackOf(callbackSecret, content)
	c := newCallbacks(t, callbackSecret)
	for other := range flipped(content) {
		_, err := c.ParseEvents(t.Context(), header, []byte("content="+url.QueryEscape(other)))
		require.ErrorIs(t, err, recall.ErrUnauthorized, other)
	}
}

func TestUnsignedCallbacks(t *testing.T) {
	const content = `[{"messageId":"m1"}]`
	c := newCallbacks(t, callbackSecret)
	header, body := callbackOf(callbackSecret, content)
	_, err := c.ParseEvents(t.Context(), http.Header{}, body)
	assert.ErrorIs(t, err, recall.ErrUnauthorized)
	for _, body := range []string{
		"", "content", "content=", content, `{"content":` + content + `}`, string(body) + "&" + string(body),
		string(body) + "&content=", "Content=" + url.QueryEscape(content), string(body) + "&%", string(body) + ";",
	} {
		_, err := c.ParseEvents(t.Context(), header, []byte(body))
		assert.ErrorIs(t, err, recall.ErrUnauthorized, body)
	}
	_, err = c.ParseEvents(t.Context(), http.Header{"X-Goeasy-Signature": {sign("", content)}}, body)
	assert.ErrorIs(t, err, recall.ErrUnauthorized)
	events, err := parsed(t, `[]`)
	require.NoError(t, err)
	assert.Empty(t, events)
}

const secretText = "a private text"

func TestOddCallbacks(t *testing.T) {
	for _, row := range []struct{ item, field string }{
		{`{"messageId":"m","timestamp":1594958217087,"receiverId":"b"}`, "senderId is missing"},
		{`{"senderId":"a","receiverId":"b"}`, "timestamp is missing"},
		{`{"receiverId":"b"}`, "senderId is missing"},
		{`{"groupId":"g"}`, "senderId is missing"},
		{`{"messageId":"m","timestamp":1594958217087,"senderId":"a"}`, "receiverId is missing"},
		{`{"messageId":"m","timestamp":1594958217087,"senderId":"a","receiverId":""}`, "receiverId is missing"},
		{`{"timestamp":1594958217087,"senderId":"a","receiverId":"b","groupId":"g"}`, "groupId is given beside receiverId"},
		{`{"timestamp":1594958217,"senderId":"a","receiverId":"b"}`, "timestamp is no time in milliseconds"},
		{`{"timestamp":"` + secretText + `","senderId":"a","receiverId":"b"}`, "timestamp is no time"},
		{`{"timestamp":1594958217087.5,"senderId":"a","receiverId":"b"}`, "timestamp is neither"},
		{`{"timestamp":1594958217087,"senderId":{"id":"` + secretText + `"},"receiverId":"b"}`, "senderId is neither"},
		{`{"timestamp":1594958217087,"senderId":"\ud800","receiverId":"b"}`, "senderId is neither"},
		{`{"messageId":"\u0000","timestamp":1594958217087,"senderId":"a","receiverId":"b"}`, "messageId is neither"},
		{`{"timestamp":1594958217087,"senderId":"a","groupId":[]}`, "groupId is neither"},
		{`{"timestamp":1594958217087,"senderId":"a","groupId":"g","groupId":"h"}`, "groupId is neither"},
		{`{"messageId":{},"timestamp":1594958217087,"senderId":"a","groupId":"g"}`, "messageId is neither"},
		{`{"timestamp":1594958217087,"senderId":"a","groupId":"g","recalled":1}`, "recalled is neither true nor false"},
		{`{"timestamp":1594958217087,"senderId":"a","groupId":"g","recalled":true,"recaller":"` + secretText + `"}`, "recaller is not an object"},
		{`{"timestamp":1594958217087,"senderId":"a","groupId":"g","recalled":true,"recaller":{"id":[]}}`, "recaller.id is neither"},
	} {
		events, err := parsed(t, `[{"payload":{"text":"`+secretText+`"}},`+row.item+`]`)
		assert.Empty(t, events)
		assert.ErrorIs(t, err, recall.ErrBadResponse, row.item)
		assert.ErrorContains(t, err, "item 2 of 2: "+row.field)
		assertHides(t, err, secretText)
	}
	for _, content := range []string{
		"{}", `"` + secretText + `"`, secretText, `[{"text":"` + secretText, `["` + secretText + `"]`, `[[]]`, `[] ` + secretText, "1", " ",
	} {
		_, err := parsed(t, content)
		e := failure(t, err)
		assert.Equal(t, recall.ErrBadResponse, e.Kind, content)
		assert.Equal(t, []string{"goeasy", testApp, "callback"}, []string{e.Vendor, e.App, e.Op})
		assertHides(t, err, secretText)
	}
}

// Two messages never make one event, whatever the clients call them.
func TestEventIDs(t *testing.T) {
	seen := map[string]string{}
	for _, content := range []string{
		`[{"messageId":"m","timestamp":1594958217087,"senderId":"a","receiverId":"b"}]`,
		`[{"messageId":"n","timestamp":1594958217087,"senderId":"a","receiverId":"b"}]`,
		`[{"messageId":"m","timestamp":1594958217088,"senderId":"a","receiverId":"b"}]`,
		`[{"messageId":"m","timestamp":1594958217087,"senderId":"b","receiverId":"a"}]`,
		`[{"messageId":"m","timestamp":1594958217087,"senderId":"a","groupId":"b"}]`,
		`[{"messageId":"m","timestamp":1594958217087,"senderId":"a/b","receiverId":"c"}]`,
		`[{"messageId":"m","timestamp":1594958217087,"senderId":"a","receiverId":"b/c"}]`,
		`[{"messageId":"m","timestamp":1594958217087,"senderId":"a","receiverId":"b","recalled":true}]`,
	} {
		events, err := parsed(t, content)
		require.NoError(t, err)
		assert.Empty(t, seen[events[0].ID], content)
		seen[events[0].ID] = content
	}
}
