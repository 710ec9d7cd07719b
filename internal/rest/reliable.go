package rest

import (
	"net"
	"net/http"
	"reflect"

	"github.com/imrecall/imrecall/recall"
)

// reliable tells whether a caller's transport reports what it does with a
// request as our own does: recall.NewTransport made it, and since then nothing
// was set that acts on a request's ctx, or speaks HTTP/2. Roots and limits may
// be set. That callers change nothing after they have given it away is what
// net/http asks of them.
func reliable(transport http.RoundTripper) bool {
	t, ok := transport.(*http.Transport)
	if !ok {
		return false
	}
	ours := recall.NewTransport()
	return sameCode(t.DialContext, ours.DialContext) && net.DefaultResolver.Dial == nil &&
		t.DialTLSContext == nil &&
		t.Dial == nil && t.DialTLS == nil && //nolint:staticcheck // deprecated, and used where they are set
		(t.Proxy == nil || sameCode(t.Proxy, http.ProxyFromEnvironment)) &&
		t.OnProxyConnectResponse == nil && t.GetProxyConnectHeader == nil &&
		(t.TLSClientConfig == nil || t.TLSClientConfig.GetClientCertificate == nil) &&
		len(t.TLSNextProto) == 0 && !t.ForceAttemptHTTP2 &&
		t.Protocols != nil && *t.Protocols == *ours.Protocols
}

// sameCode tells whether two functions are the same, where neither closes over
// variables: of a closure each inlined copy is another.
func sameCode(a, b any) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}
