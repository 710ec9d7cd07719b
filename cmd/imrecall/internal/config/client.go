package config

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/recall"
)

// Client is what all vendors' clients are.
type Client interface {
	recall.Provider
	recall.Validator
	recall.Capable
	Close()
}

var (
	_ Client = (*easemob.Client)(nil)
	_ Client = (*netease.Client)(nil)
	_ Client = (*goeasy.Client)(nil)
)

// NewClient makes the client of an app. Its errors are *Error, and hold no secret.
func (r Resolved) NewClient(getenv func(string) string) (Client, error) {
	values := map[string]string{}
	for _, s := range secrets() {
		value, err := s.read(&r.App, getenv)
		if err != nil {
			return nil, err
		}
		values[s.key] = value
	}
	if timeout := time.Duration(r.Timeout); timeout > 0 && timeout < time.Millisecond {
		return nil, bad("%s: timeout is %s, in which nobody answers; write it with a unit, as in \"5s\"", r.Label, timeout)
	}
	policy, err := r.policy()
	if err != nil {
		return nil, err
	}
	var client Client
	switch r.Vendor {
	case "easemob":
		client, err = r.easemob(values, policy)
	case "netease":
		client, err = netease.New(netease.Config{
			API: netease.API(r.API), Host: r.Host, Fallbacks: r.Fallbacks, HostV2: r.HostV2, FallbacksV2: r.FallbacksV2,
			FormerMembers: r.FormerMembers, AppKey: r.AppKey, AppSecret: values["app_secret"], AllowHTTP: r.AllowHTTP, Policy: policy,
		})
	default:
		client, err = goeasy.New(goeasy.Config{
			Host: r.Host, Fallbacks: r.Fallbacks, AppKey: values["rest_key"], Name: r.Name, AllowHTTP: r.AllowHTTP, Policy: policy,
		})
	}
	if err != nil {
		return nil, r.named(err)
	}
	return client, nil
}

func (r Resolved) policy() (recall.Policy, error) {
	policy := recall.Policy{
		Timeout: time.Duration(r.Timeout), Retry: recall.Retry{Attempts: r.Attempts}, Rate: r.CallsPerSec,
	}
	if r.CAFile == "" {
		return policy, nil // the client makes its own transport, which grows with Rate
	}
	transport, err := r.NewTransport()
	if err != nil {
		return recall.Policy{}, err
	}
	policy.Transport = transport
	return policy, nil
}

func (r Resolved) easemob(values map[string]string, policy recall.Policy) (Client, error) {
	org, app, ok := strings.Cut(r.AppKey, "#")
	if !ok && r.Dialect != string(easemob.DialectShengwang) {
		return nil, bad("%s: app_key has the form org#app, as in the vendor's console", r.Label)
	}
	return easemob.New(easemob.Config{
		Host: r.Host, Fallbacks: r.Fallbacks, Dialect: easemob.Dialect(r.Dialect), Org: org, App: app, AppID: r.AppID,
		ClientID: r.ClientID, ClientSecret: values["client_secret"], AppCertificate: values["app_certificate"],
		Token: values["token"], AllowHTTP: r.AllowHTTP, Policy: policy,
	})
}

// named tells of a field of a vendor's Config by the key that it has here.
func (r Resolved) named(err error) error {
	var e *recall.Error
	if !errors.As(err, &e) || e.Field == "" {
		return err
	}
	pairs := []string{"Token or TokenSource", "token"}
	for _, name := range keyNames() {
		pairs = append(pairs, name.field, r.keyOf(name.field))
	}
	rule := strings.NewReplacer(pairs...).Replace(fmt.Sprint(e.Err))
	return bad("%s (%s): %s %s", r.Label, r.Vendor, r.keyOf(e.Field), rule)
}

func (r Resolved) keyOf(field string) string {
	switch field {
	case "Policy.Rate":
		return "calls_per_second"
	case "Policy.Timeout":
		return "timeout"
	case "Policy.Retry.Attempts":
		return "attempts"
	case "Org", "App":
		return "app_key"
	case "AppKey":
		if r.Vendor == "goeasy" {
			return "rest_key"
		}
	}
	if i := slices.IndexFunc(keyNames(), func(name keyName) bool { return name.field == field }); i >= 0 {
		return keyNames()[i].key
	}
	return field
}

// keyName is a field of a vendor's Config, and the key that stands for it here.
type keyName struct{ field, key string }

// keyNames are the fields that errors speak of. One that begins as another does comes first.
func keyNames() []keyName {
	return []keyName{
		{"HostV2", "host_v2"},
		{"Host", "host"},
		{"FallbacksV2", "fallbacks_v2"},
		{"Fallbacks", "fallbacks"},
		{"APIv1", "api v1"},
		{"APIv2", "api v2"},
		{"API", "api"},
		{"FormerMembers", "former_members"},
		{"Dialect", "dialect"},
		{"AppKey", "app_key"},
		{"AppID", "app_id"},
		{"ClientID", "client_id"},
		{"Name", "name"},
		{"AllowHTTP", "allow_http"},
		{"AppSecret", "app_secret"},
		{"ClientSecret", "client_secret"},
		{"AppCertificate", "app_certificate"},
		{"TokenSource", "token"},
		{"Token", "token"},
	}
}

// NewTransport returns a transport such as the app's requests are sent with: the library's, which trusts the
// certificates of ca_file besides the system's.
func (r Resolved) NewTransport() (*http.Transport, error) {
	transport := recall.NewTransport()
	if r.CAFile == "" {
		return transport, nil
	}
	data, err := os.ReadFile(r.CAFile)
	if err != nil {
		return nil, bad("%s: ca_file can't be read: %v", r.Label, err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(data) {
		return nil, bad("%s: ca_file %s holds no certificate in PEM form", r.Label, r.CAFile)
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return transport, nil
}

// Identity names the application at the vendor, without a secret: what a journal is bound to.
func (r Resolved) Identity(getenv func(string) string) string {
	switch {
	case r.Vendor != "goeasy" && r.AppKey != "":
		return r.AppKey
	case r.Vendor != "goeasy":
		return r.AppID
	case r.Name != "":
		return r.Name
	}
	for _, s := range secrets() {
		if s.key == "rest_key" {
			key, _ := s.read(&r.App, getenv)
			sum := sha256.Sum256([]byte(key))
			return hex.EncodeToString(sum[:4])
		}
	}
	return ""
}

// Hosts are the addresses that the app's calls go to, in their order.
func (r Resolved) Hosts() []string {
	if r.Vendor == "netease" && r.API == string(netease.APIv2) {
		return append([]string{r.HostV2}, r.FallbacksV2...)
	}
	return append([]string{r.Host}, r.Fallbacks...)
}
