// Package netease recalls messages through NetEase Yunxin IM (网易云信, abroad
// CommsEase).
//
// [Client] has the vendor's own API in the vendor's own terms, one method for
// each call ([Client.Recall], [Client.RecallV2] ...), and on top of it the
// vendor-neutral [recall.Provider] ([Client.RecallMessage]). [Client.Ping] tells
// whether the configuration is right.
//
// NetEase has two server APIs. The older one, v1, answers 200 for messages
// that do not exist too, so a success is [recall.Accepted] and no proof; the
// vendor's message copy (抄送) of the recall is, which [Callbacks] reads. The
// newer one, v2, answers 107404 for those, so its success is
// [recall.Recalled]. Config.API chooses which of them RecallMessage speaks;
// the native methods are always there.
package netease

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

const vendor = "netease"

// Base URLs of the v1 API. An application lives in one region; the other one
// refuses it (recall.ErrMisconfigured).
//
// https://doc.yunxin.163.com/messaging/server-apis/zE1NjUyNDg?platform=server
const (
	HostChina       = "https://api.yunxinapi.com/nimserver"
	HostChinaBackup = "https://api-cn-bak.yunxinapi.com/nimserver"
	HostChinaLegacy = "https://api.netease.im/nimserver" // in the older documents

	HostSingapore       = "https://api-sg.yunxinapi.com/nimserver"
	HostSingaporeBackup = "https://api-sg-bak.yunxinapi.com/nimserver"
)

// Base URLs of the v2 API, whose paths begin with /im/v2. The vendor's pages
// write them like this; its SDKs put the same paths behind the base URL of v1
// (https://api.yunxinapi.com/nimserver/im/v2/...), which nobody here could try.
// Where the one is answered as an unknown path (recall.ErrMisconfigured), try
// the other. No page lists the backups; a public client of the API does.
//
// https://doc.commsease.com/messaging2/server-apis/zcwODA3MTU
const (
	HostV2China           = "https://open.yunxinapi.com"
	HostV2ChinaBackup     = "https://open-bak.yunxinapi.com"
	HostV2Singapore       = "https://open-sg.yunxinapi.com"
	HostV2SingaporeBackup = "https://open-sg-bak.yunxinapi.com"
)

// API is one of the vendor's server APIs.
type API string

// The vendor's server APIs.
const (
	APIv1 API = "v1" // POST /msg/recall.action and the like
	APIv2 API = "v2" // DELETE /im/v2/conversations/...
)

// Config says which application to work for and how. Printing it hides its
// secret, with one exception: fmt does not call the methods of a value in an
// unexported field, so keep no Config in such a field of a struct that is
// printed.
type Config struct {
	// API is what RecallMessage speaks. Empty stands for APIv1. APIv2 proves
	// more (see Capabilities.Success) and reaches the senders of FormerMembers,
	// but has no chat rooms.
	API API

	// Host is the base URL of v1: one of the constants or, for a private
	// deployment, whatever its paths such as /msg/recall.action follow. With
	// APIv2 it is needed for the native methods of v1 only.
	Host string

	// Fallbacks are further hosts of the same region, as base URLs, tried in
	// order when the one before can't be reached, answers 502, or is silent for
	// all of Policy.Timeout. The one that works is used for a minute; then Host
	// has its turn again.
	Fallbacks []string

	// HostV2 is the base URL of v2: one of the constants or whatever its paths
	// such as /im/v2/conversations follow. With APIv1 it is needed for
	// RecallV2 only.
	HostV2 string

	// FallbacksV2 are to HostV2 what Fallbacks are to Host.
	FallbacksV2 []string

	// FormerMembers lets RecallMessage reach the team messages of senders who
	// are no longer members, because they left or were banned before anyone
	// recalled what they had sent: it sends check_team_member_valid=false.
	// Only v2 can do that; v1 refuses with recall.ErrForbidden. The parameter
	// is documented as whether membership is checked, and no page shows a
	// recall with it, so still recall first and ban after.
	FormerMembers bool

	// AppKey names the application. It is no secret. Required.
	AppKey string

	// AppSecret signs the requests. Required, unless there is an AppSecretFunc.
	AppSecret string

	// AppSecretFunc returns the current secret, instead of AppSecret: for
	// secrets that rotate. It is asked for each attempt, so it should cache,
	// and once more if the vendor refuses the signature. Where it returns an
	// error or no secret, it is asked again for a tenth of a second: a file that
	// is being written is empty for a moment. After that an error counts as
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
	v1, v2 *rest.Client // nil where Config has no host for it

	api           API
	formerMembers bool
	appKey        string
	secret        rest.Secret

	// What requests have in common, made once. Calls share it and change nothing.
	recallQuotas []recall.Quota
	contentType  []string
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
	case cfg.API != "" && cfg.API != APIv1 && cfg.API != APIv2:
		return nil, rest.BadConfig(vendor, "API", "is neither v1 nor v2")
	case cfg.FormerMembers && cfg.API != APIv2:
		return nil, rest.BadConfig(vendor, "FormerMembers", "needs APIv2; v1 can't reach those who left")
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
	c := &Client{
		api: cmp.Or(cfg.API, APIv1), formerMembers: cfg.FormerMembers,
		appKey: cfg.AppKey, secret: rest.FixedSecret(cfg.AppSecret),
		contentType: []string{"application/x-www-form-urlencoded;charset=utf-8"},
	}
	c.recallQuotas = []recall.Quota{c.quota(pathRecall)}
	if cfg.AppSecretFunc != nil {
		c.secret = rest.ChangingSecret(cfg.AppSecretFunc, rest.Trimmed)
	}
	if err := c.connect(cfg); err != nil {
		return nil, err
	}
	return c, nil
}

// connect makes a client for each API that cfg has a host for, or has to have
// one for.
func (c *Client) connect(cfg Config) error {
	if bare(cfg.Host) {
		return rest.BadConfig(vendor, "Host", "lacks the path /nimserver; see netease.HostChina")
	}
	conf := rest.Config{
		Vendor: vendor, App: cfg.AppKey, Host: cfg.Host, Fallbacks: cfg.Fallbacks, AllowHTTP: cfg.AllowHTTP, Policy: cfg.Policy,
	}
	var err error
	if c.api == APIv1 || cfg.Host != "" || len(cfg.Fallbacks) > 0 {
		if c.v1, err = rest.New(conf); err != nil {
			return err
		}
	}
	if c.api == APIv2 || cfg.HostV2 != "" || len(cfg.FallbacksV2) > 0 {
		conf.Host, conf.Fallbacks = cfg.HostV2, cfg.FallbacksV2
		if c.v2, err = rest.New(conf); err != nil {
			return inV2(err)
		}
	}
	return nil
}

// bare tells whether a host is one of the vendor's own for v1, without the path
// that all of its calls are below.
func bare(host string) bool {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "https://"), "/")
	return host == "api.netease.im" || strings.HasPrefix(host, "api") && strings.HasSuffix(host, ".yunxinapi.com")
}

// inV2 names the fields of Config that the second API's hosts come from.
func inV2(err error) error {
	var e *recall.Error
	if !errors.As(err, &e) {
		return err
	}
	for _, field := range []string{"Host", "Fallbacks"} {
		if rest, found := strings.CutPrefix(e.Field, field); found {
			e.Field = field + "V2" + rest
		}
	}
	return err
}

// Close lets go of idle connections. Calls that are running finish.
func (c *Client) Close() {
	for _, api := range []*rest.Client{c.v1, c.v2} {
		if api != nil {
			api.Close()
		}
	}
}

// String describes the configuration without its secret.
func (cfg Config) String() string {
	return rest.Describe("netease.Config",
		"API", string(cfg.API), "Host", rest.HostOf(cfg.Host), "HostV2", rest.HostOf(cfg.HostV2),
		"AppKey", cfg.AppKey, "AppSecret", rest.Hidden(cfg.AppSecret), "AppSecretFunc", rest.FuncOf(cfg.AppSecretFunc != nil))
}

// Format prints String, whatever the verb.
func (cfg Config) Format(f fmt.State, _ rune) { io.WriteString(f, cfg.String()) }

// MarshalJSON writes String.
func (cfg Config) MarshalJSON() ([]byte, error) { return json.Marshal(cfg.String()) }

// LogValue logs String.
func (cfg Config) LogValue() slog.Value { return slog.StringValue(cfg.String()) }

// String describes the client without its secret.
func (c *Client) String() string {
	return rest.Describe("netease.Client", "AppKey", c.appKey, "Base", baseOf(c.v1), "BaseV2", baseOf(c.v2))
}

func baseOf(api *rest.Client) string {
	if api == nil {
		return ""
	}
	return api.Base()
}

// Format prints String, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }
