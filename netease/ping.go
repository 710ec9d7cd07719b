package netease

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// Ping asks whether the host, the AppKey and the secret are right, of the API
// that RecallMessage speaks (Config.API). It changes nothing and touches no
// message: it asks for the account "imrecall-ping", which need not exist, and
// does not look at what the vendor says of it.
//
// Nil means that the vendor carried out the query: it answered 200, or that the
// application has no such account, which it tells nobody who has not signed.
// (An empty recall would be answered too; but that it is refused for being
// empty does not show whether the signature was looked at before.) Whether
// recalls are allowed, nil does not tell.
//
// An error is a *recall.Error: among others [recall.ErrUnauthorized] (the
// vendor refuses the signature, as for a wrong secret or a wrong clock),
// [recall.ErrMisconfigured] (unknown AppKey, another region, an address that is
// not allowed in, a wrong base URL) and [recall.ErrUnavailable].
//
// POST user/getUinfos.action, 100 calls a second for each application, above
// which the vendor blocks it for 10 s:
// https://doc.yunxin.163.com/messaging/server-apis/zI0NzYyMDQ?platform=server
//
// With APIv2, GET im/v2/accounts:
// https://yunxin-im.apifox.cn/api-147175988
func (c *Client) Ping(ctx context.Context) error {
	call := rest.Call{Op: rest.OpPing, Reads: true, Decode: decodePing}
	if c.api != APIv2 {
		_, err := c.post(ctx, call, pathProfiles, fields("accids", `["`+pingAccount+`"]`))
		return rest.Pinged(err)
	}
	call.TraceHeader, call.Decode = "X-Custom-Traceid", decodePingV2
	call.Quotas = []recall.Quota{c.quota(pathAccounts)}
	_, err := c.do(ctx, c.v2, "HostV2", call, rest.Request{Method: http.MethodGet, Path: pathAccounts + "?account_ids=" + pingAccount})
	return rest.Pinged(err)
}

const (
	pathProfiles = "/user/getUinfos.action"
	pathAccounts = "/im/v2/accounts"
	pingAccount  = "imrecall-ping"
)

// decodePing reads v1's answer. The page does not say what an unknown account
// is answered with; another call about accounts was seen to answer 414 with
// the account and "not register".
func decodePing(a rest.Answer) (rest.Verdict, error) {
	return pinged(a, decodeV1, func(code, text string) bool {
		return code == "414" && strings.Contains(text, pingAccount) && strings.Contains(text, "not register")
	})
}

// decodePingV2 reads v2's answer. Unknown accounts are in a list of its own
// within a 200; 102404 is their code where a call is about one only.
func decodePingV2(a rest.Answer) (rest.Verdict, error) {
	return pinged(a, decodeV2NotForAll, func(code, _ string) bool { return code == "102404" })
}

// pinged reads an answer to Ping, where unknown recognizes the refusal that
// says only that there is no such account.
func pinged(
	a rest.Answer, read func(rest.Answer) (rest.Verdict, error), unknown func(code, text string) bool,
) (rest.Verdict, error) {
	verdict, err := read(a)
	var e *recall.Error
	switch {
	case err == nil:
		return rest.Verdict{Code: verdict.Code}, nil
	case !errors.As(err, &e):
		return rest.Verdict{}, err
	case a.Status == http.StatusOK && unknown(e.Code, strings.ToLower(e.Message)):
		return rest.Verdict{Code: e.Code}, nil
	case e.Code == codeRepeated:
		// The transport sent the request twice, and the answer to the first copy
		// is lost: ask again.
		e.Kind, e.Err = recall.ErrUnavailable, errors.New("the vendor answers a repetition instead of the request")
	}
	return rest.Verdict{}, rest.AboutConfig(e)
}
