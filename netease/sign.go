package netease

import (
	"crypto/rand"
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
	sum := sha1.Sum([]byte(secret + nonce + curTime))
	return hex.EncodeToString(sum[:])
}

// sign puts the headers that sign a request made now, in seconds, on req.
func (c *Client) sign(req *rest.Request, secret string, now time.Time) {
	var random [16]byte
	rand.Read(random[:]) // never fails: crypto/rand
	nonce := hex.EncodeToString(random[:])
	curTime := strconv.FormatInt(now.Unix(), 10)
	signature := checkSum(secret, nonce, curTime)
	values := []string{c.appKey, nonce, curTime, signature}
	for i, name := range [...]string{"Appkey", "Nonce", "Curtime", "Checksum"} {
		req.Header[name] = values[i : i+1 : i+1]
	}
	req.Secrets = append(req.Secrets, signature)
}
