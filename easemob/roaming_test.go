package easemob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
)

func TestRoamingSendsTheVendorsSamples(t *testing.T) {
	no := false
	until := time.UnixMilli(1659014868000)
	m := readGolden(t, "roaming.answer.http")
	for name, call := range map[string]func(context.Context, *Client) (recall.Receipt, error){
		"chat": func(ctx context.Context, c *Client) (recall.Receipt, error) {
			return c.DeleteRoamingChat(ctx, RoamingChatParams{UserID: "XXXX", PeerID: "XXXX", MsgIDs: []string{"XXXX"}, IsNotify: &no})
		},
		"group": func(ctx context.Context, c *Client) (recall.Receipt, error) {
			return c.DeleteRoamingGroup(ctx, RoamingGroupParams{UserID: "XXXX", GroupID: "XXXX", MsgIDs: []string{"XXXX"}, IsNotify: &no})
		},
		"all": func(ctx context.Context, c *Client) (recall.Receipt, error) {
			return c.DeleteRoamingAll(ctx, "XXXX")
		},
		"chat_until": func(ctx context.Context, c *Client) (recall.Receipt, error) {
			return c.DeleteRoamingChatUntil(ctx, RoamingChatUntilParams{UserID: "XXXX", PeerID: "XXXX", DelTime: until, IsNotify: &no})
		},
		"group_until": func(ctx context.Context, c *Client) (recall.Receipt, error) {
			return c.DeleteRoamingGroupUntil(ctx, RoamingGroupUntilParams{UserID: "XXXX", GroupID: "XXXX", DelTime: until, IsNotify: &no})
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, arrived := capture(t, m.Status, string(m.Body))
			c := newClient(t, func(cfg *Config) { cfg.Host, cfg.Org, cfg.App, cfg.Token = url, "XXXX", "XXXX", "<YourAppToken>" })
			receipt, err := call(t.Context(), c)
			require.NoError(t, err)
			assertGolden(t, readGolden(t, "roaming_"+name+".request.http"), <-arrived)
			receipt.At = time.Time{}
			assert.Equal(t, recall.Receipt{Vendor: "easemob", App: "XXXX#XXXX", Code: "ok", Attempts: 1}, receipt)
		})
	}
}

// TestRoamingOptionalParameters: what is not given is not sent.
func TestRoamingOptionalParameters(t *testing.T) {
	yes := true
	for want, notify := range map[string]*bool{
		"/org/app/rest/message/roaming/chat/user/u?userId=p&msgIdList=1,2":               nil,
		"/org/app/rest/message/roaming/chat/user/u?userId=p&msgIdList=1,2&isNotify=true": &yes,
	} {
		url, arrived := capture(t, 200, roamingOK)
		c := newClient(t, func(cfg *Config) { cfg.Host = url })
		_, err := c.DeleteRoamingChat(t.Context(), RoamingChatParams{UserID: "u", PeerID: "p", MsgIDs: []string{"1", "2"}, IsNotify: notify})
		require.NoError(t, err)
		assert.Equal(t, want, (<-arrived).RequestURI)
	}
}

// TestRoamingUntilIsInMilliseconds: what is finer is cut off, and deletes the same messages.
func TestRoamingUntilIsInMilliseconds(t *testing.T) {
	url, arrived := capture(t, 200, roamingOK)
	c := newClient(t, func(cfg *Config) { cfg.Host = url })
	_, err := c.DeleteRoamingChatUntil(t.Context(), RoamingChatUntilParams{UserID: "u", PeerID: "p", DelTime: time.UnixMicro(1659014868000999)})
	require.NoError(t, err)
	assert.Contains(t, (<-arrived).RequestURI, "delTime=1659014868000")
}

// TestRoamingDeletes what it says for whom it says, on the emulator.
func TestRoamingDeletes(t *testing.T) {
	c, server, _ := emulated(t, nil)
	start := server.Now().Truncate(time.Millisecond)
	add := func(prefix, chat, from, to string) {
		for i := range 4 {
			server.Add(easemobtest.Message{ID: fmt.Sprint(prefix, i), Chat: chat, From: from, To: to, SentAt: start.Add(time.Duration(i) * time.Second)})
		}
	}
	lost := func(user, prefix string) string {
		var ids strings.Builder
		for i := range 4 {
			if server.DeletedFor(user, fmt.Sprint(prefix, i)) {
				fmt.Fprint(&ids, i)
			}
		}
		return ids.String()
	}
	ctx := t.Context()
	check := func(_ recall.Receipt, err error) { t.Helper(); require.NoError(t, err) }
	add("c", "chat", "peer", "user")
	add("g", "groupchat", "peer", "group")
	add("r", "chatroom", "peer", "room")
	check(c.DeleteRoamingChat(ctx, RoamingChatParams{UserID: "user", PeerID: "peer", MsgIDs: []string{"c1", "c3", "g1", "none"}}))
	assert.Equal(t, []string{"13", "", ""}, []string{lost("user", "c"), lost("peer", "c"), lost("user", "g")})
	check(c.DeleteRoamingGroup(ctx, RoamingGroupParams{UserID: "user", GroupID: "group", MsgIDs: []string{"g0"}}))
	check(c.DeleteRoamingGroupUntil(ctx, RoamingGroupUntilParams{UserID: "user", GroupID: "room", DelTime: start.Add(time.Second)}))
	assert.Equal(t, []string{"0", "01", ""}, []string{lost("user", "g"), lost("user", "r"), lost("peer", "r")})
	check(c.DeleteRoamingChatUntil(ctx, RoamingChatUntilParams{UserID: "peer", PeerID: "user", DelTime: start.Add(2 * time.Second)}))
	assert.Equal(t, []string{"012", "13"}, []string{lost("peer", "c"), lost("user", "c")})
	check(c.DeleteRoamingAll(ctx, "user"))
	assert.Equal(t, []string{"0123", "0123", "0123"}, []string{lost("user", "c"), lost("user", "g"), lost("user", "r")})
	assert.Equal(t, "012", lost("peer", "c"))

	server.RoamingUnopened = true
	_, err := c.DeleteRoamingAll(ctx, "user")
	require.ErrorIs(t, err, recall.ErrNotEnabled)
}

// ids returns so many message ids.
func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint("m", i)
	}
	return out
}

func TestRoamingSplitsLongLists(t *testing.T) {
	for n, want := range map[int][]int{1: {1}, 50: {50}, 51: {50, 1}, 120: {50, 50, 20}} {
		c, server, requests := emulated(t, nil)
		for _, id := range ids(n) {
			server.Add(easemobtest.Message{ID: id, From: "user", To: "group", Chat: "groupchat"})
		}
		receipt, err := c.DeleteRoamingGroup(t.Context(), RoamingGroupParams{UserID: "user", GroupID: "group", MsgIDs: ids(n)})
		require.NoError(t, err)
		assert.Equal(t, len(want), requests())
		assert.Equal(t, len(want), receipt.Attempts)
		log := server.Requests()
		for i, r := range log[len(log)-len(want):] {
			assert.Len(t, strings.Split(r.URL.Query().Get("msgIdList"), ","), want[i])
		}
		for _, id := range ids(n) {
			assert.True(t, server.DeletedFor("user", id))
		}
	}
}

func TestRoamingFailsPartWay(t *testing.T) {
	list := ids(170)
	given := append([]string(nil), list...)
	c, server, requests := emulated(t, nil)
	server.Intercept(nil, nil, func(w http.ResponseWriter, _ *http.Request) { reply(w, 500, errorJSON("", "internal error")) })
	receipt, err := c.DeleteRoamingChat(t.Context(), RoamingChatParams{UserID: "u", PeerID: "p", MsgIDs: list})
	assert.Zero(t, receipt)
	assert.Equal(t, 3, requests())
	var e *RoamingError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, given[:100], e.Deleted)
	assert.Equal(t, given[100:150], e.Failed)
	assert.Equal(t, given[150:], e.NotSent)
	require.ErrorIs(t, err, recall.ErrUnavailable)
	assert.True(t, failure(t, err).MayHaveApplied)
	assert.Equal(t, `easemob: delete_roaming_chat: unavailable: "internal error" (HTTP 500, app demo-org#demo-app, may have taken effect); `+
		`messages deleted: 100, failed: 50, not sent: 20`, err.Error())
	for i := range list {
		list[i] = "overwritten"
	}
	assert.Equal(t, given[:100], e.Deleted, "nothing of the caller's is kept")
}

// TestRoamingEndsPartWay: what ctx did not let be sent was not sent.
func TestRoamingEndsPartWay(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, server, requests := emulated(t, nil)
	server.Intercept(nil, func(w http.ResponseWriter, r *http.Request) {
		server.Answer(w, r)
		cancel()
	})
	_, err := c.DeleteRoamingChat(ctx, RoamingChatParams{UserID: "u", PeerID: "p", MsgIDs: ids(150)})
	require.ErrorIs(t, err, context.Canceled)
	var e *RoamingError
	require.ErrorAs(t, err, &e)
	sent := 50 * requests()
	assert.Equal(t, sent, len(e.Deleted)+len(e.Failed))
	assert.Equal(t, ids(150)[sent:], e.NotSent)
	assert.GreaterOrEqual(t, len(e.Deleted), 50)
}

// TestRoamingFailsBeforeItStarts: nothing was sent, not even of the call that failed.
func TestRoamingFailsBeforeItStarts(t *testing.T) {
	failing := errors.New("no token")
	c := newClient(t, func(cfg *Config) {
		cfg.Token, cfg.TokenSource = "", sourceFunc(func(context.Context, string) (Token, error) { return Token{}, failing })
	})
	_, err := c.DeleteRoamingChat(t.Context(), RoamingChatParams{UserID: "u", PeerID: "p", MsgIDs: ids(60)})
	require.ErrorIs(t, err, failing)
	var e *RoamingError
	require.ErrorAs(t, err, &e)
	assert.Empty(t, e.Deleted)
	assert.Empty(t, e.Failed)
	assert.Equal(t, ids(60), e.NotSent)
}

func TestRoamingRefusesParams(t *testing.T) {
	now := time.UnixMilli(1659014868000)
	one := []string{"1"}
	type call = func(context.Context, *Client) (recall.Receipt, error)
	chat := func(p RoamingChatParams) call {
		return func(ctx context.Context, c *Client) (recall.Receipt, error) { return c.DeleteRoamingChat(ctx, p) }
	}
	group := func(p RoamingGroupParams) call {
		return func(ctx context.Context, c *Client) (recall.Receipt, error) { return c.DeleteRoamingGroup(ctx, p) }
	}
	chatUntil := func(p RoamingChatUntilParams) call {
		return func(ctx context.Context, c *Client) (recall.Receipt, error) { return c.DeleteRoamingChatUntil(ctx, p) }
	}
	groupUntil := func(p RoamingGroupUntilParams) call {
		return func(ctx context.Context, c *Client) (recall.Receipt, error) { return c.DeleteRoamingGroupUntil(ctx, p) }
	}
	all := func(user string) call {
		return func(ctx context.Context, c *Client) (recall.Receipt, error) { return c.DeleteRoamingAll(ctx, user) }
	}
	for name, test := range map[string]struct {
		field string
		call  call
	}{
		"chat: no user":            {"UserID", chat(RoamingChatParams{PeerID: "p", MsgIDs: one})},
		"chat: no peer":            {"PeerID", chat(RoamingChatParams{UserID: "u", MsgIDs: one})},
		"chat: no ids":             {"MsgIDs", chat(RoamingChatParams{UserID: "u", PeerID: "p"})},
		"chat: empty id":           {"MsgIDs[1]", chat(RoamingChatParams{UserID: "u", PeerID: "p", MsgIDs: []string{"1", ""}})},
		"chat: two ids in one":     {"MsgIDs[0]", chat(RoamingChatParams{UserID: "u", PeerID: "p", MsgIDs: []string{"1,2"}})},
		"chat: bad id in the 2nd":  {"MsgIDs[60]", chat(RoamingChatParams{UserID: "u", PeerID: "p", MsgIDs: append(ids(60), "\xff")})},
		"group: no user":           {"UserID", group(RoamingGroupParams{GroupID: "g", MsgIDs: one})},
		"group: no group":          {"GroupID", group(RoamingGroupParams{UserID: "u", MsgIDs: one})},
		"group: no ids":            {"MsgIDs", group(RoamingGroupParams{UserID: "u", GroupID: "g"})},
		"all: no user":             {"UserID", all("")},
		"all: above":               {"UserID", all("..")},
		"all: another path":        {"UserID", all("../../../users/u")},
		"chat until: no user":      {"UserID", chatUntil(RoamingChatUntilParams{PeerID: "p", DelTime: now})},
		"chat until: no peer":      {"PeerID", chatUntil(RoamingChatUntilParams{UserID: "u", DelTime: now})},
		"chat until: no time":      {"DelTime", chatUntil(RoamingChatUntilParams{UserID: "u", PeerID: "p"})},
		"chat until: before 1970":  {"DelTime", chatUntil(RoamingChatUntilParams{UserID: "u", PeerID: "p", DelTime: time.Unix(-1, 0)})},
		"group until: no user":     {"UserID", groupUntil(RoamingGroupUntilParams{GroupID: "g", DelTime: now})},
		"group until: no group":    {"GroupID", groupUntil(RoamingGroupUntilParams{UserID: "u", DelTime: now})},
		"group until: no time":     {"DelTime", groupUntil(RoamingGroupUntilParams{UserID: "u", GroupID: "g"})},
		"group until: before 1970": {"DelTime", groupUntil(RoamingGroupUntilParams{UserID: "u", GroupID: "g", DelTime: time.Unix(0, 0)})},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, requests := emulated(t, nil)
			_, err := test.call(t.Context(), c)
			e := failure(t, err)
			assert.Equal(t, []any{recall.ErrInvalidRequest, test.field}, []any{e.Kind, e.Field})
			assert.Contains(t, e.Op, "delete_roaming_")
			var unfinished *RoamingError
			assert.NotErrorAs(t, err, &unfinished)
			assert.Zero(t, requests())
		})
	}
}

// TestRoamingReads: nothing but the documented word is a success.
func TestRoamingReads(t *testing.T) {
	for _, body := range []string{
		`{"requestStatusCode":"no"}`, `{"requestStatusCode":null}`, `{"requestStatusCode":["ok"]}`, `{"requestStatusCode":""}`,
		`{"timestamp":1}`, `{"data":{"requestStatusCode":"ok"}}`, `{"requestStatusCode":"ok"}{}`, `{"requestStatusCode":"ok","error":"x"}`, conversationOK,
	} {
		_, err := clientFor(t, 200, body).DeleteRoamingAll(t.Context(), "u")
		e := failure(t, err)
		assert.Equal(t, recall.ErrBadResponse, e.Kind, body)
		assert.True(t, e.MayHaveApplied)
	}
}

// TestRoamingOfAnUnknownUser: what is not found is the user, and nothing is gone.
func TestRoamingOfAnUnknownUser(t *testing.T) {
	_, err := clientFor(t, 403, errorJSON("", "user not_found")).DeleteRoamingAll(t.Context(), "user1")
	e := failure(t, err)
	assert.Equal(t, recall.ErrInvalidRequest, e.Kind)
}

func TestRoamingRefusesAnIDTwice(t *testing.T) {
	_, err := clientFor(t, 200, "").DeleteRoamingChat(t.Context(), RoamingChatParams{UserID: "a", PeerID: "b", MsgIDs: []string{"1", "2", "1"}})
	require.ErrorContains(t, err, "MsgIDs[2]: is there twice")
}
