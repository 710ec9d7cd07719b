// Package netease recalls messages through NetEase Yunxin IM (网易云信, abroad
// CommsEase).
//
// [Client] has the vendor's own API in the vendor's own terms
// ([Client.Recall]), and on top of it the vendor-neutral [recall.Provider]
// ([Client.RecallMessage]).
//
// NetEase answers 200 for messages that do not exist too, so a success is
// [recall.Accepted] and no proof. The vendor's message copy (抄送) of the
// recall is.
package netease

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

const vendor = "netease"

// Base URLs of the server API. An application lives in one region; the other
// one refuses it (recall.ErrMisconfigured).
//
// https://doc.yunxin.163.com/messaging/server-apis/zE1NjUyNDg?platform=server
const (
	HostChina       = "https://api.yunxinapi.com/nimserver"
	HostChinaBackup = "https://api-cn-bak.yunxinapi.com/nimserver"
	HostChinaLegacy = "https://api.netease.im/nimserver" // in the older documents

	HostSingapore       = "https://api-sg.yunxinapi.com/nimserver"
	HostSingaporeBackup = "https://api-sg-bak.yunxinapi.com/nimserver"
)

// Config says which application to work for and how. Printing it in any way
// hides its secret.
type Config struct {
	// Host is the base URL: one of the constants or, for a private deployment,
	// whatever its paths such as /msg/recall.action follow.
	Host string

	// Fallbacks are further hosts of the same region, as base URLs, tried in order when
	// the one before can't be reached or answers 502. The one that works is
	// used for a minute; then Host has its turn again.
	Fallbacks []string

	// AppKey names the application. It is no secret.
	AppKey string

	// AppSecret signs the requests.
	AppSecret string

	// AppSecretFunc returns the current secret, instead of AppSecret: for
	// secrets that rotate. It is asked for each attempt, so it should cache,
	// and once more if the vendor refuses the signature. An error counts as
	// recall.ErrUnavailable unless it is a *recall.Error.
	AppSecretFunc func(ctx context.Context) (string, error)

	// AllowHTTP permits plain http to a host that is not loopback. The secret
	// is not sent, but requests and answers can then be read and changed.
	AllowHTTP bool

	// Policy is how to treat the network. The zero value is fit for
	// production.
	Policy recall.Policy
}

// Client works for one application. It is safe for concurrent use, and meant
// to be made once and kept.
type Client struct {
	rest   *rest.Client
	appKey string
	secret rest.Secret
}

var (
	_ recall.Provider  = (*Client)(nil)
	_ recall.Validator = (*Client)(nil)
	_ recall.Capable   = (*Client)(nil)
)

// New checks cfg and returns a client for it. It sends nothing. Its errors are
// recall.ErrMisconfigured and name the field of Config.
func New(cfg Config) (*Client, error) {
	switch {
	case cfg.AppKey == "":
		return nil, rest.BadConfig(vendor, "AppKey", "is required")
	case !rest.HeaderValue(cfg.AppKey):
		return nil, rest.BadConfig(vendor, "AppKey", "has characters that no key has")
	case cfg.AppSecret == "" && cfg.AppSecretFunc == nil:
		return nil, rest.BadConfig(vendor, "AppSecret", "is required")
	case !rest.Trimmed(cfg.AppSecret):
		return nil, rest.BadConfig(vendor, "AppSecret", "begins or ends with white space")
	case cfg.AppSecret != "" && cfg.AppSecretFunc != nil:
		return nil, rest.BadConfig(vendor, "AppSecretFunc", "is given beside AppSecret; give one")
	}
	transport, err := rest.New(rest.Config{
		Vendor: vendor, App: cfg.AppKey, Host: cfg.Host, Fallbacks: cfg.Fallbacks, AllowHTTP: cfg.AllowHTTP, Policy: cfg.Policy,
	})
	if err != nil {
		return nil, err
	}
	secret := rest.FixedSecret(cfg.AppSecret)
	if cfg.AppSecretFunc != nil {
		secret = rest.ChangingSecret(cfg.AppSecretFunc, rest.Trimmed)
	}
	return &Client{rest: transport, appKey: cfg.AppKey, secret: secret}, nil
}

// Close lets go of idle connections. Calls that are running finish.
func (c *Client) Close() { c.rest.Close() }

// do carries out a call of the form-encoded API (v1).
func (c *Client) do(ctx context.Context, op, messageID, path string, form url.Values) (recall.Receipt, error) {
	secret := c.secret.Use()
	return c.rest.Do(ctx, rest.Call{
		Op:          op,
		MessageID:   messageID,
		Messages:    1,
		TraceHeader: "RequestId",
		Quotas:      []recall.Quota{c.quota(path)},
		Build: func(ctx context.Context) (*rest.Request, error) {
			value, err := secret.Value(ctx)
			if err != nil {
				return nil, err
			}
			return c.postForm(path, form, value, time.Now()), nil
		},
		Decode: decodeV1,
		Renew: func(refusal *recall.Error) bool {
			return refusal.Kind == recall.ErrUnauthorized && secret.Changed(ctx)
		},
	})
}

// quota is the documented limit of one API for the application: 100 calls a
// second, above which the vendor blocks it for 10 s.
//
// https://doc.yunxin.163.com/messaging/server-apis/zE1NjUyNDg?platform=server
func (c *Client) quota(path string) recall.Quota {
	return recall.Quota{Key: vendor + "/" + c.appKey + path, Calls: 100, Per: time.Second}
}

// postForm makes a signed request.
func (c *Client) postForm(path string, form url.Values, secret string, now time.Time) *rest.Request {
	header, checkSum := c.credentials(secret, now)
	header["Content-Type"] = []string{"application/x-www-form-urlencoded;charset=utf-8"}
	return &rest.Request{
		Method: http.MethodPost, Path: path, Header: header, Body: []byte(form.Encode()), Secrets: []string{checkSum},
	}
}

// String describes the configuration without its secret.
func (cfg Config) String() string {
	return rest.Describe("netease.Config",
		"Host", rest.HostOf(cfg.Host), "AppKey", cfg.AppKey, "AppSecret", rest.Hidden(cfg.AppSecret),
		"AppSecretFunc", rest.FuncOf(cfg.AppSecretFunc != nil))
}

// Format prints String, whatever the verb.
func (cfg Config) Format(f fmt.State, _ rune) { io.WriteString(f, cfg.String()) }

// MarshalJSON writes String.
func (cfg Config) MarshalJSON() ([]byte, error) { return json.Marshal(cfg.String()) }

// LogValue logs String.
func (cfg Config) LogValue() slog.Value { return slog.StringValue(cfg.String()) }

// String describes the client without its secret.
func (c *Client) String() string {
	return rest.Describe("netease.Client", "AppKey", c.appKey, "Base", c.rest.Base())
}

// Format prints String, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }
