package goeasy

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
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

// The vendor signs the decoded content, so a flip is refused unless the form
// still says the very same, as %7b does for %7B.
func TestCallbackBitFlips(t *testing.T) {
	m := fixture(t, "callback.private.request.http")
	c := newCallbacks(t, callbackSecret)
	want, err := c.ParseEvents(t.Context(), m.Header, m.Body)
	require.NoError(t, err)

	same := 0
	for body := range flipped(string(m.Body)) {
		events, err := c.ParseEvents(t.Context(), m.Header, []byte(body))
		if err == nil {
			same++
			require.True(t, strings.EqualFold(string(m.Body), body), body)
			require.Equal(t, want, events)
			continue
		}
		require.ErrorIs(t, err, recall.ErrUnauthorized)
	}
	assert.Less(t, same, 100, "of %d", len(m.Body)*8)
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
		{`{"messageId":"m","timestamp":1594958217087,"senderId":"a"}`, "receiverId is missing"},
		{`{"messageId":"m","timestamp":1594958217087,"senderId":"a","receiverId":""}`, "receiverId is missing"},
		{`{"timestamp":1594958217087,"senderId":"a","receiverId":"b","groupId":"g"}`, "groupId is given beside receiverId"},
		{`{"timestamp":1594958217,"senderId":"a","receiverId":"b"}`, "timestamp is no time in milliseconds"},
		{`{"timestamp":"` + secretText + `","senderId":"a","receiverId":"b"}`, "timestamp is no time"},
		{`{"timestamp":1594958217087.5,"senderId":"a","receiverId":"b"}`, "timestamp is neither"},
		{`{"timestamp":1594958217087,"senderId":{"id":"` + secretText + `"},"receiverId":"b"}`, "senderId is neither"},
		{`{"timestamp":1594958217087,"senderId":"\ud800","receiverId":"b"}`, "senderId is neither"},
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
		assertChainHidden(t, err, secretText)
	}
	for _, content := range []string{
		"{}", `"` + secretText + `"`, secretText, `[{"text":"` + secretText, `["` + secretText + `"]`, `[[]]`, `[] ` + secretText, "1", " ",
	} {
		_, err := parsed(t, content)
		e := failure(t, err)
		assert.Equal(t, recall.ErrBadResponse, e.Kind, content)
		assert.Equal(t, []string{"goeasy", testApp, "callback"}, []string{e.Vendor, e.App, e.Op})
		assertChainHidden(t, err, secretText)
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

func TestCallbackSecretsRotate(t *testing.T) {
	c := newCallbacks(t, "old-secret", "new-secret")
	for secret, want := range map[string]error{"old-secret": nil, "new-secret": nil, "other-secret": recall.ErrUnauthorized} {
		header, body := callbackOf(secret, "[]")
		_, err := c.ParseEvents(t.Context(), header, body)
		assert.ErrorIs(t, err, want, secret)
	}

	var secrets []string
	var failed error
	c, err := NewCallbacks(CallbackConfig{Name: "app", SecretsFunc: func(context.Context) ([]string, error) {
		return secrets, failed
	}})
	require.NoError(t, err)
	header, body := callbackOf("new-secret", "[]")
	for _, row := range []struct {
		secrets []string
		failed  error
		want    error
	}{
		{secrets: []string{"new-secret"}},
		{secrets: []string{"old-secret", "new-secret"}},
		{secrets: []string{"old-secret"}, want: recall.ErrUnauthorized},
		{want: recall.ErrUnavailable},
		{secrets: []string{"new-secret", ""}, want: recall.ErrUnavailable},
		{failed: errors.New("vault is sealed"), want: recall.ErrUnavailable},
	} {
		secrets, failed = row.secrets, row.failed
		_, err := c.ParseEvents(t.Context(), header, body)
		assert.ErrorIs(t, err, row.want, row)
		assertHidden(t, err, "new-secret", "old-secret")
	}
}

func TestCallbackConfig(t *testing.T) {
	get := func(context.Context) ([]string, error) { return nil, nil }
	for field, cfg := range map[string]CallbackConfig{
		"AppKey: is required, or a Name":             {Secrets: []string{"old-secret"}},
		"AppKey: has characters that no key has":     {AppKey: "a b", Secrets: []string{"old-secret"}},
		"Secrets: is required":                       {AppKey: testAppKey},
		"Secrets: holds an empty one":                {Name: "app", Secrets: []string{""}},
		"SecretsFunc: is given beside Secrets; give": {Name: "app", Secrets: []string{"old-secret"}, SecretsFunc: get},
	} {
		c, err := NewCallbacks(cfg)
		assert.Nil(t, c)
		assert.ErrorIs(t, err, recall.ErrMisconfigured)
		assert.ErrorContains(t, err, field)
		assertChainHidden(t, err, "old-secret", testAppKey)
	}
	c, err := NewCallbacks(CallbackConfig{AppKey: testAppKey, Name: "app", Secrets: []string{"old-secret"}})
	require.NoError(t, err)
	header, body := callbackOf("old-secret", `[{"timestamp":1594958217087,"senderId":"a","groupId":"g"}]`)
	events, err := c.ParseEvents(t.Context(), header, body)
	require.NoError(t, err)
	assert.Equal(t, "app", events[0].App)
	assert.Equal(t, testApp, newClient(t, Config{}).app, "events and receipts call the application the same")
}

func TestCallbackSecretsAreHidden(t *testing.T) {
	cfg := CallbackConfig{AppKey: testAppKey, Secrets: []string{"new-secret", "old-secret"}}
	c, err := NewCallbacks(cfg)
	require.NoError(t, err)
	type holder struct {
		Config    CallbackConfig
		Pointer   *CallbackConfig
		Callbacks *Callbacks
	}
	for _, v := range []any{cfg, &cfg, []CallbackConfig{cfg}, holder{cfg, &cfg, c}, &holder{cfg, &cfg, c}, c, []*Callbacks{c}, *c} {
		assertHidden(t, v, "new-secret", "old-secret", testAppKey)
	}
	assert.Equal(t, "goeasy.CallbackConfig{AppKey: [secret], Secrets: [secret]}", cfg.String())

	header, body := callbackOf("another", `[{"payload":"`+secretText+`"}]`)
	_, err = c.ParseEvents(t.Context(), header, body)
	assertChainHidden(t, err, "new-secret", "old-secret", testAppKey, secretText, header.Get("x-goeasy-signature"))
}

func TestCallbackRules(t *testing.T) {
	rules := newCallbacks(t, callbackSecret).CallbackRules()
	assert.Equal(t, `{"code":200,"content":"success"}`, string(rules.Answer))
	assert.Equal(t, 3*time.Second, rules.Deadline)
}

// Whatever is signed makes events that can be stored, and recalled if they are
// of messages, or is refused.
func FuzzCallback(f *testing.F) {
	for _, name := range []string{"private", "recalled"} {
		form, err := url.ParseQuery(string(fixture(f, "callback."+name+".request.http").Body))
		require.NoError(f, err)
		f.Add(form.Get("content"))
	}
	for _, content := range []string{
		"", "[]", "null", "{}", `[{"timestamp":1594958217087}]`, `[{"channel":"c","timestamp":1,"content":"x"}]`,
		`[{"timestamp":"1594958217087","senderId":1,"groupId":2,"recalled":true,"recaller":{"id":3}},null]`,
	} {
		f.Add(content)
	}
	c := newCallbacks(f, callbackSecret)
	client, err := New(Config{AppKey: testAppKey, Host: testHost})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, content string) {
		header, body := callbackOf(callbackSecret, content)
		events, err := c.ParseEvents(t.Context(), header, body)
		if err != nil {
			assert.ErrorIs(t, err, recall.ErrBadResponse)
			assert.Empty(t, events)
			return
		}
		for _, e := range events {
			text, err := json.Marshal(e)
			require.NoError(t, err)
			var back recall.Event
			require.NoError(t, json.Unmarshal(text, &back))
			assert.Equal(t, e, back)
			assert.NotEmpty(t, e.ID)
			assert.NoError(t, client.ValidateRequest(e.Request))
		}
	})
}

// Nothing that is not signed gets through, whatever the form looks like.
func FuzzCallbackForm(f *testing.F) {
	header, body := callbackOf(callbackSecret, "[]")
	f.Add(header.Get("x-goeasy-signature"), string(body))
	f.Add("", "content=[]")
	f.Add("x", "content=%5B%5D&content=x")
	c := newCallbacks(f, callbackSecret)
	f.Fuzz(func(t *testing.T, signature, body string) {
		_, err := c.ParseEvents(t.Context(), http.Header{"X-Goeasy-Signature": {signature}}, []byte(body))
		if form, formErr := url.ParseQuery(body); formErr == nil && len(form["content"]) == 1 && signature == sign(callbackSecret, form.Get("content")) {
			return
		}
		assert.ErrorIs(t, err, recall.ErrUnauthorized)
	})
}
