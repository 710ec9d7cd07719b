package rest

import (
	"bufio"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

func TestHostsInTurn(t *testing.T) {
	var h hosts
	h.bases = []string{"a", "b", "c"}
	now := time.Now()
	use := func(want string, at time.Time) int {
		base, host := h.pick(at)
		assert.Equal(t, want, base)
		return host
	}
	a := use("a", now)
	h.failed(a, now)
	h.failed(a, now) // another call that saw the same
	b := use("b", now)
	assert.Equal(t, 1, b)
	use("b", now.Add(comeBack-1))
	use("a", now.Add(comeBack)) // one call tries the first again,
	use("b", now.Add(comeBack)) // the others stay where it works
	h.failed(0, now)
	use("b", now.Add(comeBack))
	use("a", now.Add(2*comeBack))
	h.worked(0)
	use("a", now.Add(2*comeBack))
	for host := range 3 {
		h.failed(host, now)
	}
	use("a", now)

	single := hosts{bases: []string{"a"}}
	base, _ := single.pick(now)
	assert.Equal(t, "a", base)
}

func TestFallbackHosts(t *testing.T) {
	good := serve(t, coded("200"))
	dead := "http://127.0.0.1:1"
	for name, tt := range map[string]struct {
		first    string
		attempts int
		policy   recall.Policy
	}{
		"unreachable":                {dead, 3, recall.Policy{Retry: recall.Retry{Attempts: 1}}},
		"a gateway without a server": {serve(t, answerWith(http.StatusBadGateway, "<html>")), 3, recall.Policy{Retry: recall.Retry{BaseDelay: 1}}},
	} {
		fallbacks := []string{dead, good}
		c, err := New(Config{Vendor: "acme", Host: tt.first, Fallbacks: fallbacks, Policy: tt.policy})
		require.NoError(t, err)
		receipt, err := c.Do(t.Context(), aCall())
		require.NoError(t, err, name)
		assert.Equal(t, tt.attempts, receipt.Attempts, name)
		receipt, err = c.Do(t.Context(), aCall())
		require.NoError(t, err, name)
		assert.Equal(t, 1, receipt.Attempts, "the one that works is remembered")
		c.Close()
	}

	c, err := New(Config{Vendor: "acme", Host: dead, Fallbacks: []string{dead}, Policy: recall.Policy{Retry: recall.Retry{Attempts: 1}}})
	require.NoError(t, err)
	e := failure(t.Context(), t, c, aCall())
	assert.Equal(t, 2, e.Attempts, "each once")
	assert.False(t, e.MayHaveApplied)

	_, err = New(Config{Vendor: "acme", Host: "h", Fallbacks: []string{"h", "ftp://h"}})
	require.ErrorContains(t, err, "Fallbacks[1]")
}

// A server that answers 101 hands over the bare connection, which knows no
// deadline.
func TestSwitchingProtocols(t *testing.T) {
	url := serveTCP(t, func(_ int, conn net.Conn, requests *bufio.Reader) {
		readRequest(requests)
		conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"))
		requests.ReadByte() // until the client hangs up
	})
	e := failure(t.Context(), t, newClient(t, url, recall.Policy{}), aCall())
	assert.Equal(t, recall.ErrBadResponse, e.Kind)
	assert.True(t, e.MayHaveApplied)
}

// A request's address is what parsing it whole would give, and its path
// reaches the wire as the vendor escaped it.
func TestAddress(t *testing.T) {
	paths := []string{
		"/recall", "/", "/a/b.action", "/users/%E5%BC%A0", "/users/a%2Fb/x", "/users/a@b:c", "/a+b", "/a%20b",
		"/recall?type=7", "/recall?a=1&b=%3F&c=a+b", "/users/%7C|",
	}
	for _, base := range []string{"http://im.example", "https://im.example:8443/nimserver", "http://[::1]:80/a%2Fb/c"} {
		hosts, err := newHosts([]string{"http://other.example", base})
		require.NoError(t, err)
		for _, path := range paths {
			want, err := url.Parse(base + path)
			require.NoError(t, err)
			got, err := hosts.address(1, path)
			require.NoError(t, err)
			assert.Equal(t, want.RequestURI(), got.RequestURI())
			assert.Equal(t, want.Path, got.Path)
			assert.Equal(t, want.Host, got.Host)
			assert.Equal(t, want.Scheme, got.Scheme)
		}
	}
	hosts, err := newHosts([]string{"http://im.example"})
	require.NoError(t, err)
	_, err = hosts.address(0, "/100%")
	require.Error(t, err)
}
