package easemob

import (
	"encoding/hex"
	"strings"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// check refuses a configuration that can't work.
func (cfg Config) check() error {
	for _, check := range []func() *recall.Error{cfg.checkApplication, cfg.checkKinds, cfg.checkClient, cfg.checkCertificate} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkApplication checks the fields that name the application.
func (cfg Config) checkApplication() *recall.Error {
	bad := func(field, rule string) *recall.Error { return rest.BadConfig(vendor, field, rule) }
	switch cfg.Dialect {
	case DialectEasemob, DialectAgora:
	case DialectShengwang:
		if cfg.Org != "" || cfg.App != "" {
			return bad("Org", "and App are not Shengwang's: give the AppID")
		}
		return badSegment("AppID", cfg.AppID)
	default:
		return bad("Dialect", "is none of those that exist")
	}
	if cfg.Dialect == DialectAgora && cfg.AllowHTTP {
		return bad("AllowHTTP", "is set, and Agora Chat speaks https only")
	}
	if cfg.Dialect == DialectEasemob && cfg.AppID != "" {
		return bad("AppID", "is not Easemob's: give Org and App, or another Dialect")
	}
	if err := badSegment("Org", cfg.Org); err != nil {
		return err
	}
	return badSegment("App", cfg.App)
}

// checkKinds checks that there is one kind of credentials, and that the dialect
// has it.
func (cfg Config) checkKinds() *recall.Error {
	bad := func(field, rule string) *recall.Error { return rest.BadConfig(vendor, field, rule) }
	switch {
	case cfg.TokenSource != nil && (cfg.hasClient() || cfg.hasCertificate() || cfg.Token != ""):
		return bad("TokenSource", "is given beside other credentials; give one kind")
	case cfg.Token != "" && (cfg.hasClient() || cfg.hasCertificate()):
		return bad("Token", "is given beside other credentials; give one kind")
	case cfg.Token != "" && !rest.HeaderValue(cfg.Token):
		return bad("Token", "has characters that no token has")
	case cfg.hasClient() && cfg.Dialect == DialectAgora:
		return bad("ClientID", "and ClientSecret are not Agora Chat's: give AppID and AppCertificate")
	case cfg.hasCertificate() && cfg.Dialect == DialectEasemob:
		return bad("AppCertificate", "is not Easemob's: give ClientID and ClientSecret, or another Dialect")
	case cfg.hasCertificate() && cfg.hasClient():
		return bad("AppCertificate", "is given beside ClientID or ClientSecret; give one kind")
	}
	return nil
}

func (cfg Config) hasClient() bool {
	return cfg.ClientID != "" || cfg.ClientSecret != "" || cfg.ClientSecretFunc != nil
}

func (cfg Config) hasCertificate() bool {
	return cfg.AppCertificate != "" || cfg.AppCertificateFunc != nil
}

// tokensGiven tells whether the client need not get tokens by itself.
func (cfg Config) tokensGiven() bool { return cfg.TokenSource != nil || cfg.Token != "" }

// signsTokens tells whether the client makes its tokens by itself. Agora Chat
// has no other way.
func (cfg Config) signsTokens() bool {
	return !cfg.tokensGiven() && (cfg.Dialect == DialectAgora || cfg.hasCertificate())
}

func (cfg Config) checkClient() *recall.Error {
	switch {
	case cfg.tokensGiven() || cfg.signsTokens():
		return nil
	case cfg.ClientID == "":
		return rest.BadConfig(vendor, "ClientID", "is required, or a Token or TokenSource instead")
	case cfg.ClientSecret == "" && cfg.ClientSecretFunc == nil:
		return rest.BadConfig(vendor, "ClientSecret", "is required")
	case cfg.ClientSecret != "" && cfg.ClientSecretFunc != nil:
		return rest.BadConfig(vendor, "ClientSecretFunc", "is given beside ClientSecret; give one")
	}
	return nil
}

func (cfg Config) checkCertificate() *recall.Error {
	switch {
	case !cfg.signsTokens():
		return nil
	case !hex32(cfg.AppID):
		return rest.BadConfig(vendor, "AppID", "has to be 32 hexadecimal digits")
	case cfg.AppCertificate != "" && cfg.AppCertificateFunc != nil:
		return rest.BadConfig(vendor, "AppCertificateFunc", "is given beside AppCertificate; give one")
	case cfg.AppCertificateFunc == nil && !hex32(cfg.AppCertificate):
		return rest.BadConfig(vendor, "AppCertificate", "has to be 32 hexadecimal digits")
	}
	return nil
}

// hex32 tells whether s is 32 hexadecimal digits.
func hex32(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 32
}

// badSegment checks a part of the App Key, or an App ID.
func badSegment(field, value string) *recall.Error {
	if rule := segmentRule(value); rule != "" {
		return rest.BadConfig(vendor, field, rule)
	}
	return nil
}

// segmentRule returns the rule that a part of the App Key breaks, or "".
func segmentRule(value string) string {
	switch {
	case value == "":
		return "is required"
	case strings.Contains(value, "#"):
		return "holds a #: an App Key is org#app, give its halves apart"
	case value != strings.TrimSpace(value):
		return "begins or ends with white space"
	case value == "." || value == ".." || strings.ContainsAny(value, "/\\?%"):
		return "can't be part of a path"
	}
	return ""
}
