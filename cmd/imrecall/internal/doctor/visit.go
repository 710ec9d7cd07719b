package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"
)

// visit is what one request without credentials tells of a host.
type visit struct {
	findings []Finding
	answered bool
	date, at time.Time // the server's time, and ours
}

// visitTime is how long a host has to answer.
const visitTime = 10 * time.Second

// visit asks a host for its base URL: whatever the answer is, it has come all the way and back.
func (p Patient) visit(ctx context.Context, host string) visit {
	url := host
	if !strings.Contains(url, "://") {
		url = "https://" + url
	}
	name := short(host)
	transport, err := p.Config.NewTransport()
	if err != nil {
		return visit{findings: []Finding{{"reach", Fail, err.Error(), "correct ca_file"}}}
	}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, visitTime)
	defer cancel()
	way := way{name: name}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, way.trace()), http.MethodGet, url, http.NoBody)
	if err != nil {
		return visit{findings: []Finding{{"reach", Fail, name + " is no address", "correct host"}}}
	}
	req.Header.Set("User-Agent", "imrecall-doctor")
	if proxy, err := transport.Proxy(req); err == nil && proxy != nil {
		way.proxy = "the proxy " + proxy.Host // its user and password are not shown
	}
	start := p.Now()
	resp, err := transport.RoundTrip(req) // no redirects: what answers is what was asked
	if err != nil {
		return visit{findings: way.failed(strings.HasPrefix(url, "https"), err)}
	}
	defer resp.Body.Close()
	out := visit{answered: true, at: p.Now()}
	out.date, _ = http.ParseTime(resp.Header.Get("Date")) // zero where there is none
	out.findings = append(out.findings, Finding{"reach", OK, name + " answers in " + out.at.Sub(start).Round(time.Millisecond).String() + way.by(), ""})
	if resp.TLS == nil {
		out.findings = append(out.findings, Finding{"tls", Warn, name + " is plain http: others can read what is sent", "give host with https, unless it is an emulator or a network of your own"})
		return out
	}
	out.findings = append(out.findings, p.certificate(name, resp.TLS))
	return out
}

// soon is when a certificate that ends is worth a warning.
const soon = 14 * 24 * time.Hour

func (p Patient) certificate(name string, state *tls.ConnectionState) Finding {
	end := state.PeerCertificates[0].NotAfter
	detail := fmt.Sprintf("%s, certificate of %s until %s", tls.VersionName(state.Version), name, end.UTC().Format(time.DateOnly))
	if end.Sub(p.Now()) < soon {
		return Finding{"tls", Warn, detail, "whoever runs the server has to renew the certificate"}
	}
	return Finding{"tls", OK, detail, ""}
}

// way is how far a request came.
type way struct {
	name      string // of the host
	proxy     string // empty for none
	connected atomic.Bool
}

func (w *way) by() string {
	if w.proxy == "" {
		return ""
	}
	return " by way of " + w.proxy
}

func (w *way) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				w.connected.Store(true)
			}
		},
	}
}

// failed tells at which step a request ended, and what helps there.
func (w *way) failed(secure bool, err error) []Finding {
	name := w.name
	var dns *net.DNSError
	switch {
	case w.proxy != "" && (!secure || !isTLS(err)):
		return []Finding{{"reach", Fail, name + w.by() + ": " + cause(err), "check HTTPS_PROXY and NO_PROXY, and whether the proxy lets this host through"}}
	case errors.As(err, &dns):
		return []Finding{{"reach", Fail, name + ": " + dns.Err, "check the spelling of host and this machine's DNS"}}
	case !w.connected.Load():
		return []Finding{{"reach", Fail, name + ": " + cause(err), "check host and port, the firewall, and HTTPS_PROXY"}}
	case secure && isTLS(err):
		return []Finding{
			{"reach", OK, name + " accepts connections" + w.by(), ""},
			{"tls", Fail, cause(err), tlsRemedy(err)},
		}
	}
	return []Finding{{"reach", Fail, name + " accepts connections and does not answer: " + cause(err), "check host, and whatever stands between (proxy, gateway)"}}
}

func isTLS(err error) bool {
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &verify) || errors.As(err, &record) || errors.As(err, &alert) || strings.Contains(err.Error(), "tls:")
}

func tlsRemedy(err error) string {
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &authority):
		return "if the server's CA is your own, name its certificate in ca_file; if not, something between intercepts TLS"
	case errors.As(err, &hostname):
		return "the certificate is for another name: check host"
	case errors.As(err, &invalid) && invalid.Reason != x509.Expired:
		return "the certificate is not one for servers: whoever runs the server has to replace it"
	case errors.As(err, &invalid):
		return "the certificate has expired, or this machine's clock is wrong"
	case errors.As(err, &record):
		return "the port speaks no TLS: check host and port"
	}
	return "check host, and whatever stands between (proxy, gateway)"
}

// cause is an error without the address, which stands before it anyway.
func cause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in " + visitTime.String()
	}
	return err.Error()
}
