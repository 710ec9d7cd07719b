package netease

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the vendor signs the MD5 of a body
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/imrecall/imrecall/internal/callback"
	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// CallbackConfig says whose callbacks to believe. Printing it hides its
// secrets, with the same exception as Config.
type CallbackConfig struct {
	// AppKey names the application. A callback that names another one is
	// refused. Required.
	AppKey string

	// Secrets are the AppSecrets that the vendor may sign with: one, or the old
	// and the new one while they rotate.
	Secrets []string

	// SecretsFunc returns the current secrets, instead of Secrets. It is asked
	// for each callback, so let it remember them. If it fails, the vendor is
	// told to try again.
	SecretsFunc func(ctx context.Context) ([]string, error)
}

// Callbacks reads NetEase's message copies (抄送): HTTP requests with which
// the vendor tells of messages and recalls, where that is switched on in its
// console. It is safe for concurrent use.
//
// It returns these events, and none for any other eventType:
//
//	eventType  what                                    event
//	1          a message, by convType: PERSON, TEAM,   MessageSent; none for the system
//	           SUPER_TEAM                              notices CUSTOM_PERSON and CUSTOM_TEAM
//	4          a message in a chat room                MessageSent
//	7, 8, 25   a recall: direct, team, super-team      MessageRecalled
//
// The Request of a message in a chat room has the client's id as its
// MessageID, as RecallChatroom wants it, and lacks one thing: Operator, which
// is the caller's choice and has to be set before the recall. The others can
// be recalled as they are. Recalls in chat rooms are not documented to be
// copied, and neither is whether one-way recalls are. Messages that moderation
// or a blacklist stopped are copied too, and make an event if they have an id.
// Team notices (msgType NOTIFICATION) are messages here.
//
// A recall's copy names the message and its sender, but not who recalled it,
// so RecalledBy is empty. It may hold no more than eventType and msgId.
//
// An empty body and {} are what the console sends to try an address. They make
// no event, whether they are signed or not, and are refused only where the
// header MD5 is that of another body. The vendor may send a copy twice,
// and recalls before messages. The age of a copy is not checked.
//
// https://doc.yunxin.163.com/messaging/server-apis/DI3OTg5Mjg?platform=server
// (messages), https://doc.yunxin.163.com/messaging/guide/TcxNzU4NzU?platform=server
// (chat rooms, recalls)
type Callbacks struct {
	appKey  string
	secrets callback.Secrets
}

var _ recall.EventParser = (*Callbacks)(nil)

// NewCallbacks checks cfg. Its errors are recall.ErrMisconfigured and name the
// field of CallbackConfig.
func NewCallbacks(cfg CallbackConfig) (*Callbacks, error) {
	switch {
	case cfg.AppKey == "":
		return nil, rest.BadConfig(vendor, "AppKey", "is required")
	case !rest.HeaderValue(cfg.AppKey):
		return nil, rest.BadConfig(vendor, "AppKey", "has characters that no key has")
	}
	secrets, err := callback.NewSecrets(vendor, cfg.Secrets, cfg.SecretsFunc)
	if err != nil {
		return nil, err
	}
	return &Callbacks{appKey: cfg.AppKey, secrets: secrets}, nil
}

// CallbackRules implements [recall.EventParser]. The vendor looks at the
// status alone, which has to be 200 within 5 seconds. It takes 500 for
// "received" as well, so no answer that asks for another try may be 500.
//
// https://doc.commsease.com/en/messaging/server-apis/jQ4ODE0NTY?platform=server
func (c *Callbacks) CallbackRules() recall.CallbackRules {
	return recall.CallbackRules{ContentType: "text/plain; charset=utf-8", Answer: []byte("ok"), Deadline: 5 * time.Second}
}

// ParseEvents implements [recall.EventParser].
func (c *Callbacks) ParseEvents(ctx context.Context, header http.Header, body []byte) ([]recall.Event, error) {
	if isProbe(header, body) {
		return nil, nil
	}
	if err := c.verify(ctx, header, body); err != nil {
		return nil, callback.Refused(err, vendor, c.appKey)
	}
	var m messageCopy
	// The error of encoding/json may quote what it could not read.
	if json.Unmarshal(body, &m) != nil {
		return nil, callback.Refused(callback.Unreadable(errors.New("the body is not a JSON object")), vendor, c.appKey)
	}
	event, err := m.event()
	if err != nil {
		return nil, callback.Refused(callback.Unreadable(err), vendor, c.appKey)
	}
	if event == nil {
		return nil, nil
	}
	event.Vendor, event.App = vendor, c.appKey
	return []recall.Event{*event}, nil
}

// isProbe tells what the console sends to try an address from a message whose
// body was lost on the way, to a proxy or a middleware.
func isProbe(header http.Header, body []byte) bool {
	if probe := bytes.TrimSpace(body); len(probe) > 0 && string(probe) != "{}" {
		return false
	}
	return header.Get("MD5") == "" || same(header.Get("MD5"), digestOf(body))
}

// verify checks the headers: MD5 is that of the raw body, and CheckSum the
// SHA-1 of secret, MD5 and CurTime (in milliseconds here), both in lower-case
// hex. AppKey is not part of what is signed; the pages' examples lack it.
func (c *Callbacks) verify(ctx context.Context, header http.Header, body []byte) *recall.Error {
	digest := digestOf(body)
	signed, err := c.secrets.Any(ctx, func(secret string) bool {
		return same(header.Get("CheckSum"), checkSum(secret, digest, header.Get("CurTime")))
	})
	switch {
	case err != nil:
		return err
	case !signed || !same(header.Get("MD5"), digest):
		return callback.Unauthorized("MD5 or CheckSum is missing or wrong")
	case header.Get("AppKey") != "" && header.Get("AppKey") != c.appKey:
		return &recall.Error{Kind: recall.ErrMisconfigured, Err: errors.New("the callback is about another AppKey")}
	}
	return nil
}

func digestOf(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}

// same compares in a time that does not tell how much is right.
func same(got, want string) bool { return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 }

// String describes the configuration without its secrets.
func (cfg CallbackConfig) String() string {
	return rest.Describe("netease.CallbackConfig",
		"AppKey", cfg.AppKey, "Secrets", rest.HiddenAll(cfg.Secrets), "SecretsFunc", rest.FuncOf(cfg.SecretsFunc != nil))
}

// Format prints String, whatever the verb.
func (cfg CallbackConfig) Format(f fmt.State, _ rune) { io.WriteString(f, cfg.String()) }

// MarshalJSON writes String.
func (cfg CallbackConfig) MarshalJSON() ([]byte, error) { return json.Marshal(cfg.String()) }

// LogValue logs String.
func (cfg CallbackConfig) LogValue() slog.Value { return slog.StringValue(cfg.String()) }

// String describes the callbacks without their secrets.
func (c *Callbacks) String() string { return rest.Describe("netease.Callbacks", "AppKey", c.appKey) }

// Format prints String, whatever the verb.
func (c *Callbacks) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }
