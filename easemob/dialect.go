package easemob

import (
	"context"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// Dialect is one of the names under which the vendor's server is sold. They
// differ in addresses, credentials, and which calls there are. What a dialect
// lacks is refused with recall.ErrUnsupported, which names the alternative.
// Receipts and errors name the vendor "easemob" whatever the dialect.
type Dialect string

const (
	// DialectEasemob is Easemob IM, or EasyIM: Config.Org, App, and ClientID
	// with ClientSecret.
	DialectEasemob Dialect = ""

	// DialectAgora is Agora Chat: Config.Org, App, and AppID with
	// AppCertificate. Hosts speak https only.
	//
	// It has no batch recall: [Client.RecallBatch] and [Client.RecallMessages]
	// recall the messages one after the other. It has neither the legacy
	// recall nor the deletion of roaming messages.
	//
	// Force means less than at Easemob: it reaches a message within the recall
	// window, or one that the server does not store any more. A message that is
	// past the window and still stored is recall.ErrWindowExpired in spite of
	// it.
	//
	// https://docs.agora.io/en/agora-chat/restful-api/message-management
	DialectAgora Dialect = "agora"

	// DialectShengwang is Shengwang IM (声网): Config.AppID instead of Org and
	// App, and either AppCertificate, as the published page on tokens says, or
	// ClientID with ClientSecret, as a later draft of it does. It has all but
	// the legacy recall.
	//
	// https://im.shengwang.cn/docs/sdk/server-side/message_recall.html
	// https://im.shengwang.cn/docs/sdk/server-side/token_authentication.html
	DialectShengwang Dialect = "shengwang"
)

// batches tells whether there is a call that recalls several messages.
func (d Dialect) batches() bool { return d != DialectAgora }

// lacks returns the refusal of an operation that the dialect does not have, nil
// for one that it has.
func (d Dialect) lacks(op string) *recall.Error {
	var why string
	switch {
	case op == opLegacy && d == DialectAgora:
		why = "Agora Chat has no messages/recall; use Recall"
	case op == opLegacy && d == DialectShengwang:
		why = "Shengwang IM has no messages/recall; use Recall or RecallBatch"
	case strings.HasPrefix(op, opRoaming) && d == DialectAgora:
		why = "Agora Chat has no deletion of roaming messages alone; use DeleteConversation with DeleteRoam"
	default:
		return nil
	}
	return &recall.Error{Kind: recall.ErrUnsupported, Err: errors.New(why)}
}

// application returns the application's name and its path.
func (cfg Config) application() (name, root string) {
	if cfg.Dialect == DialectShengwang {
		return cfg.AppID, "/app-id/" + url.PathEscape(cfg.AppID)
	}
	return cfg.Org + "#" + cfg.App, "/" + url.PathEscape(cfg.Org) + "/" + url.PathEscape(cfg.App)
}

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

// agoraTokens returns a function that makes app tokens of Agora's form.
func agoraTokens(appID string, certificate rest.Secret) func(context.Context) (Token, error) {
	return func(ctx context.Context) (Token, error) {
		value, err := certificate.Use().Value(ctx)
		if err != nil {
			return Token{}, err
		}
		if !hex32(value) {
			err := errors.New("the certificate is not 32 hexadecimal digits")
			return Token{}, &recall.Error{Kind: recall.ErrMisconfigured, Op: opToken, Field: "AppCertificateFunc", Err: err}
		}
		return newAgoraToken(appID, value)
	}
}
