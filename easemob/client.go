// Package easemob recalls messages through Easemob IM (环信即时通讯, also
// sold as EasyIM).
//
// [Client] has the vendor's own API in the vendor's own terms, and on top of it
// the vendor-neutral [recall.Provider] and [recall.Batcher]:
//
//   - for everyone: [Client.Recall], [Client.RecallBatch], [Client.RecallLegacy];
//   - for one user: [Client.DeleteConversation], [Client.DeleteRoamingChat],
//     [Client.DeleteRoamingGroup], [Client.DeleteRoamingAll],
//     [Client.DeleteRoamingChatUntil], [Client.DeleteRoamingGroupUntil];
//   - for nobody: [Client.Ping], which tells whether the configuration is right.
//
// Agora Chat and Shengwang IM are the same server under other names: see
// [Dialect].
//
// Easemob refuses messages that it does not know, so a plain recall that
// succeeds is proof ([recall.Recalled]). With force it says yes to anything
// ([recall.Accepted]); the vendor's callback after the recall is proof then,
// which [Callbacks] reads.
package easemob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

const vendor = "easemob"

// REST hosts of the documented data centres. The console shows which one an
// application lives in; another one answers that it does not know the
// application (recall.ErrMisconfigured). A host of a VIP cluster or of a
// private deployment is written out in Config.Host.
//
// https://doc.easemob.com/product/data_center.html
const (
	HostChina1     = "a1.easemob.com"
	HostChina2     = "a31.easemob.com"
	HostSingapore1 = "a1-sgp.easemob.com"
	HostSingapore2 = "a61.easemob.com"
	HostUSEast1    = "a41.easemob.com"
	HostGermany2   = "a71.easemob.com"

	// The same data centres under the vendor's other domain.
	HostChina1CDN     = "a1.easecdn.com"
	HostChina2CDN     = "a31.easecdn.com"
	HostSingapore1CDN = "a1-sgp.easecdn.com"
	HostSingapore2CDN = "a61.easecdn.com"
	HostUSEast1CDN    = "a41.easecdn.com"
	HostGermany2CDN   = "a71.easecdn.com"

	// The data centres of Agora Chat, which speak https only.
	HostAgoraVirginia  = "a41.chat.agora.io"
	HostAgoraSingapore = "a61.chat.agora.io"
	HostAgoraFrankfurt = "a71.chat.agora.io"
)

// Config says which application to work for and how. Printing it hides its
// secrets, with one exception: fmt does not call the methods of a value in an
// unexported field, so keep no Config in such a field of a struct that is
// printed.
type Config struct {
	// Host is the REST host: one of the constants, another host name, or a
	// base URL such as "http://127.0.0.1:8080". Without a scheme it is https.
	// Required.
	Host string

	// Fallbacks are further hosts of the same data centre, tried in order when
	// the one before can't be reached, answers 502, or is silent for all of
	// Policy.Timeout. The one that works is used for a minute; then Host has
	// its turn again.
	Fallbacks []string

	// Dialect is the name under which the server is sold. The zero value is
	// Easemob itself.
	Dialect Dialect

	// Org and App are the two halves of the App Key, org#app. Required, but at
	// Shengwang, which has AppID instead.
	Org, App string

	// AppID is the application at Agora, whose tokens it is in, and at
	// Shengwang, whose paths it is in too.
	AppID string

	// ClientID and ClientSecret are the application's credentials, with which
	// the client fetches app tokens and renews them in time. Required, unless
	// there is one of the fields below that stand for them.
	ClientID, ClientSecret string

	// ClientSecretFunc returns the current secret, instead of ClientSecret: for
	// secrets that rotate. It is asked whenever a token is fetched, and once
	// more if the vendor refuses the secret. Where it returns an error or no
	// secret, it is asked again for a tenth of a second: a file that is being
	// written is empty for a moment. After that an error counts as
	// recall.ErrUnavailable unless it is a *recall.Error.
	ClientSecretFunc func(ctx context.Context) (string, error)

	// AppCertificate is what the app tokens of Agora Chat and of Shengwang are
	// signed with, for the AppID. Both have 32 hexadecimal digits. The client
	// makes the tokens by itself and renews them in time; the certificate is
	// never sent.
	AppCertificate string

	// AppCertificateFunc returns the current certificate, instead of
	// AppCertificate. It is asked whenever a token is made.
	AppCertificateFunc func(ctx context.Context) (string, error)

	// Token is a ready app token, instead of these credentials. It is
	// used until the vendor refuses it, and can't be renewed.
	Token string

	// TokenSource provides app tokens, instead of all of these: for tokens that
	// another service hands out. Without one each client fetches tokens of its
	// own. No page says that a new token ends the ones before; at a server where
	// it does, the replicas of an application need one source that they share.
	TokenSource TokenSource

	// AllowHTTP permits plain http to a host that is not loopback, where
	// everyone on the way can read the token. Agora Chat does not have it.
	AllowHTTP bool

	// Policy is how to treat the network. The zero value is fit for
	// production.
	Policy recall.Policy
}

// Client works for one application. It is safe for concurrent use, and meant
// to be made once and kept.
type Client struct {
	rest    *rest.Client
	dialect Dialect
	appKey  string // or the app id, where there is no App Key
	root    string // the path of the application: /org/app
	fixed   bool   // the token can't be renewed

	// What requests have in common, made once. Calls share it and change nothing.
	recallPath   string
	recallQuotas []recall.Quota
	contentType  []string

	// What leads to a secret is kept in functions, into which no way of
	// printing can look: not even of a copy of the Client, or of a struct with
	// a Client in an unexported field, where fmt does not ask for Format.
	token     func(ctx context.Context, stale string) (Token, error)
	endTokens func() // ends a token request that is under way; nil where tokens come from outside
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
	appKey, root := cfg.application()
	transport, err := rest.New(rest.Config{
		Vendor: vendor, App: appKey, Host: cfg.Host, Fallbacks: cfg.Fallbacks, AllowHTTP: cfg.AllowHTTP, Policy: cfg.Policy,
	})
	if err != nil {
		return nil, err
	}
	c := &Client{rest: transport, dialect: cfg.Dialect, appKey: appKey, root: root, contentType: []string{"application/json"}}
	c.recallPath = root + "/" + apiRecall
	c.recallQuotas = []recall.Quota{c.quota(apiRecall)}
	switch {
	case cfg.TokenSource != nil:
		c.token = cfg.TokenSource.Token
	case cfg.Token != "":
		c.token, c.fixed = fixedToken(cfg.Token).Token, true
	case cfg.signsTokens():
		c.cacheTokens(agoraTokens(cfg.AppID, secretOf(cfg.AppCertificate, cfg.AppCertificateFunc)))
	default:
		c.cacheTokens(c.tokenFetcher(cfg.ClientID, secretOf(cfg.ClientSecret, cfg.ClientSecretFunc)))
	}
	return c, nil
}

// cacheTokens makes the client use the tokens that fetch brings.
func (c *Client) cacheTokens(fetch func(context.Context) (Token, error)) {
	cache := newTokenCache(fetch)
	c.token, c.endTokens = cache.Token, cache.close
}

// secretOf returns what knows a secret: the function, where there is one.
func secretOf(value string, changing func(context.Context) (string, error)) rest.Secret {
	if changing != nil {
		return rest.ChangingSecret(changing, rest.Trimmed)
	}
	return rest.FixedSecret(value)
}

// Close lets go of idle connections and ends a token request that is under
// way, and with it the calls that wait for the token. Other calls that are
// running finish.
func (c *Client) Close() {
	if c.endTokens != nil {
		c.endTokens()
	}
	c.rest.Close()
}

// do carries out a call with an app token.
func (c *Client) do(ctx context.Context, call rest.Call) (recall.Receipt, error) {
	return c.rest.Do(ctx, c.authorized(call))
}

// doEach is do for a call about several messages.
func (c *Client) doEach(ctx context.Context, call rest.Call, decode func(rest.Answer) ([]rest.Fate, error)) ([]recall.Result, error) {
	return c.rest.DoEach(ctx, c.authorized(call), decode)
}

// authorized returns the call with an app token, and with a newer one once more
// where the vendor refuses the first. It is for one use.
func (c *Client) authorized(call rest.Call) rest.Call {
	a := &authorization{client: c, build: call.Build}
	call.Build = a.request
	if !c.fixed {
		call.Renew = a.renew
	}
	return call
}

// authorization puts app tokens on the requests of one call.
type authorization struct {
	client        *Client
	build         func(context.Context) (*rest.Request, error)
	used, refused string // tokens: of the last attempt, and one that the vendor refused
}

func (a *authorization) request(ctx context.Context) (*rest.Request, error) {
	token, err := a.client.token(ctx, a.refused)
	if err != nil {
		return nil, err
	}
	if !rest.HeaderValue(token.Value) {
		return nil, &recall.Error{Kind: recall.ErrUnauthorized, Op: opToken, Err: errors.New("the token source gave no usable token")}
	}
	req, err := a.build(ctx)
	if err != nil {
		return nil, err
	}
	a.used = token.Value
	values := []string{"Bearer " + a.used, a.used, a.refused}
	req.Header["Authorization"], req.Secrets = values[:1:1], append(values[1:], req.Secrets...)
	return req, nil
}

func (a *authorization) renew(err *recall.Error) bool {
	if a.used == "" || err.Status != http.StatusUnauthorized {
		return false // not about the token that was sent
	}
	a.refused = a.used
	return true
}

// postJSON makes the request that all of Easemob's POST calls with a body have
// in common.
func (c *Client) postJSON(path string, body any) (*rest.Request, error) {
	return c.withJSON(http.MethodPost, path, body)
}

func (c *Client) withJSON(method, path string, body any) (*rest.Request, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req := c.bare(method, path)
	req.Body = data
	return req, nil
}

// bare makes a request without a body, for a path that begins with c.root. The
// pages ask for the Content-Type all the same.
func (c *Client) bare(method, path string) *rest.Request {
	return &rest.Request{
		Method: method,
		Path:   path,
		Header: http.Header{"Content-Type": c.contentType},
	}
}

// String describes the configuration without its secrets.
func (cfg Config) String() string {
	return rest.Describe("easemob.Config",
		"Host", rest.HostOf(cfg.Host), "Dialect", string(cfg.Dialect), "Org", cfg.Org, "App", cfg.App, "AppID", cfg.AppID,
		"ClientID", cfg.ClientID, "ClientSecret", rest.Hidden(cfg.ClientSecret),
		"ClientSecretFunc", rest.FuncOf(cfg.ClientSecretFunc != nil),
		"AppCertificate", rest.Hidden(cfg.AppCertificate), "AppCertificateFunc", rest.FuncOf(cfg.AppCertificateFunc != nil),
		"Token", rest.Hidden(cfg.Token), "TokenSource", rest.TypeOf(cfg.TokenSource))
}

// Format prints String, whatever the verb.
func (cfg Config) Format(f fmt.State, _ rune) { io.WriteString(f, cfg.String()) }

// MarshalJSON writes String.
func (cfg Config) MarshalJSON() ([]byte, error) { return json.Marshal(cfg.String()) }

// LogValue logs String.
func (cfg Config) LogValue() slog.Value { return slog.StringValue(cfg.String()) }

// String describes the client without its secrets.
func (c *Client) String() string {
	return rest.Describe("easemob.Client", "App", c.appKey, "Base", c.rest.Base())
}

// Format prints String, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }
