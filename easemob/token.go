package easemob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// Token is an app token. Printing it in any way hides its value.
type Token struct {
	Value   string
	Expires time.Time // zero where it is not known
}

// TokenSource provides app tokens.
type TokenSource interface {
	// Token returns a token to send. It is asked for each attempt of each
	// call, by many goroutines at once, so it should cache. stale is empty, or
	// a token that the vendor has just refused: a source that still holds this
	// one gets another; a source that holds another already returns that one.
	// An error that is a *recall.Error keeps its kind; any other counts as
	// recall.ErrUnavailable. Nothing is sent then.
	Token(ctx context.Context, stale string) (Token, error)
}

// String hides the token.
func (t Token) String() string {
	expires := ""
	if !t.Expires.IsZero() {
		expires = t.Expires.Format(time.RFC3339)
	}
	return rest.Describe("easemob.Token", "Value", rest.Hidden(t.Value), "Expires", expires)
}

// Format prints String, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// MarshalJSON writes String.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// fixedToken is the source for Config.Token.
type fixedToken string

func (t fixedToken) Token(context.Context, string) (Token, error) {
	return Token{Value: string(t)}, nil
}

const opToken = "token"

// tokenRequest is the body that asks for an app token.
type tokenRequest struct {
	GrantType    string `json:"grant_type"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// tokenAnswer is the answer to it.
type tokenAnswer struct {
	AccessToken string    `json:"access_token"`
	ExpiresIn   rest.Text `json:"expires_in"` // seconds, as a number or a string
	errorBody
}

// tokenFetcher returns a function that gets a new token from the vendor.
//
// POST /{org}/{app}/token, 300 calls a second for each App Key:
// https://doc.easemob.com/product/easemob_app_token.html
func (c *Client) tokenFetcher(id string, secret rest.Secret) func(context.Context) (Token, error) {
	return func(ctx context.Context) (Token, error) {
		var token Token
		current := secret.Use()
		_, err := c.rest.Do(ctx, rest.Call{
			Op:           opToken,
			FetchesToken: true,
			Build: func(ctx context.Context) (*rest.Request, error) {
				value, err := current.Value(ctx)
				if err != nil {
					return nil, err
				}
				req, err := c.postJSON(c.root+"/token", tokenRequest{
					GrantType: "client_credentials", ClientID: id, ClientSecret: value,
				})
				if err == nil {
					req.Secrets = []string{value}
				}
				return req, err
			},
			Renew: current.Renewal(ctx),
			Decode: func(a rest.Answer) (verdict rest.Verdict, err error) {
				token, err = decodeToken(a)
				return verdict, err
			},
		})
		return token, err
	}
}

func decodeToken(a rest.Answer) (Token, error) {
	var body tokenAnswer
	if err := json.Unmarshal(a.Body, &body); err != nil {
		return Token{}, noToken(a, "the answer is not JSON of the documented form")
	}
	switch {
	case body.Code != "" || body.Description != "":
		return Token{}, rest.AboutConfig(classify(a, body.errorBody))
	case a.Status != 200:
		return Token{}, noToken(a, "the answer does not explain itself")
	case !rest.HeaderValue(body.AccessToken):
		return Token{}, noToken(a, "the answer has no usable access_token")
	}
	return Token{Value: body.AccessToken, Expires: expiry(a.At, string(body.ExpiresIn))}, nil
}

// noToken is rest.Unreadable for answers to a token request. Where the status
// is a success the answer may hold a token all the same, and is not repeated.
func noToken(a rest.Answer, why string) *recall.Error {
	if a.Status >= 200 && a.Status <= 299 {
		why += "; as it may hold a token, its " + strconv.Itoa(len(a.Body)) + " bytes are not shown"
		return &recall.Error{Kind: recall.ErrBadResponse, Err: errors.New(why)}
	}
	return rest.AboutConfig(rest.Unreadable(a, why))
}

// longestLife bounds what is believed of expires_in: the vendor's ancestor
// reports 292 million years for a token that does not expire, which would
// overflow a Duration.
const longestLife = 10 * 365 * 24 * time.Hour

// expiry reads expires_in. Zero, a negative number or nonsense means that it
// is not known: the token is used until the vendor refuses it.
func expiry(now time.Time, expiresIn string) time.Time {
	seconds, err := strconv.ParseFloat(expiresIn, 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil // infinite
	}
	if err != nil || math.IsNaN(seconds) || seconds <= 0 {
		return time.Time{}
	}
	if seconds >= longestLife.Seconds() {
		return now.Add(longestLife)
	}
	return now.Add(time.Duration(seconds * float64(time.Second)))
}

// tokenCache keeps one token for all calls. It fetches a new one when half of
// the old one's life is over, while the old one still serves; a call waits
// only where there is no token that could serve. However many ask, one
// request is under way.
type tokenCache struct {
	fetch func(context.Context) (Token, error)

	mu       sync.Mutex
	token    Token
	fetched  time.Time // when token came
	flight   *flight   // the request under way, or nil
	closed   bool
	failure  error     // of the last request, nil after a success
	failures int       // requests that failed in a row
	refusals int       // tokens refused in a row when they were new
	resume   time.Time // no request before this
}

// flight is one request for a token and those who wait for it.
type flight struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when token and err are set
	token  Token
	err    error
}

func newTokenCache(fetch func(context.Context) (Token, error)) *tokenCache {
	return &tokenCache{fetch: fetch}
}

// Token implements TokenSource.
func (c *tokenCache) Token(ctx context.Context, stale string) (Token, error) {
	token, wait, err := c.lookUp(ctx, stale)
	if wait == nil {
		return token, err
	}
	select {
	case <-wait.done:
		return wait.token, wait.err
	case <-ctx.Done():
		return Token{}, ctx.Err()
	}
}

// lookUp returns the token to use or, where there is none, the flight that
// will bring it.
func (c *tokenCache) lookUp(ctx context.Context, stale string) (Token, *flight, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.token.Value == "" || c.token.Value == stale || c.expired(now) {
		return c.replace(ctx, stale, now)
	}
	if c.halfOver(now) && c.flight == nil && !c.closed && !now.Before(c.resume) {
		c.take(ctx)
	}
	return c.token, nil, nil
}

// replace is lookUp where the token at hand won't do.
func (c *tokenCache) replace(ctx context.Context, stale string, now time.Time) (Token, *flight, error) {
	if c.closed {
		return Token{}, nil, errClosed()
	}
	if c.flight != nil {
		return Token{}, c.flight, nil
	}
	if now.Before(c.resume) {
		if c.failure != nil {
			return Token{}, nil, c.failure
		}
		return c.token, nil, nil // refused, but newer ones were too: let the vendor say why
	}
	c.refusals++
	if stale == "" || now.Sub(c.fetched) >= suspiciouslyNew {
		c.refusals = 0
	}
	c.resume = now.Add(pause(c.refusals))
	return Token{}, c.take(rest.Awaited(ctx)), nil
}

// expired tells whether the token can't be relied on for a call that starts
// now.
func (c *tokenCache) expired(now time.Time) bool {
	if c.token.Expires.IsZero() {
		return false
	}
	margin := min(10*time.Second, c.life()/10)
	return !now.Before(c.token.Expires.Add(-margin))
}

func (c *tokenCache) halfOver(now time.Time) bool {
	return !c.token.Expires.IsZero() && now.After(c.fetched.Add(c.life()/2))
}

func (c *tokenCache) life() time.Duration { return c.token.Expires.Sub(c.fetched) }

// longestFlight bounds a request for a token, with all its attempts.
const longestFlight = 30 * time.Second

// take starts a request. It outlives the call that caused it, because others
// wait for it too.
func (c *tokenCache) take(ctx context.Context) *flight {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestFlight)
	f := &flight{cancel: cancel, done: make(chan struct{})}
	c.flight = f
	go func() {
		defer cancel()
		defer close(f.done)
		defer c.land(f)
		f.err = errors.New("the token request ended without a result") // kept where fetch does not return
		f.token, f.err = c.guarded(ctx)
	}()
	return f
}

// guarded is fetch on a goroutine of ours, where a panic in the caller's code
// would end the process. What it panics with may be a secret.
func (c *tokenCache) guarded(ctx context.Context) (token Token, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the function that knows the secret panicked")
		}
	}()
	return c.fetch(ctx)
}

func (c *tokenCache) land(f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		f.err = errClosed()
	case errors.Is(f.err, recall.ErrCanceled): // not by a caller: none of theirs ends the flight
		f.err = tokenError("no token came within " + longestFlight.String())
	}
	c.flight, c.failure = nil, f.err
	now := time.Now()
	if f.err != nil {
		c.failures++
		c.resume = now.Add(pause(c.failures))
		return
	}
	c.failures, c.token, c.fetched = 0, f.token, now
}

// suspiciouslyNew is the age below which a refused token says that the next
// one will be refused as well.
const suspiciouslyNew = time.Minute

// pause spaces out token requests that lead nowhere: the vendor bans
// applications that ask too often. Three in a row cost nothing, then 1, 2, 4
// and at most 32 seconds.
func pause(inVain int) time.Duration {
	if inVain <= 3 {
		return 0
	}
	return time.Second << min(inVain-4, 5)
}

// errClosed is what those get who need a token of a client that was closed:
// their own ctx has not ended.
func errClosed() error { return tokenError("the client was closed") }

func tokenError(text string) error {
	return &recall.Error{Kind: recall.ErrUnavailable, Op: opToken, Err: errors.New(text)}
}

// close ends the request under way. There will be no other.
func (c *tokenCache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.flight != nil {
		c.flight.cancel()
	}
}
