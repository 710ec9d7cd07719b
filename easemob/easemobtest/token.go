package easemobtest

import (
	"crypto/rand"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"time"
)

// tokenPrefix is how the tokens of Easemob's own documents start.
const tokenPrefix = "YWMt"

// neverExpires is what upstream Apache Usergrid reports as the life, in seconds, of a token that does not
// expire. Easemob's page does not say what Easemob reports.
const neverExpires = 9223372036854775

type token struct {
	expires time.Time // zero: never
	revoked bool
}

type tokenRequest struct {
	GrantType    string `json:"grant_type"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	// TTL is in seconds. json.Number also takes a quoted number, as an older example of Easemob's has it.
	TTL json.Number `json:"ttl"`
}

type tokenResponse struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
	Application string `json:"application"`
}

// issueToken is POST /{org}/{app}/token, https://doc.easemob.com/product/easemob_app_token.html. Tokens
// issued earlier stay valid; the page does not say otherwise.
func (s *Server) issueToken(r *http.Request) (any, *failure) {
	req, fail := decode[tokenRequest](r)
	if fail != nil {
		return nil, fail
	}
	if fail := s.checkCredentials(req); fail != nil {
		return nil, fail
	}
	ttl, fail := s.ttl(req.TTL)
	if fail != nil {
		return nil, fail
	}
	return s.issue(ttl), nil
}

func (s *Server) checkCredentials(req tokenRequest) *failure {
	switch {
	case req.GrantType != "client_credentials":
		// The answer to another grant type is not documented; this text is in the table of common errors.
		return illegalArgument("this is an invalid request.")
	case req.ClientID == "":
		return illegalArgument("client_id must be provided.")
	case req.ClientSecret == "":
		return illegalArgument("client_secret must be provided")
	case req.ClientID != s.ClientID:
		return invalidGrant("client_id does not match")
	case req.ClientSecret != s.ClientSecret:
		return invalidGrant("client_secret does not match")
	}
	return nil
}

// ttl is the life to give to a token; 0 means forever.
func (s *Server) ttl(asked json.Number) (time.Duration, *failure) {
	if asked == "" {
		return s.TokenTTL, nil
	}
	seconds, err := asked.Int64()
	if err != nil || seconds < 0 || seconds > int64(math.MaxInt64/time.Second) {
		// Not documented: the text is borrowed from the table of common errors.
		return 0, illegalArgument("this is an invalid request.")
	}
	return time.Duration(seconds) * time.Second, nil
}

func (s *Server) issue(ttl time.Duration) tokenResponse {
	out := tokenResponse{AccessToken: tokenPrefix + rand.Text(), ExpiresIn: neverExpires, Application: applicationID}
	issued := new(token)
	if ttl > 0 {
		issued.expires = s.Now().Add(ttl)
		out.ExpiresIn = int64(ttl / time.Second)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[out.AccessToken] = issued
	return out
}

// TokensIssued counts the tokens that the token endpoint has given out.
func (s *Server) TokensIssued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tokens)
}

// RevokeTokens makes every token invalid that was issued so far, and every one made by a client that was seen so far.
// Easemob does not promise that a token lives as long as it says, and asks clients to get a new one when they see a 401.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, tokens := range []map[string]*token{s.tokens, s.signed} {
		for _, t := range tokens {
			t.revoked = true
		}
	}
}

// authorized lets a request through to e if it carries a good token.
func (s *Server) authorized(e endpoint) endpoint {
	return func(r *http.Request) (any, *failure) {
		if fail := s.checkToken(r.Header.Get("Authorization")); fail != nil {
			return nil, fail
		}
		return e(r)
	}
}

// checkToken: Easemob documents five texts under 401, but not always what causes which. The two about a
// missing or expired token and about a token of another server are as documented; the pairing of the others
// is a guess.
func (s *Server) checkToken(authorization string) *failure {
	value, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok || value == "" {
		return unauthorized("Unable to authenticate due to expired access token")
	}
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	t, fail := s.token(value)
	switch {
	case fail != nil:
		return fail
	case t.revoked:
		return unauthorized("Unable to authenticate (OAuth)")
	case !t.expires.IsZero() && !now.Before(t.expires):
		return unauthorized("Unable to authenticate due to expired access token")
	}
	return nil
}

// token finds the token with this value. The caller holds the mutex.
func (s *Server) token(value string) (*token, *failure) {
	foreign := badAccessToken("Unable to authenticate")
	switch {
	case strings.HasPrefix(value, tokenPrefix) && s.Dialect != Agora:
		if t, known := s.tokens[value]; known {
			return t, nil
		}
		return nil, foreign
	case strings.HasPrefix(value, signedPrefix) && s.Dialect != Easemob:
		if t, known := s.signed[value]; known {
			return t, nil
		}
		claims, genuine, err := readSigned(value, s.AppCertificate)
		if err != nil {
			break
		}
		if !genuine || claims.appID != s.AppID || !claims.mayCallREST {
			return nil, foreign
		}
		s.signed[value] = &token{expires: claims.expires}
		return s.signed[value], nil
	}
	return nil, badAccessToken("Unable to authenticate due to corrupt access token")
}
