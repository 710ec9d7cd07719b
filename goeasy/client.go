// Package goeasy recalls messages through GoEasy IM.
//
// [Client] has the vendor's own API in the vendor's own terms
// ([Client.Recall]), and on top of it the vendor-neutral [recall.Provider]
// ([Client.RecallMessage]) and [recall.Batcher] ([Client.RecallMessages]).
// [Client.Ping] tells whether the configuration is right.
//
// GoEasy finds a message by its conversation and its time on the server, not
// by an id, and answers for a whole call at once without a word about any
// message, so a success is [recall.Accepted] and no proof. [Callbacks] reads
// the webhook that tells that time.
package goeasy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

const vendor = "goeasy"

// REST hosts, by the region that the application was created in.
//
// https://docs.goeasy.io/2.x/im/rest-api/recall
const (
	HostHangzhou       = "rest-hz.goeasy.io"
	HostHangzhouLegacy = "rest-hangzhou.goeasy.io" // in the older documents
	HostSingapore      = "rest-singapore.goeasy.io"
)

// Config says which application to work for and how. Printing it hides its
// secret, with one exception: fmt does not call the methods of a value in an
// unexported field, so keep no Config in such a field of a struct that is
// printed.
type Config struct {
	// Host is the REST host: one of the constants, another host name, or a
	// base URL such as "http://127.0.0.1:8080". Without a scheme it is https.
	// Required.
	Host string

	// Fallbacks are further hosts of the same region, tried in order when
	// the one before can't be reached, answers 502, or is silent for all of
	// Policy.Timeout. The one that works is used for a minute; then Host has
	// its turn again.
	Fallbacks []string

	// AppKey is the application's common key or rest key. It is the
	// credential, and so never shown: receipts and errors name the application
	// by a short hash of it. Required, unless there is an AppKeyFunc.
	AppKey string

	// AppKeyFunc returns the current key, instead of AppKey: for keys that
	// rotate. It is asked for each attempt, so it should cache, and once more
	// if the vendor refuses the key. Where it returns an error or no key, it is
	// asked again for a tenth of a second: a file that is being written is empty
	// for a moment. After that an error counts as recall.ErrUnavailable unless
	// it is a *recall.Error.
	AppKeyFunc func(ctx context.Context) (string, error)

	// Name is what receipts, errors and quotas call the application. Empty
	// stands for a short hash of AppKey; with AppKeyFunc it is required.
	Name string

	// AllowHTTP permits plain http to a host that is not loopback, where
	// everyone on the way can read the key.
	AllowHTTP bool

	// Policy is how to treat the network. The zero value is fit for
	// production.
	Policy recall.Policy
}

// Client works for one application. It is safe for concurrent use, and meant
// to be made once and kept.
type Client struct {
	rest   *rest.Client
	app    string
	appKey rest.Secret

	// What every recall has, made once. Calls share it and change nothing.
	recallQuotas []recall.Quota
	contentType  []string
}

var (
	_ recall.Provider  = (*Client)(nil)
	_ recall.Validator = (*Client)(nil)
	_ recall.Capable   = (*Client)(nil)
	_ recall.Batcher   = (*Client)(nil)
)

// New checks cfg and returns a client for it. It sends nothing. Its errors are
// recall.ErrMisconfigured and name the field of Config.
func New(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	app, key := cfg.Name, rest.FixedSecret(cfg.AppKey)
	if app == "" {
		app = appName(cfg.AppKey)
	}
	if cfg.AppKeyFunc != nil {
		key = rest.ChangingSecret(cfg.AppKeyFunc, plain)
	}
	transport, err := rest.New(rest.Config{
		Vendor: vendor, App: app, Host: cfg.Host, Fallbacks: cfg.Fallbacks, AllowHTTP: cfg.AllowHTTP, Policy: cfg.Policy,
	})
	if err != nil {
		return nil, err
	}
	c := &Client{rest: transport, app: app, appKey: key, contentType: []string{"application/json"}}
	c.recallQuotas = []recall.Quota{c.quota(apiRecall)}
	return c, nil
}

func (cfg Config) check() error {
	switch {
	case cfg.AppKey != "" && cfg.AppKeyFunc != nil:
		return rest.BadConfig(vendor, "AppKeyFunc", "is given beside AppKey; give one")
	case cfg.AppKeyFunc != nil && cfg.Name == "":
		return rest.BadConfig(vendor, "Name", "is required beside AppKeyFunc")
	case cfg.AppKeyFunc != nil:
		return nil
	case cfg.AppKey == "":
		return rest.BadConfig(vendor, "AppKey", "is required")
	case !plain(cfg.AppKey):
		return rest.BadConfig(vendor, "AppKey", "has characters that no key has")
	}
	return nil
}

// plain tells whether JSON writes a key as it is. Masking looks for the key,
// and would miss an escaped one in what a server echoes.
func plain(key string) bool { return rest.HeaderValue(key) && !strings.ContainsAny(key, `"\<>&`) }

// appName names the application in receipts and errors without its key.
func appName(appKey string) string {
	sum := sha256.Sum256([]byte(appKey))
	return hex.EncodeToString(sum[:4])
}

// Close lets go of idle connections. Calls that are running finish.
func (c *Client) Close() { c.rest.Close() }

// String describes the configuration without its secret.
func (cfg Config) String() string {
	return rest.Describe("goeasy.Config", "Host", rest.HostOf(cfg.Host), "AppKey", rest.Hidden(cfg.AppKey),
		"AppKeyFunc", rest.FuncOf(cfg.AppKeyFunc != nil), "Name", cfg.Name)
}

// Format prints String, whatever the verb.
func (cfg Config) Format(f fmt.State, _ rune) { io.WriteString(f, cfg.String()) }

// MarshalJSON writes String.
func (cfg Config) MarshalJSON() ([]byte, error) { return json.Marshal(cfg.String()) }

// LogValue logs String.
func (cfg Config) LogValue() slog.Value { return slog.StringValue(cfg.String()) }

// String describes the client without its secret.
func (c *Client) String() string {
	return rest.Describe("goeasy.Client", "App", c.app, "Base", c.rest.Base())
}

// Format prints String, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }
