package easemob

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// What an app token of Agora Chat, and of Shengwang, consists of.
//
// https://github.com/AgoraIO/Tools/tree/master/DynamicKey/AgoraDynamicKey
const (
	agoraVersion = "007" // AccessToken2

	agoraServiceChat  = 5
	agoraPrivilegeApp = 2 // to call the REST API; a user's token has 1

	// The longest life that Agora allows:
	// https://docs.agora.io/en/agora-chat/develop/authentication
	agoraTokenLife = 24 * time.Hour
)

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

// newAgoraToken makes an app token, which is sent as it is: it needs no
// exchange for another one.
func newAgoraToken(appID, certificate string) (Token, error) {
	var salt [4]byte
	rand.Read(salt[:]) // never fails: crypto/rand
	now := time.Now()
	t := agoraToken{
		appID:  appID,
		issued: uint32(now.Unix()), // fits until 2106, as the format does
		life:   uint32(agoraTokenLife / time.Second),
		salt:   salt,
	}
	value, err := t.sign(certificate)
	return Token{Value: value, Expires: time.Unix(now.Unix(), 0).Add(agoraTokenLife)}, err
}

// agoraToken is the content of an app token.
type agoraToken struct {
	appID  string
	issued uint32  // seconds since 1970
	life   uint32  // seconds from then on, of the token and of its privilege
	salt   [4]byte // makes each token another one
}

// content packs the token. Numbers are little-endian, and texts have their
// length before them.
func (t agoraToken) content() []byte {
	le := binary.LittleEndian
	b := packed(nil, []byte(t.appID))
	b = le.AppendUint32(b, t.issued)
	b = le.AppendUint32(b, t.life)
	b = append(b, t.salt[:]...)
	b = le.AppendUint16(b, 1) // services
	b = le.AppendUint16(b, agoraServiceChat)
	b = le.AppendUint16(b, 1) // privileges
	b = le.AppendUint16(b, agoraPrivilegeApp)
	b = le.AppendUint32(b, t.life)
	return packed(b, nil) // the token is no user's
}

func packed(b, text []byte) []byte {
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(text))), text...)
}

// sign returns the token's text.
func (t agoraToken) sign(certificate string) (string, error) {
	issued := binary.LittleEndian.AppendUint32(nil, t.issued)
	key := mac(t.salt[:], mac(issued, []byte(certificate)))
	content := t.content()
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write(append(packed(nil, mac(key, content)), content...)); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return agoraVersion + base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}
