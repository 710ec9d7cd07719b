package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func patient(host string) Patient {
	return Patient{
		Config: config.Resolved{Label: "x", App: config.App{
			Vendor: "netease", Host: host, AppKey: "demo0app0key0demo0app0key0demo00", AppSecret: "0123456789ab",
		}},
		Getenv: func(string) string { return "" },
		Now:    time.Now,
	}
}

func find(findings []Finding, check string) Finding {
	for _, f := range findings {
		if f.Check == check {
			return f
		}
	}
	return Finding{}
}

func TestClockSkew(t *testing.T) {
	for off, want := range map[time.Duration]Verdict{
		0: OK, 20 * time.Second: OK, time.Minute: Warn, -2 * time.Minute: Warn, 6 * time.Minute: Fail, -time.Hour: Fail,
	} {
		s := neteasetest.NewServer()
		s.Advance(off)
		findings := patient(s.URL + "/nimserver").Examine(t.Context())
		s.Close()
		assert.Equal(t, want, find(findings, "clock").Verdict, off)
		assert.Equal(t, want == Fail, Failed(findings), off)
		if want == Fail {
			assert.Contains(t, find(findings, "clock").Fix, "NTP")
		}
	}
}

func TestNetEaseWithoutItsPath(t *testing.T) {
	s := neteasetest.NewServer()
	defer s.Close()
	found := find(patient(s.URL).Examine(t.Context()), "credentials")
	assert.Equal(t, Fail, found.Verdict)
	assert.Equal(t, "give host with the path that the vendor's has: "+s.URL+"/nimserver", found.Fix)
}

func TestServersThatAnswerBadly(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
	}))
	defer silent.Close()
	findings := patient(silent.URL).Examine(t.Context())
	assert.Equal(t, Skip, find(findings, "clock").Verdict)
	assert.Equal(t, Fail, find(findings, "credentials").Verdict)

	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			assert.NoError(t, conn.Close())
		}
	}))
	defer cut.Close()
	findings = patient(cut.URL).Examine(t.Context())
	assert.Equal(t, Fail, find(findings, "reach").Verdict)
	assert.Contains(t, find(findings, "reach").Detail, "accepts connections and does not answer")
	assert.Equal(t, Skip, find(findings, "credentials").Verdict)

	// https to a port that speaks http.
	findings = patient(strings.Replace(silent.URL, "http:", "https:", 1)).Examine(t.Context())
	assert.Equal(t, Fail, find(findings, "tls").Verdict)
	assert.Contains(t, find(findings, "tls").Fix, "speaks no TLS")
}

func TestNoRedirectIsFollowed(t *testing.T) {
	var hits int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	defer other.Close()
	s := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	defer s.Close()
	assert.Equal(t, OK, find(patient(s.URL).Examine(t.Context()), "reach").Verdict)
	assert.Zero(t, hits)
}

func TestFallbacksAreVisitedToo(t *testing.T) {
	s := neteasetest.NewServer()
	defer s.Close()
	p := patient(s.URL + "/nimserver")
	p.Config.Fallbacks = []string{"http://127.0.0.1:1"}
	findings := p.Examine(t.Context())
	var verdicts []Verdict
	for _, f := range findings {
		if f.Check == "reach" {
			verdicts = append(verdicts, f.Verdict)
		}
	}
	assert.Equal(t, []Verdict{OK, Fail}, verdicts)
	assert.Equal(t, OK, find(findings, "credentials").Verdict)
}

func TestCertificate(t *testing.T) {
	p := patient("")
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p.Now = func() time.Time { return now }
	until := func(d time.Duration) *tls.ConnectionState {
		return &tls.ConnectionState{Version: tls.VersionTLS13, PeerCertificates: []*x509.Certificate{{NotAfter: now.Add(d)}}}
	}
	assert.Equal(t, Finding{"tls", OK, "TLS 1.3, certificate of h until 2026-03-02", ""}, p.certificate("h", until(60*24*time.Hour)))
	assert.Equal(t, Warn, p.certificate("h", until(5*24*time.Hour)).Verdict)
}

func TestWhatHelps(t *testing.T) {
	w := way{name: "h"}
	assert.Contains(t, w.failed(true, &net.DNSError{Err: "no such host", IsNotFound: true})[0].Fix, "DNS")
	assert.Contains(t, w.failed(true, context.DeadlineExceeded)[0].Detail, "no answer in 10s")
	w.connected.Store(true)
	for want, err := range map[string]error{
		"ca_file":                        &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
		"for another name":               &tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}}},
		"expired":                        &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}},
		"not one for servers":            &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}},
		"whatever stands between (proxy": errors.New("remote error: tls: handshake failure"),
	} {
		findings := w.failed(true, err)
		require.Len(t, findings, 2)
		assert.Contains(t, findings[1].Fix, want)
	}
	p := patient("https://h/nimserver")
	for kind, want := range map[recall.Kind]string{
		recall.ErrUnauthorized: "compare app_key and app_secret", recall.ErrMisconfigured: "region", recall.ErrNotEnabled: "switch on",
		recall.ErrPlanExhausted: "buy", recall.ErrRateLimited: "wait", recall.ErrUnavailable: "try again",
	} {
		assert.Contains(t, p.remedy(kind), want)
	}
	assert.Equal(t, "h:8080", short("https://h:8080/x/y"))
	assert.Equal(t, "h", short("h"))
}
