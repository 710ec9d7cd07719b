package easemob

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// Ping asks whether the host, the application and the credentials are right.
// It changes nothing and touches no message: it lists the application's users,
// one at most, and does not look at what the list says.
//
// Nil means that the server took the client's token for one of this
// application. It gets a token as any other call does, so it fetches none where
// a good one is at hand, and is safe to call often. So for a client that has
// made no call yet, nil shows that ClientID and ClientSecret are right, or the
// AppCertificate; for one that has, it shows that its token still is, and not
// that the secret has stayed the same since. With a Token or a TokenSource it is
// about the token alone. Whether recalls are switched on, nil does not tell.
//
// An error is a *recall.Error: among others [recall.ErrUnauthorized] (the
// vendor refuses the credentials or the token), [recall.ErrMisconfigured] (no
// such application at this host) and [recall.ErrUnavailable].
//
// GET /{org}/{app}/users, 100 calls a second for each App Key, which the
// vendor's other calls about users count towards:
// https://doc.easemob.com/document/server-side/account_detail_obtain_batch.html
// Agora Chat and Shengwang IM have it too:
// https://docs.agora.io/en/agora-chat/restful-api/user-system-registration
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.do(ctx, rest.Call{
		Op:     rest.OpPing,
		Reads:  true,
		Quotas: []recall.Quota{c.quota(apiUsers)},
		Build: func(context.Context) (*rest.Request, error) {
			// With DELETE the same URL deletes users.
			return &rest.Request{Method: http.MethodGet, Path: c.root + "/" + apiUsers + "?limit=1", Header: http.Header{}}, nil
		},
		Decode: decodePing,
	})
	return rest.Pinged(err)
}

const apiUsers = "users"

// usersAnswer is the answer to a query of users. There is no word for success
// in it but the list, which may be empty.
type usersAnswer struct {
	Entities *[]json.RawMessage `json:"entities"`
	errorBody
}

func decodePing(a rest.Answer) (rest.Verdict, error) {
	var body usersAnswer
	err := refusal(a, json.Unmarshal(a.Body, &body), body.errorBody)
	if err == nil && body.Entities == nil {
		err = rest.Unreadable(a, "the answer has no list of users")
	}
	var e *recall.Error
	if errors.As(err, &e) {
		return rest.Verdict{}, rest.AboutConfig(e)
	}
	return rest.Verdict{}, err
}
