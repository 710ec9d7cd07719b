package easemobtest

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"
)

// Values of Server.Dialect.
const (
	Easemob   = ""
	Agora     = "agora"     // Agora Chat
	Shengwang = "shengwang" // Shengwang IM (声网)
)

// application returns the two parts of the path that name the application.
func (s *Server) application() (string, string) {
	if s.Dialect == Shengwang {
		return "app-id", s.AppID
	}
	return s.Org, s.App
}

// texts is what the dialects tell differently.
type texts struct {
	noRecipient, expired string
	forceReachesAll      bool
}

// texts: those of Agora are the ones of its documents, whose force does not reach a message that is past the
// window and still stored. The emulator stores every message for good.
func (s *Server) texts() texts {
	if s.Dialect == Agora {
		return texts{noRecipient: "can't find message to", expired: "exceed call time limit"}
	}
	return texts{noRecipient: "can't find msg to", expired: "exceed recall time limit", forceReachesAll: true}
}

// signedPrefix is how tokens begin that a client makes by itself.
const signedPrefix = "007"

// claims is what such a token says.
type claims struct {
	appID       string
	expires     time.Time
	mayCallREST bool
}

var errTruncated = errors.New("token ends early")

// readSigned reads a token of the form AccessToken2: "007" and, in base64 and compressed, the signature and what
// is signed. An error means that it is not of that form; genuine, that the signature is right.
func readSigned(value, certificate string) (c claims, genuine bool, err error) {
	packed, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(value, signedPrefix))
	if err != nil {
		return c, false, err
	}
	inflater, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return c, false, err
	}
	plain, err := io.ReadAll(io.LimitReader(inflater, 1<<16))
	if err != nil {
		return c, false, err
	}
	in := &unpacker{rest: plain}
	signature := in.text()
	body := in.rest
	c.appID = in.text()
	issued, life, salt := in.bytes(4), in.uint32(), in.bytes(4)
	if in.short {
		return c, false, errTruncated
	}
	c.expires = time.Unix(int64(binary.LittleEndian.Uint32(issued)), 0).Add(time.Duration(life) * time.Second)
	c.mayCallREST = in.chatApp()
	if in.short {
		return c, false, errTruncated
	}
	want := sum(sum(salt, sum(issued, []byte(certificate))), body)
	return c, hmac.Equal(want, []byte(signature)), nil
}

func sum(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}

// unpacker takes little-endian numbers, and texts with their length before them, from the front of a slice.
type unpacker struct {
	rest  []byte
	short bool // something was missing
}

func (u *unpacker) bytes(n int) []byte {
	if len(u.rest) < n {
		u.short = true
		return make([]byte, n)
	}
	out := u.rest[:n]
	u.rest = u.rest[n:]
	return out
}

func (u *unpacker) uint16() int    { return int(binary.LittleEndian.Uint16(u.bytes(2))) }
func (u *unpacker) uint32() uint32 { return binary.LittleEndian.Uint32(u.bytes(4)) }
func (u *unpacker) text() string   { return string(u.bytes(u.uint16())) }

// chatApp tells whether the first service is Chat (5) with the privilege of an application (2) and no user.
func (u *unpacker) chatApp() bool {
	if services := u.uint16(); services < 1 {
		return false
	}
	chat := u.uint16() == 5
	app := false
	for range u.uint16() {
		app = u.uint16() == 2 || app
		u.uint32()
		if u.short {
			return false
		}
	}
	return chat && app && u.text() == ""
}
