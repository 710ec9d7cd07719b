// Package acmechat recalls messages through AcmeChat, a vendor that exists in
// this example only. It shows what a provider outside of this module looks
// like: docs/adding-a-vendor.md walks through it.
package acmechat

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/imrecall/imrecall/recall"
)

const vendor = "acmechat"

// Config says which application to work for. Timeout and Transport are optional.
type Config struct {
	BaseURL   string
	App       string
	Key       string            // the credential
	Timeout   time.Duration     // of one attempt; 0 stands for 5 seconds
	Transport http.RoundTripper // nil stands for recall.NewTransport
}

// Client works for one application. It is safe for concurrent use.
type Client struct {
	url, app  string
	timeout   time.Duration
	http      *http.Client
	authorize func(http.Header)   // knows the key, which no way of printing a Client can show
	mask      func(string) string // the same
}

var (
	_ recall.Provider  = (*Client)(nil)
	_ recall.Validator = (*Client)(nil)
	_ recall.Capable   = (*Client)(nil)
)

// New checks cfg and returns a client for it.
func New(cfg Config) (*Client, error) {
	for field, value := range map[string]string{"BaseURL": cfg.BaseURL, "App": cfg.App, "Key": cfg.Key} {
		if value == "" {
			return nil, &recall.Error{Kind: recall.ErrMisconfigured, Vendor: vendor, Field: field, Err: errors.New("is required")}
		}
	}
	if cfg.Transport == nil {
		cfg.Transport = recall.NewTransport()
	}
	return &Client{
		url: strings.TrimSuffix(cfg.BaseURL, "/") + "/v1/recalls", app: cfg.App, timeout: cmp.Or(cfg.Timeout, recall.DefaultTimeout),
		http: &http.Client{
			Transport:     cfg.Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the key stays here
		},
		authorize: func(h http.Header) { h.Set("Authorization", "Bearer "+cfg.Key) },
		mask:      func(s string) string { return strings.ReplaceAll(s, cfg.Key, "***") },
	}, nil
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Capabilities implements [recall.Capable].
func (c *Client) Capabilities() recall.Capabilities {
	return recall.Capabilities{
		Vendor:        vendor,
		Chats:         []recall.ChatType{recall.ChatDirect, recall.ChatGroup},
		Needs:         []string{"MessageID", "Chat", "To"},
		Success:       recall.Recalled, // AcmeChat refuses messages that it does not know
		ForcedSuccess: recall.Recalled,
	}
}

// ValidateRequest implements [recall.Validator].
func (c *Client) ValidateRequest(req recall.Request) error {
	var err *recall.Error
	switch {
	case req.MessageID == "":
		err = recall.Invalid("MessageID", "is required")
	case !req.Chat.Valid():
		err = recall.Invalid("Chat", "is none of the kinds of chat")
	case req.Chat != recall.ChatDirect && req.Chat != recall.ChatGroup:
		err = &recall.Error{Kind: recall.ErrUnsupported, Field: "Chat", Err: errors.New("is neither direct nor group, which is all that AcmeChat has")}
	case req.To == "":
		err = recall.Invalid("To", "is required")
	default:
		return nil
	}
	return c.known(err, 0)
}

// RecallMessage recalls one message, as [recall.Provider] says. AcmeChat has a
// window of 5 minutes, which Force does not reach past.
func (c *Client) RecallMessage(ctx context.Context, req recall.Request) (recall.Receipt, error) {
	if err := c.ValidateRequest(req); err != nil {
		return recall.Receipt{}, err
	}
	if err := ctx.Err(); err != nil {
		return recall.Receipt{}, c.known(&recall.Error{Kind: recall.ErrCanceled, Err: err}, 0)
	}
	body, _ := json.Marshal(wireRequest{req.MessageID, string(req.Chat), req.To}) // strings always marshal
	answer, err := c.post(ctx, body)
	if err != nil {
		return recall.Receipt{}, c.known(noAnswer(ctx, err), 0)
	}
	if failure := answer.failure(req.MessageID); failure != nil {
		failure.Message = c.mask(failure.Message)
		return recall.Receipt{}, c.known(failure, answer.status)
	}
	return recall.Receipt{
		Vendor: vendor, App: c.app, MessageID: req.MessageID, Outcome: recall.Recalled,
		Code: answer.Status, Attempts: 1, At: time.Now(),
	}, nil
}

type wireRequest struct {
	Message string `json:"message"`
	Chat    string `json:"chat"`
	To      string `json:"to"`
}

type wireAnswer struct {
	Status  string `json:"status"`
	Message string `json:"message"`
	Code    string `json:"code"`
	Text    string `json:"text"`

	status int
}

// post makes one attempt. An error means that no whole answer came.
func (c *Client) post(ctx context.Context, body []byte) (answer wireAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return answer, err
	}
	req.Header.Set("Content-Type", "application/json")
	c.authorize(req.Header)
	res, err := c.http.Do(req)
	if err != nil {
		return answer, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if json.Unmarshal(text, &answer) != nil {
		answer = wireAnswer{} // which says nothing, and so is a failure
	}
	answer.status = res.StatusCode
	return answer, err
}

// noAnswer tells the caller's own deadline from an attempt's.
func noAnswer(ctx context.Context, err error) *recall.Error {
	e := &recall.Error{Kind: recall.ErrUnavailable, Err: fmt.Errorf("no answer: %v", err)} //nolint:errorlint // an attempt's deadline is not the caller's
	if over := ctx.Err(); over != nil {
		e.Kind, e.Err = recall.ErrCanceled, over
	}
	var network *net.OpError
	e.MayHaveApplied = !errors.As(err, &network) || network.Op != "dial"
	return e
}

// failure returns what an answer means other than a success.
func (a wireAnswer) failure(messageID string) *recall.Error {
	kind, documented := map[string]recall.Kind{
		"bad_key": recall.ErrUnauthorized, "unknown_message": recall.ErrNotFound, "too_old": recall.ErrWindowExpired,
		"slow_down": recall.ErrRateLimited, "bad_request": recall.ErrInvalidRequest,
	}[a.Code]
	switch {
	case a.status == http.StatusOK && a.Status == "recalled" && a.Message == messageID:
		return nil
	case !documented && a.status >= http.StatusInternalServerError: // a gateway's page, for example
		return &recall.Error{Kind: recall.ErrUnavailable, MayHaveApplied: true, Err: errors.New("the server failed")}
	case !documented: // never a success, and nobody knows what the server did
		return &recall.Error{Kind: recall.ErrBadResponse, MayHaveApplied: true, Err: errors.New("the answer can't be read")}
	}
	return &recall.Error{Kind: kind, Code: a.Code, Message: a.Text}
}

// known adds what every error of this client says.
func (c *Client) known(e *recall.Error, status int) error {
	e.Vendor, e.App, e.Op, e.Status = vendor, c.app, "recall", status
	if e.MayHaveApplied || status != 0 {
		e.Attempts = 1
	}
	return e
}
