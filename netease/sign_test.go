package netease

import (
	"crypto"
	"encoding/hex"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
)

// Vectors computed with another implementation of SHA-1; the vendor
// publishes none with its secret.
func TestCheckSum(t *testing.T) {
	for _, row := range []struct{ secret, nonce, curTime, want string }{
		{"0123456789ab", "4tgggergigwow323t23t", "1443592222", "2b3c3ba113c760606d5830e4d807ad8490040efd"},
		{"secret", "nonce", "1700000000", "c0b87c883bf8a70941d7e81c14cc7c7e7ccd3ba2"},
		{"3e25d0b3cc3d", "12345", "1500000000", "93e745e10c889ca8e8ba114a817071b0dbdb8084"},
		{"0123456789abcdef", strings.Repeat("a", 128), "1735689600", "7dd8916695076ccb0523df5aba6278aa6066bb13"},
		{"密钥", "随机数", "1700000000", "14d27f7a5ceced1f79110436e18205bd2d52f163"},
	} {
		assert.Equal(t, row.want, checkSum(row.secret, row.nonce, row.curTime))
		assert.Equal(t, row.want, independentSum(row.secret, row.nonce, row.curTime))
	}
}

// independentSum computes a CheckSum without the code under test.
func independentSum(parts ...string) string {
	h := crypto.SHA1.New()
	for _, part := range parts {
		io.WriteString(h, part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

var (
	nonceForm    = regexp.MustCompile(`^[0-9a-f]{32}$`) // the vendor's limit is 128
	checkSumForm = regexp.MustCompile(`^[0-9a-f]{40}$`)
	traceForm    = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// requireSigned checks the headers that sign a request, and that it was
// signed between the two times.
func requireSigned(t *testing.T, h http.Header, appKey, secret string, from, to time.Time) {
	t.Helper()
	requireSignedBy(t, h, appKey, secret, "RequestId", from, to)
}

// requireSignedBy is requireSigned where the trace id has another header.
func requireSignedBy(t *testing.T, h http.Header, appKey, secret, traceHeader string, from, to time.Time) {
	t.Helper()
	for _, name := range []string{"AppKey", "Nonce", "CurTime", "CheckSum", traceHeader} {
		require.Len(t, h.Values(name), 1, name)
	}
	assert.Equal(t, appKey, h.Get("AppKey"))
	assert.Regexp(t, nonceForm, h.Get("Nonce"))
	assert.Regexp(t, checkSumForm, h.Get("CheckSum"))
	assert.Regexp(t, traceForm, h.Get(traceHeader))
	seconds, err := strconv.ParseInt(h.Get("CurTime"), 10, 64)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, seconds, from.Unix(), "CurTime is in seconds")
	assert.LessOrEqual(t, seconds, to.Unix(), "CurTime is in seconds")
	assert.Equal(t, independentSum(secret, h.Get("Nonce"), h.Get("CurTime")), h.Get("CheckSum"))
}

// Every attempt has a nonce of its own, every call a RequestId of its own.
func TestCredentialsAreFresh(t *testing.T) {
	const calls = 1000
	c, transport := mocked(t, http.StatusOK, nil, `{"code":200}`)
	before := time.Now()
	nonces, traces := map[string]bool{}, map[string]bool{}
	for range calls {
		receipt, err := c.Recall(t.Context(), params())
		require.NoError(t, err)
		assert.Equal(t, transport.headers[len(transport.headers)-1].Get("RequestId"), receipt.TraceID)
	}
	require.Len(t, transport.headers, calls)
	for _, h := range transport.headers {
		requireSigned(t, h, testAppKey, testSecret, before, time.Now())
		nonces[h.Get("Nonce")] = true
		traces[h.Get("RequestId")] = true
	}
	assert.Len(t, nonces, calls)
	assert.Len(t, traces, calls)
}

// A secret may be any text, also one that no header could carry.
func TestSecretBeyondASCII(t *testing.T) {
	s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200}`))
	before := time.Now()
	_, err := newClient(t, Config{Host: s.URL, AppSecret: "密 钥"}).Recall(t.Context(), params())
	require.NoError(t, err)
	requireSigned(t, s.Requests()[0].Header, testAppKey, "密 钥", before, time.Now())
}
