package netease

import (
	"crypto/rand"
	"crypto/sha1" // the vendor's signature is SHA-1
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// checkSum is the signature of a request: lower-case hex of the SHA-1 of
// secret, nonce and time, one after the other.
//
// https://doc.yunxin.163.com/messaging/server-apis/zE1NjUyNDg?platform=server
func checkSum(secret, nonce, curTime string) string {
	sum := sha1.Sum([]byte(secret + nonce + curTime))
	return hex.EncodeToString(sum[:])
}

// credentials returns the headers that sign a request made now, in seconds,
// and the signature among them.
func (c *Client) credentials(secret string, now time.Time) (http.Header, string) {
	var random [16]byte
	rand.Read(random[:]) // never fails: crypto/rand
	nonce := hex.EncodeToString(random[:])
	curTime := strconv.FormatInt(now.Unix(), 10)
	signature := checkSum(secret, nonce, curTime)
	return http.Header{
		"Appkey":   {c.appKey},
		"Nonce":    {nonce},
		"Curtime":  {curTime},
		"Checksum": {signature},
	}, signature
}
