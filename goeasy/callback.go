package goeasy

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the vendor's signature is HMAC-SHA1
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/imrecall/imrecall/internal/callback"
	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// CallbackConfig says whose callbacks to believe. Printing it hides its
// secrets, with the same exception as Config.
type CallbackConfig struct {
	// AppKey is the application's key, as in Config. It only names the
	// application in events, by a short hash, as receipts do.
	AppKey string

	// Name is what events call the application, as Config.Name. Empty stands
	// for a short hash of AppKey; one of the two is required.
	Name string

	// Secrets are the application's secret key, which is none of its appkeys:
	// one, or the old and the new one while they rotate.
	Secrets []string

	// SecretsFunc returns the current secrets, instead of Secrets. It is asked
	// for each callback, so let it remember them. If it fails, the vendor is
	// told to try again.
	SecretsFunc func(ctx context.Context) ([]string, error)
}

// Callbacks reads GoEasy's webhook: HTTP requests with which the vendor passes
// on the messages of an application, where that is switched on in its console.
// It is safe for concurrent use.
//
// The webhook's own page says that messages come as JSON in the form parameter
// content, and how they are signed, but the page with the format of a message
// was not to be found. Callbacks takes a list of messages as the vendor's
// other pages show them: messageId, timestamp, senderId and, with it,
// receiverId or groupId. Each makes a MessageSent, whose Request recalls that
// message: conversation and server time, which are the vendor's key to it.
//
// Items with none of these fields but timestamp, such as those of publish and
// subscribe, make no event. Neither do those with a teamId, of customer
// service, whose messages the REST API can't recall.
//
// That a recall is passed on is not documented. An item with recalled set to
// true, as the client's pages show a recalled message, makes a MessageRecalled
// without a time. If none ever comes, nothing confirms the Accepted of a
// recall here: do not wait for it.
//
// The vendor stops the webhook, until it is switched on again by hand, after
// three failed tries of one callback. An item that can't be read must not do
// that: the other items make their events, EventHandler.OnError is told of it,
// and the callback is answered as received. Without an OnError, which would be
// to lose it in silence, the callback is refused.
//
// https://docs.goeasy.io/2.x/common/webhook
type Callbacks struct {
	app     string
	secrets callback.Secrets
}

var _ recall.EventParser = (*Callbacks)(nil)

// NewCallbacks checks cfg. Its errors are recall.ErrMisconfigured and name the
// field of CallbackConfig.
func NewCallbacks(cfg CallbackConfig) (*Callbacks, error) {
	app := cfg.Name
	switch {
	case app != "":
	case cfg.AppKey == "":
		return nil, rest.BadConfig(vendor, "AppKey", "is required, or a Name")
	case !plain(cfg.AppKey):
		return nil, rest.BadConfig(vendor, "AppKey", "has characters that no key has")
	default:
		app = appName(cfg.AppKey)
	}
	secrets, err := callback.NewSecrets(vendor, cfg.Secrets, cfg.SecretsFunc)
	if err != nil {
		return nil, err
	}
	return &Callbacks{app: app, secrets: secrets}, nil
}

// CallbackRules implements [recall.EventParser]: exactly this answer within 3
// seconds.
func (c *Callbacks) CallbackRules() recall.CallbackRules {
	return recall.CallbackRules{
		ContentType: "application/json; charset=utf-8",
		Answer:      []byte(`{"code":200,"content":"success"}`),
		Deadline:    3 * time.Second,

		StopsForGood: true,
	}
}

// ParseEvents implements [recall.EventParser].
func (c *Callbacks) ParseEvents(ctx context.Context, header http.Header, body []byte) ([]recall.Event, error) {
	content, err := c.verified(ctx, header, body)
	if err != nil {
		return nil, callback.Refused(err, vendor, c.app)
	}
	var items []json.RawMessage
	// The error of encoding/json may quote what it could not read.
	if json.Unmarshal([]byte(content), &items) != nil {
		return nil, callback.Refused(callback.Unreadable(errors.New("content is not a JSON list")), vendor, c.app)
	}
	events, why := c.events(items)
	if why != nil {
		return events, callback.Refused(callback.Unreadable(why), vendor, c.app)
	}
	return events, nil
}

// events returns what the items tell, and what was wrong with the first of
// those that can't be read.
func (c *Callbacks) events(items []json.RawMessage) (events []recall.Event, why error) {
	odd := 0
	for i, data := range items {
		event, err := read(data)
		switch {
		case err != nil:
			odd++
			if why == nil {
				why = fmt.Errorf("item %d of %d: %w", i+1, len(items), err)
			}
		case event != nil:
			event.Vendor, event.App = vendor, c.app
			events = append(events, *event)
		}
	}
	if odd > 1 {
		why = fmt.Errorf("%w; %d more can't be read", why, odd-1)
	}
	return events, why
}

// verified returns the form parameter content, if its signature is right:
// base64 of the HMAC-SHA1 of the value itself, not of the form that it came
// in.
//
// https://www.goeasy.io/articles/1186.html (sample code)
func (c *Callbacks) verified(ctx context.Context, header http.Header, body []byte) (string, *recall.Error) {
	form, formErr := url.ParseQuery(string(body))
	content, signature := form["content"], header.Get("X-Goeasy-Signature")
	if formErr != nil || len(content) != 1 || mixedEscapes(body) {
		return "", callback.Unauthorized("the body is not a form with one content")
	}
	signed, err := c.secrets.Any(ctx, func(secret string) bool {
		// Compared as text: base64 has several spellings of the same bytes.
		return hmac.Equal([]byte(signature), []byte(sign(secret, content[0])))
	})
	switch {
	case err != nil:
		return "", err
	case !signed:
		return "", callback.Unauthorized("x-goeasy-signature is missing or wrong")
	}
	return content[0], nil
}

// mixedEscapes tells whether a form has escapes such as %7B and %7b: no
// encoder writes both. They mean the same, so without this a changed bit of
// the body could go unnoticed, though not one of what it says.
func mixedEscapes(form []byte) bool {
	upper, lower := false, false
	for _, escape := range bytes.Split(form, []byte("%"))[1:] {
		digits := escape[:min(2, len(escape))]
		upper = upper || bytes.ContainsAny(digits, "ABCDEF")
		lower = lower || bytes.ContainsAny(digits, "abcdef")
	}
	return upper && lower
}

func sign(secret, content string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(content))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// String describes the configuration without its secrets.
func (cfg CallbackConfig) String() string {
	return rest.Describe("goeasy.CallbackConfig", "AppKey", rest.Hidden(cfg.AppKey), "Name", cfg.Name,
		"Secrets", rest.HiddenAll(cfg.Secrets), "SecretsFunc", rest.FuncOf(cfg.SecretsFunc != nil))
}

// Format prints String, whatever the verb.
func (cfg CallbackConfig) Format(f fmt.State, _ rune) { io.WriteString(f, cfg.String()) }

// MarshalJSON writes String.
func (cfg CallbackConfig) MarshalJSON() ([]byte, error) { return json.Marshal(cfg.String()) }

// LogValue logs String.
func (cfg CallbackConfig) LogValue() slog.Value { return slog.StringValue(cfg.String()) }

// String describes the callbacks without their secrets.
func (c *Callbacks) String() string { return rest.Describe("goeasy.Callbacks", "App", c.app) }

// Format prints String, whatever the verb.
func (c *Callbacks) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }
