package goeasy

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// Ping asks whether the host and the key are right. It changes nothing and
// touches no message: it asks for the history of the group "imrecall-ping",
// which need not exist, up to the first millisecond of 1970, in which nobody
// sent anything. The vendor opened that query to every application in 2021; its
// query of who is online has to be switched on in the console.
//
// Nil means that the vendor carried out the query with this key. It does not
// show that the key may recall, of which no page tells more than that recall
// and history take the same keys.
//
// An error is a *recall.Error: among others [recall.ErrUnauthorized] (the
// vendor refuses the key), [recall.ErrMisconfigured] (the host has no such
// path) and [recall.ErrUnavailable].
//
// It is the one call here that has the key in the URL, as the page demands:
// errors, spans and logs of this module don't show it, but whoever writes the
// log of a server or a proxy that ends the https may.
//
// GET /v2/im/history:
// https://www.goeasy.io/cn/docs/goeasy-2.x/im/rest-api/history.html
func (c *Client) Ping(ctx context.Context) error {
	secret := c.appKey.Use()
	_, err := c.rest.Do(ctx, rest.Call{
		Op:     rest.OpPing,
		Reads:  true,
		Quotas: []recall.Quota{c.quota(apiHistory)},
		Build: func(ctx context.Context) (*rest.Request, error) {
			key, err := secret.Value(ctx)
			if err != nil {
				return nil, err
			}
			return pingRequest(key), nil
		},
		Decode: decodePing,
		Renew:  secret.Renewal(ctx),
	})
	return rest.Pinged(err)
}

const (
	apiHistory = "v2/im/history"
	pingGroup  = "imrecall-ping"
)

func pingRequest(key string) *rest.Request {
	query := url.Values{"appkey": {key}, "groupId": {pingGroup}, "limit": {"1"}, "lasttimestamp": {"1"}}
	return &rest.Request{
		Method:  http.MethodGet,
		Path:    "/" + apiHistory + "?" + query.Encode(),
		Header:  http.Header{},
		Secrets: []string{key, url.QueryEscape(key)},
	}
}

// decodePing reads the answer like any other, without a claim about a message.
func decodePing(a rest.Answer) (rest.Verdict, error) {
	verdict, err := decode(a)
	verdict.Outcome = ""
	var e *recall.Error
	if errors.As(err, &e) {
		return rest.Verdict{}, rest.AboutConfig(e)
	}
	return verdict, err
}
