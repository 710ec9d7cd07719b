package easemob

import (
	"errors"
	"net/url"
	"strings"

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
