package easemob

import (
	"context"
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/imrecall/imrecall/internal/callback"
	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// CallbackConfig says which application's callbacks to believe. Printing it
// hides its secrets, as with [Config].
type CallbackConfig struct {
	// Dialect is the name under which the server is sold, as in Config.
	Dialect Dialect

	// Org and App are the two halves of the App Key, org#app, exactly as the
	// console shows them. Shengwang has AppID instead.
	Org, App string

	// AppID is the application at Shengwang. Its callbacks do not name it in a
	// documented way, so that there it is the secret alone that tells one
	// application from another.
	AppID string

	// Secrets are those of the callback rules, which the console shows in its
	// list of rules. Each rule has its own: give those of all the rules that
	// post to this URL, and the old one beside the new one while one rotates.
	Secrets []string

	// SecretsFunc returns the current secrets, instead of Secrets. It is asked
	// for each callback, so let it remember them. If it fails, the vendor is
	// told to try again.
	SecretsFunc func(ctx context.Context) ([]string, error)
}

// Callbacks reads the callbacks that the vendor posts after a message was sent
// (发送后回调) or recalled. It implements [recall.EventParser], for a
// [recall.EventHandler], and is safe for concurrent use.
//
//	callback                            event
//	chat_type chat, groupchat, chatroom MessageSent: Request has MessageID, Chat, From, To, SentAt
//	chat_type recall                    MessageRecalled: Request has MessageID and To
//	all others                          none
//
// ID is the callId. A rule of the console that covers offline messages too
// tells of one message several times: as it is sent (eventType chat), and for
// each recipient who is offline (chat_offline). Whether the callId is the same
// is not documented, but the Request is: store it by its MessageID.
//
// Callbacks before sending (发送前回调) are no events: the message may yet be
// refused. They want another answer than these; give them a URL of their own.
//
// Groups and chat rooms are both "groupchat". They are told apart by
// content_type, which only newer callbacks have: without it Chat is ChatGroup,
// and an application that has chat rooms looks To up in what it knows. A
// recall's Chat is empty, as is RecalledBy: the page calls "from" the sender
// of the message, and leaves open whether of the message that is gone or of
// the recall. Command messages are told of too, though none can be recalled.
//
// # What the signature proves
//
// It covers callId and timestamp, and nothing else of the body. A callId ends
// in the msg_id, and is refused with another one. (One page has a random UUID
// there instead, and such a callId is accepted with any msg_id.) But whoever
// saw one callback could post it again with another from, to, chat_type or
// recall_id. The timestamp is not held against the clock either: the vendor
// may post a callback days later. So let the URL be https and known to nobody
// else, and where an event has grave consequences, do not act on it alone.
//
// https://doc.easemob.com/document/server-side/callback_overview.html
// https://doc.easemob.com/document/server-side/callback_postsending.html
// https://doc.easemob.com/document/server-side/callback_message_send.html
// https://doc.easemob.com/document/server-side/callback_message_recall.html
type Callbacks struct {
	app     string // as in receipts
	appKey  string // what the callbacks name; empty where they do not
	secrets callback.Secrets
}

var _ recall.EventParser = (*Callbacks)(nil)

// NewCallbacks checks cfg and returns what reads its application's callbacks.
// Its errors are recall.ErrMisconfigured and name the field of CallbackConfig.
func NewCallbacks(cfg CallbackConfig) (*Callbacks, error) {
	application := Config{Dialect: cfg.Dialect, Org: cfg.Org, App: cfg.App, AppID: cfg.AppID}
	if err := application.checkApplication(); err != nil {
		return nil, err
	}
	secrets, err := callback.NewSecrets(vendor, cfg.Secrets, cfg.SecretsFunc)
	if err != nil {
		return nil, err
	}
	c := &Callbacks{secrets: secrets}
	c.app, _ = application.application()
	if cfg.Dialect != DialectShengwang {
		c.appKey = c.app
	}
	return c, nil
}

// CallbackRules implements [recall.EventParser]: the vendor looks at the
// status alone, and repeats a callback once where it is not 200.
func (c *Callbacks) CallbackRules() recall.CallbackRules {
	return recall.CallbackRules{ContentType: "application/json", Answer: []byte("{}")}
}

// ParseEvents implements [recall.EventParser].
func (c *Callbacks) ParseEvents(ctx context.Context, _ http.Header, body []byte) ([]recall.Event, error) {
	b, err := c.verified(ctx, body)
	if err != nil {
		return nil, callback.Refused(err, vendor, c.app)
	}
	event, err := c.event(b)
	if err != nil {
		return nil, callback.Refused(err, vendor, c.app)
	}
	if event == nil {
		return nil, nil
	}
	return []recall.Event{*event}, nil
}

// verified returns the body of a callback with a genuine signature: the MD5 of
// callId, secret and timestamp, one after the other, in lower-case
// hexadecimal. The digits of the timestamp are taken as they came.
func (c *Callbacks) verified(ctx context.Context, data []byte) (*callbackBody, *recall.Error) {
	var b callbackBody
	// The error of encoding/json may quote what it could not read.
	if json.Unmarshal(data, &b) != nil {
		return nil, callback.Unauthorized("the body is not a JSON object")
	}
	var read callback.Fields
	callID, timestamp := read.Text("callId", b.CallID), read.Text("timestamp", b.Timestamp)
	signature := read.Text("security", b.Security)
	if err := read.Err(); err != nil {
		return nil, callback.Unauthorized(err.Error())
	}
	signed, err := c.secrets.Any(ctx, func(secret string) bool {
		sum := md5.Sum([]byte(callID + secret + timestamp))
		return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(signature)) == 1
	})
	switch {
	case err != nil:
		return nil, err
	case !signed:
		return nil, callback.Unauthorized("security is wrong")
	}
	return &b, nil
}

// String describes the configuration without its secrets.
func (cfg CallbackConfig) String() string {
	return rest.Describe("easemob.CallbackConfig",
		"Dialect", string(cfg.Dialect), "Org", cfg.Org, "App", cfg.App, "AppID", cfg.AppID,
		"Secrets", rest.HiddenAll(cfg.Secrets), "SecretsFunc", rest.FuncOf(cfg.SecretsFunc != nil))
}

// Format prints String, whatever the verb.
func (cfg CallbackConfig) Format(f fmt.State, _ rune) { io.WriteString(f, cfg.String()) }

// MarshalJSON writes String.
func (cfg CallbackConfig) MarshalJSON() ([]byte, error) { return json.Marshal(cfg.String()) }

// LogValue logs String.
func (cfg CallbackConfig) LogValue() slog.Value { return slog.StringValue(cfg.String()) }

// String describes whose callbacks these are, without the secrets.
func (c *Callbacks) String() string { return rest.Describe("easemob.Callbacks", "App", c.app) }

// Format prints String, whatever the verb.
func (c *Callbacks) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }
