package netease

import (
	"crypto/sha1" // the vendor's signature is SHA-1
	"encoding/hex"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/internal/rest"
)

// checkSum is the signature of a request: lower-case hex of the SHA-1 of
// secret, nonce and time, one after the other.
//
// https://doc.yunxin.163.com/messaging/server-apis/zE1NjUyNDg?platform=server
func checkSum(secret, nonce, curTime string) string {
	var buffer [128]byte // holds what most applications sign
	signed := append(append(append(buffer[:0], secret...), nonce...), curTime...)
	sum := sha1.Sum(signed)
	var digits [2 * len(sum)]byte
	hex.Encode(digits[:], sum[:])
	return string(digits[:])
}

// sign puts the headers that sign a request made now, in seconds, on req.
func (c *Client) sign(req *rest.Request, secret string, now time.Time) {
	nonce := rest.RandomHex()
	curTime := strconv.FormatInt(now.Unix(), 10)
	signature := checkSum(secret, nonce, curTime)
	values := []string{c.appKey, nonce, curTime, signature}
	for i, name := range [...]string{"Appkey", "Nonce", "Curtime", "Checksum"} {
		req.Header[name] = values[i : i+1 : i+1]
	}
	req.Secrets = append(req.Secrets, signature)
}
