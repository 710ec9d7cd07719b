package easemob

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// callbackSecret is what the golden callbacks are signed with.
const callbackSecret = "secret-5b1c9e2f7d41"

// theText is in a message of each hostile callback, and in no error.
const theText = "TEXT-OF-THE-MESSAGE"

func newCallbacks(t testing.TB, change func(*CallbackConfig)) *Callbacks {
	t.Helper()
	cfg := CallbackConfig{Org: "orgname", App: "appname", Secrets: []string{callbackSecret}}
	if change != nil {
		change(&cfg)
	}
	c, err := NewCallbacks(cfg)
	require.NoError(t, err)
	return c
}

func forShengwang(cfg *CallbackConfig) {
	cfg.Dialect, cfg.Org, cfg.App, cfg.AppID = DialectShengwang, "", "", "0123456789abcdef0123456789abcdef"
}

func sign(callID, timestamp string) string {
	sum := md5.Sum([]byte(callID + callbackSecret + timestamp))
	return hex.EncodeToString(sum[:])
}

// goldenCallbacks are the vendor's samples and what they mean. tied: msg_id can't be another.
func goldenCallbacks() map[string]struct {
	change func(*CallbackConfig)
	want   *recall.Event
	tied   bool
} {
	type row = struct {
		change func(*CallbackConfig)
		want   *recall.Event
		tied   bool
	}
	sentAt := time.UnixMilli(1600060847294).UTC()
	sent := func(id string, chat recall.ChatType, to string) *recall.Event {
		return &recall.Event{Kind: recall.MessageSent, Vendor: "easemob", App: "orgname#appname", ID: id, At: sentAt, Request: recall.Request{
			MessageID: "8924312242322", Chat: chat, From: "user1", To: to, SentAt: sentAt,
		}}
	}
	recalled := recall.Event{
		Kind: recall.MessageRecalled, Vendor: "easemob", App: "orgname#appname", ID: "orgname#appname_966475585536657404",
		At: time.UnixMilli(1642589932646).UTC(), Request: recall.Request{MessageID: "966475220900644860", To: "170908972023810"},
	}
	shengwang := recalled
	shengwang.App, shengwang.ID = "0123456789abcdef0123456789abcdef", "XXXX#XXXX_966475585536657404"
	const callID = "orgname#appname_8924312242322"
	agora := func(cfg *CallbackConfig) { cfg.Dialect = DialectAgora }
	return map[string]row{
		"direct":           {want: sent(callID, recall.ChatDirect, "user2"), tied: true},
		"group":            {want: sent(callID, recall.ChatGroup, "16934809238921545"), tied: true, change: agora},
		"room":             {want: sent(callID, recall.ChatRoom, "16934809238921545"), tied: true},
		"group_uuid":       {want: sent("orgname#appname_0990a64f-5b1c-4d0e-8696-cf3b48b20e7e", recall.ChatGroup, "16934809238921545")},
		"recall":           {want: &recalled, tied: true},
		"recall_shengwang": {want: &shengwang, tied: true, change: forShengwang},
		"presending":       {},
	}
}

func TestCallbackGolden(t *testing.T) {
	for name, tt := range goldenCallbacks() {
		t.Run(name, func(t *testing.T) {
			m := readGolden(t, "callback_"+name+".request.http")
			events, err := newCallbacks(t, tt.change).ParseEvents(t.Context(), m.Header, m.Body)
			require.NoError(t, err)
			if tt.want == nil {
				assert.Empty(t, events)
				return
			}
			assert.Equal(t, []recall.Event{*tt.want}, events)
		})
	}
}

// TestCallbackFlippedBit: whichever bit of what is signed is another, nothing is told.
func TestCallbackFlippedBit(t *testing.T) {
	for name, tt := range goldenCallbacks() {
		if tt.want == nil {
			continue
		}
		m := readGolden(t, "callback_"+name+".request.http")
		keys := []string{"callId", "timestamp", "security"}
		if tt.tied {
			keys = append(keys, "msg_id")
		}
		c := newCallbacks(t, tt.change)
		for _, key := range keys {
			from, to := valueOf(t, string(m.Body), key)
			for bit := from * 8; bit < to*8; bit++ {
				body := []byte(string(m.Body))
				body[bit/8] ^= 1 << (bit % 8)
				events, err := c.ParseEvents(t.Context(), m.Header, body)
				require.Error(t, err, "%s: bit %d of %s", name, bit-from*8, key)
				require.Empty(t, events)
				kind := failure(t, err).Kind
				if key != "msg_id" || kind != recall.ErrBadResponse { // a text that is not UTF-8 is not looked at further
					require.Equal(t, recall.ErrUnauthorized, kind, "%s: bit %d of %s", name, bit-from*8, key)
				}
			}
		}
		for bit := range len(callbackSecret) * 8 {
			secret := []byte(callbackSecret)
			secret[bit/8] ^= 1 << (bit % 8)
			c := newCallbacks(t, func(cfg *CallbackConfig) {
				if tt.change != nil {
					tt.change(cfg)
				}
				cfg.Secrets = []string{string(secret)}
			})
			events, err := c.ParseEvents(t.Context(), m.Header, m.Body)
			require.ErrorIs(t, err, recall.ErrUnauthorized)
			require.Empty(t, events)
		}
	}
}

// valueOf returns where the value of a key begins and ends, without its quotes.
func valueOf(t *testing.T, body, key string) (from, to int) {
	t.Helper()
	at := strings.Index(body, `"`+key+`":`)
	require.Positive(t, at, key)
	from = at + len(key) + 3
	rest := strings.TrimLeft(body[from:], ` "`)
	from = len(body) - len(rest)
	to = from + strings.IndexAny(rest, "\",\n}")
	require.Greater(t, to, from)
	return from, to
}
