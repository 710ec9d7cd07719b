// Package doctor finds out why recalling does not work: it checks the configuration of an application, the way to its
// vendor, and its credentials, without touching a message.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/imrecall/imrecall/recall"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/config"
)

// Verdict is how a check ended.
type Verdict string

// The verdicts.
const (
	OK   Verdict = "ok"
	Warn Verdict = "warn" // works, and should be looked at
	Fail Verdict = "fail"
	Skip Verdict = "skip" // could not be checked, because of what failed before or because the vendor has no way
)

// Finding is the result of one check.
type Finding struct {
	Check   string  `json:"check"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"`
	Fix     string  `json:"fix,omitempty"`
}

// Pinger is a client that can ask its vendor whether host, app and credentials are right.
type Pinger interface {
	Ping(ctx context.Context) error
}

// Patient is an application to check.
type Patient struct {
	Config     config.Resolved
	ConfigFile string
	Getenv     func(string) string
	Now        func() time.Time
}

// Examine makes all checks, in order. None of the findings holds a secret.
func (p Patient) Examine(ctx context.Context) []Finding {
	client, err := p.Config.NewClient(p.Getenv)
	if err != nil {
		return []Finding{{"config", Fail, err.Error(), "correct this setting; docs/cli.md lists what each vendor needs"}}
	}
	defer client.Close()
	findings := p.configured()
	reachable := false
	for i, host := range p.Config.Hosts() {
		visit := p.visit(ctx, host)
		findings = append(findings, visit.findings...)
		reachable = reachable || visit.answered
		if i == 0 && visit.answered {
			findings = append(findings, p.clock(host, visit))
		}
	}
	return append(findings, p.credentials(ctx, client, reachable))
}

func (p Patient) configured() []Finding {
	detail := "complete"
	if len(p.Config.Env) > 0 {
		detail += ", with " + strings.Join(p.Config.Env, ", ") + " from the environment"
	}
	findings := []Finding{{"config", OK, detail, ""}}
	for _, warning := range p.Config.Warnings(p.ConfigFile) {
		findings = append(findings, Finding{"secrets", Warn, warning.Problem, warning.Fix})
	}
	return findings
}

// skew is by how much clocks may differ: NetEase refuses requests that are 5 minutes off.
const (
	harmlessSkew = 30 * time.Second
	deadlySkew   = 5 * time.Minute
)

func (p Patient) clock(host string, v visit) Finding {
	if v.date.IsZero() {
		return Finding{"clock", Skip, short(host) + " tells no time", ""}
	}
	// Date has whole seconds, and was written half a round trip before it came.
	off := v.at.Sub(v.date).Abs()
	detail := fmt.Sprintf("%s from the server's", off.Round(time.Second))
	switch {
	case off <= harmlessSkew:
		return Finding{"clock", OK, "within " + harmlessSkew.String() + " of the server's", ""}
	case off < deadlySkew:
		return Finding{"clock", Warn, detail, "set this machine's clock (NTP): signatures and tokens depend on it"}
	}
	return Finding{"clock", Fail, detail, "set this machine's clock (NTP): the vendor refuses signatures that are minutes off"}
}

func (p Patient) credentials(ctx context.Context, client config.Client, reachable bool) Finding {
	pinger, ok := client.(Pinger)
	switch {
	case !reachable:
		return Finding{"credentials", Skip, "the vendor can't be reached", ""}
	case !ok:
		return Finding{"credentials", Skip, "this vendor has no call that checks them without touching a message", ""}
	}
	err := pinger.Ping(ctx)
	switch {
	case err == nil:
		return Finding{"credentials", OK, "accepted", ""}
	case errors.Is(err, recall.ErrUnsupported):
		return Finding{"credentials", Skip, err.Error(), ""}
	}
	return Finding{"credentials", Fail, err.Error(), p.remedy(err)}
}

func (p Patient) remedy(err error) string {
	keys := map[string]string{
		"easemob": "app_key, client_id and client_secret (or token, or app_id and app_certificate)",
		"netease": "app_key and app_secret", "goeasy": "rest_key",
	}[p.Config.Vendor]
	switch {
	case errors.Is(err, recall.ErrUnauthorized):
		return "compare " + keys + " with the vendor's console"
	case errors.Is(err, recall.ErrMisconfigured) && p.Config.Vendor == "netease" && p.Config.API != "v2" && !strings.Contains(p.Config.Host, "/nimserver"):
		return "give host with the path that the vendor's has: " + strings.TrimRight(p.Config.Host, "/") + "/nimserver"
	case errors.Is(err, recall.ErrMisconfigured):
		return "compare host and " + keys + " with the vendor's console: the host is that of the app's region, and the vendor may let in known addresses only"
	case errors.Is(err, recall.ErrNotEnabled), errors.Is(err, recall.ErrPlanExhausted):
		return "switch on or buy the feature in the vendor's console"
	case errors.Is(err, recall.ErrRateLimited):
		return "wait: the app's quota is used up at the moment"
	}
	return "try again in a minute; if it stays, show the vendor this line"
}

// Failed tells whether any check failed.
func Failed(findings []Finding) bool {
	for _, f := range findings {
		if f.Verdict == Fail {
			return true
		}
	}
	return false
}

// short is an address without scheme and path.
func short(host string) string {
	_, rest, ok := strings.Cut(host, "://")
	if !ok {
		rest = host
	}
	name, _, _ := strings.Cut(rest, "/")
	if bare, port, err := net.SplitHostPort(name); err == nil && port == "" {
		return bare
	}
	return name
}
