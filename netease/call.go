package netease

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// refused completes an error with which a request is refused before anything
// is sent.
func (c *Client) refused(op string, err *recall.Error) error {
	e := *err
	e.Vendor, e.App, e.Op = vendor, c.appKey, op
	return &e
}

// post carries out a call of the form-encoded API (v1).
func (c *Client) post(ctx context.Context, call rest.Call, path string, form []byte) (recall.Receipt, error) {
	call.TraceHeader = "Requestid" // RequestId, as Go spells it
	if call.Decode == nil {
		call.Decode = decodeV1
	}
	if call.Quotas == nil {
		call.Quotas = []recall.Quota{c.quota(path)}
	}
	return c.do(ctx, c.v1, "Host", call, rest.Request{Method: http.MethodPost, Path: path, Body: form})
}

// maxHeaders is how many headers a request has in the end. A map that grows to
// them costs more than all of their values.
const maxHeaders = 10

// do signs and carries out a call of the API whose host is in the named field
// of Config. It adds the header to the request, whose body is a form if there is
// one.
func (c *Client) do(
	ctx context.Context, api *rest.Client, field string, call rest.Call, request rest.Request,
) (recall.Receipt, error) {
	if api == nil {
		err := recall.Invalid(field, "is not in the Config, and this call needs it")
		err.Kind = recall.ErrMisconfigured
		return recall.Receipt{}, c.refused(call.Op, err)
	}
	secret := c.secret.Use()
	call.Build = func(ctx context.Context) (*rest.Request, error) {
		value, err := secret.Value(ctx)
		if err != nil {
			return nil, err
		}
		req := request
		req.Header = make(http.Header, maxHeaders)
		if req.Body != nil {
			req.Header["Content-Type"] = c.contentType
		}
		c.sign(&req, value, time.Now())
		return &req, nil
	}
	call.Renew = secret.Renewal(ctx)
	return api.Do(ctx, call)
}

// quota is the documented limit of one API for the application: 100 calls a
// second, above which the vendor blocks it for 10 s. The list of limits gives
// it for each of the calls here, and for most of the vendor's others.
//
// https://doc.yunxin.163.com/messaging/server-apis/zk4Mzg0MjE?platform=server
func (c *Client) quota(path string) recall.Quota {
	return recall.Quota{Key: vendor + "/" + c.appKey + path, Calls: 100, Per: time.Second}
}

// fields writes a form, or a query, of pairs of a name and a value, in their
// order. An empty value is left out: the vendor has defaults, and refuses an
// empty number.
func fields(pairs ...string) []byte {
	encoded := make([]byte, 0, 256) // holds most
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		if len(encoded) > 0 {
			encoded = append(encoded, '&')
		}
		encoded = append(encoded, pairs[i]...) // ours: nothing in it to escape
		encoded = append(encoded, '=')
		encoded = append(encoded, url.QueryEscape(pairs[i+1])...)
	}
	return encoded
}

// flag writes a parameter that is "1" or absent.
func flag(set bool) string {
	if set {
		return "1"
	}
	return ""
}
