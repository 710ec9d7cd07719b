package faults

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// childVariable makes the test binary a child of TestProxyVariables: net/http
// reads the proxy variables once in a process. It holds an order.
const childVariable = "IMRECALL_FAULTS_CHILD"

// order is what a child is to do.
type order struct {
	Vendor int    // the number of the vendor
	CA     []byte // whom to trust, as PEM
	Server string // the address that https://im.example has where no proxy is used
}

// outcome is what it tells.
type outcome struct {
	Outcome recall.Outcome
	Kind    recall.Kind
	Applied bool
	Text    string
}

// callFromChild makes a call with nothing changed in recall.NewTransport but
// whom to trust, and where im.example is.
func callFromChild() {
	var o order
	if err := json.Unmarshal([]byte(os.Getenv(childVariable)), &o); err != nil {
		panic(err)
	}
	transport := recall.NewTransport()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(o.CA)
	transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr == "im.example:443" {
			addr = o.Server
		}
		return dial(ctx, network, addr)
	}
	p := policy(patient)
	p.Transport = transport
	c, err := vendors[o.Vendor].open(p, "https://im.example")
	if err != nil {
		panic(err)
	}
	receipt, err := c.RecallMessage(context.Background(), message)
	told := outcome{Outcome: receipt.Outcome}
	var e *recall.Error
	if errors.As(err, &e) {
		told.Kind, told.Applied, told.Text = e.Kind, e.MayHaveApplied, fmt.Sprintf("%v %+v", e, e)
	}
	json.NewEncoder(os.Stdout).Encode(told)
}

// child runs a call in a process with these variables.
func child(t *testing.T, o order, variables ...string) outcome {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	text, err := json.Marshal(o)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = append(withoutProxies(os.Environ()), childVariable+"="+string(text))
	cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0") // the race detector's child would take a second to leave
	cmd.Env = append(cmd.Env, variables...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	require.NoError(t, err, "%s", &stderr)
	assert.Empty(t, stderr.String(), "nothing is printed")
	var told outcome
	require.NoError(t, json.Unmarshal(stdout, &told), "%s", stdout)
	return told
}

// withoutProxies drops the variables that the machine itself may have set.
func withoutProxies(environment []string) []string {
	var kept []string
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// The proxy that the environment names is used, unless it excepts the host;
// one that does not work is told like any other broken network.
func TestProxyVariables(t *testing.T) {
	for i, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			ca := newAuthority(t)
			g := newGate(t, v, ca.issue(t, certificate{names: []string{"im.example"}}).listen)
			dead, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			dead.Close()
			yes := outcome{Outcome: v.outcome}
			refused := outcome{Kind: recall.ErrUnavailable}
			proxied := "$proxy"
			for name, tt := range map[string]struct {
				variables []string
				want      outcome
				tunnels   int
			}{
				"none":                {nil, yes, 0},
				"HTTPS_PROXY":         {[]string{"HTTPS_PROXY=" + proxied}, yes, 1},
				"https_proxy":         {[]string{"https_proxy=" + proxied}, yes, 1},
				"NO_PROXY":            {[]string{"HTTPS_PROXY=" + proxied, "NO_PROXY=other.example,.example"}, yes, 0},
				"NO_PROXY of another": {[]string{"HTTPS_PROXY=" + proxied, "NO_PROXY=other.example"}, yes, 1},
				"HTTP_PROXY only":     {[]string{"HTTP_PROXY=" + proxied}, yes, 0},
				"one that is down":    {[]string{"HTTPS_PROXY=http://user:" + proxyPassword + "@" + dead.Addr().String()}, refused, 0},
				"one that is none":    {[]string{"HTTPS_PROXY=%zz"}, yes, 0}, // net/http takes no notice of it
			} {
				t.Run(name, func(t *testing.T) {
					egress := newProxy(t, g.addr)
					var variables []string
					for _, variable := range tt.variables {
						variables = append(variables, strings.ReplaceAll(variable, proxied, egress.url().String()))
					}
					got := child(t, order{Vendor: i, CA: ca.pem(), Server: g.addr}, variables...)
					for _, secret := range append(g.credentials(), proxyPassword) {
						assert.NotContains(t, got.Text, secret)
					}
					got.Text = ""
					assert.Equal(t, tt.want, got)
					targets, _, other := egress.asked()
					assert.Len(t, targets, tt.tunnels)
					assert.Zero(t, other)
				})
			}
		})
	}
}
