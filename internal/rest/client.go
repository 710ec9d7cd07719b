// Package rest is the one place where HTTP happens: every operation of every
// vendor goes through [Client.Do]. It owns what all vendors have in common
// (connections, time, size, secrets in errors, and what may have been
// applied), so that a vendor's file holds the vendor's meaning only.
package rest

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/imrecall/imrecall/recall"
)

// Config is what a vendor's New knows about its server.
type Config struct {
	Vendor    string   // as in recall.Receipt
	App       string   // as in recall.Receipt: never a secret
	Host      string   // a host name, or a base URL with a path
	Fallbacks []string // further hosts, tried in order where the one before can't be reached
	AllowHTTP bool     // permits plain http to a host that is not loopback
	Policy    recall.Policy
}

// Client sends the calls of one application at one vendor. It is safe for
// concurrent use.
type Client struct {
	vendor, app string
	hosts       *hosts
	timeout     time.Duration
	retry       recall.Retry
	rate        float64
	limiter     recall.Limiter
	observer    recall.Observer // nil for none
	gears       *gearPool
	values      constants
	own         *http.Transport // nil where the caller gave a transport
	blind       bool            // the transport may not tell what it wrote
}

// New checks cfg and returns a client for it. Its errors are
// recall.ErrMisconfigured and name the field of the vendor's Config.
func New(cfg Config) (*Client, error) {
	hosts, err := hostsOf(cfg)
	if err != nil {
		return nil, err
	}
	if err := checkPolicy(cfg.Vendor, cfg.Policy); err != nil {
		return nil, err
	}
	c := &Client{
		vendor: cfg.Vendor, app: cfg.App, hosts: hosts, timeout: cfg.Policy.Timeout,
		retry: defaults(cfg.Policy.Retry), rate: cfg.Policy.Rate,
		limiter: cfg.Policy.Limiter, observer: cfg.Policy.Observer,
	}
	if c.timeout == 0 {
		c.timeout = recall.DefaultTimeout
	}
	if c.limiter == nil {
		c.limiter = recall.NewLimiter()
	}
	transport := cfg.Policy.Transport
	if transport == nil {
		c.own = recall.NewTransport()
		c.own.DialContext = untraced(c.own.DialContext)
		c.own.MaxConnsPerHost = max(c.own.MaxConnsPerHost, int(min(c.rate, math.MaxInt32)))
		transport = c.own
	}
	c.blind = c.own == nil && !reliable(transport)
	c.values = newConstants()
	c.gears = newGearPool(newResty(transport), c.values, c.own == nil, c.blind)
	return c, nil
}

// newResty strips resty of what would harm here: redirects would carry
// credentials to another host, a cookie jar grows with every answer, and the
// logger writes to standard error.
func newResty(transport http.RoundTripper) *resty.Client {
	return resty.NewWithClient(&http.Client{
		Transport:     withHeader{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}).SetLogger(silence{}).SetDisableWarn(true)
}

type silence struct{}

func (silence) Errorf(string, ...any) {}
func (silence) Warnf(string, ...any)  {}
func (silence) Debugf(string, ...any) {}

// Base is the server's preferred address: scheme, host and path. It holds no
// secret.
func (c *Client) Base() string { return c.hosts.bases[0] }

// Close lets go of the connections that are idle, unless they belong to a
// transport that the caller gave.
func (c *Client) Close() {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
}

// Refused completes an error with which a request is refused before anything
// is sent.
func (c *Client) Refused(op string, err *recall.Error) error {
	e := *err
	e.Vendor, e.App, e.Op = c.vendor, c.app, op
	return &e
}

// BadConfig returns the error with which a vendor's New refuses a Config.
func BadConfig(vendor, field, rule string) *recall.Error {
	return &recall.Error{Kind: recall.ErrMisconfigured, Vendor: vendor, Op: "new", Field: field, Err: errors.New(rule)}
}

func hostsOf(cfg Config) (*hosts, error) {
	base, err := baseURL(cfg.Host, cfg.AllowHTTP)
	if err != nil {
		return nil, BadConfig(cfg.Vendor, "Host", err.Error())
	}
	bases := []string{base}
	for i, host := range cfg.Fallbacks {
		base, err := baseURL(host, cfg.AllowHTTP)
		if err != nil {
			return nil, BadConfig(cfg.Vendor, fmt.Sprintf("Fallbacks[%d]", i), err.Error())
		}
		bases = append(bases, base)
	}
	return newHosts(bases)
}

// baseURL turns a host name or base URL into a base URL without a slash at
// its end. Its errors don't repeat the input, which may hold a password.
func baseURL(host string, allowHTTP bool) (string, error) {
	if host == "" {
		return "", errors.New("is required")
	}
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	u, err := url.Parse(host)
	switch {
	case err != nil || u.Hostname() == "":
		return "", errors.New("is neither a host name nor a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("has a scheme other than https and http")
	case u.User != nil:
		return "", errors.New("holds a user name or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("holds a query or a fragment")
	case u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()):
		return "", errors.New("is plain http, on which credentials can be read; set AllowHTTP if that is meant")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
