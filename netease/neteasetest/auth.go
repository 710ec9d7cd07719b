package neteasetest

import (
	"crypto/sha1"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	maxNonce = 128 // characters
	maxSkew  = 5 * time.Minute
)

// dialect is how a version of the API refuses a request, and in which header it takes the id of a request.
type dialect struct {
	idHeader                                                        string
	badAppKey, badNonce, badCurTime, badCheckSum, repeated, tooFast string
}

func dialectV1() dialect {
	return dialect{"RequestId", badAppKey, badNonce, badCurTime, badCheckSum, repeated, tooFast}
}

func dialectV2() dialect {
	return dialect{"X-Custom-Traceid", v2BadAppKey, v2BadNonce, v2BadCurTime, v2BadCheckSum, v2Repeated, v2TooFast}
}

// authenticate checks the headers that every call carries and returns the body of the refusal, or "" if
// there is nothing to refuse. See https://doc.yunxin.163.com/messaging/server-apis/zE1NjUyNDg?platform=server.
func (s *Server) authenticate(h http.Header, d dialect) string {
	nonce, curTime := h.Get("Nonce"), h.Get("CurTime")
	switch {
	case h.Get("AppKey") != s.AppKey:
		return d.badAppKey
	case nonce == "" || utf8.RuneCountInString(nonce) > maxNonce:
		return d.badNonce
	case !s.current(curTime):
		return d.badCurTime
	case h.Get("CheckSum") != checkSum(s.AppSecret, nonce, curTime):
		return d.badCheckSum
	case !s.firstSeen(h.Get(d.idHeader)):
		return d.repeated
	}
	return ""
}

func (s *Server) current(curTime string) bool {
	seconds, err := strconv.ParseInt(curTime, 10, 64)
	return err == nil && s.Now().Sub(time.Unix(seconds, 0)).Abs() <= maxSkew
}

// checkSum uses SHA-1 because NetEase's protocol does.
func checkSum(secret, nonce, curTime string) string {
	h := sha1.New()
	_, _ = io.WriteString(h, secret+nonce+curTime)
	return hex.EncodeToString(h.Sum(nil))
}

// firstSeen notes the id of a request and says whether it is new. Calls without one are never taken for repeated.
func (s *Server) firstSeen(requestID string) bool {
	if requestID == "" {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requestIDs.add(requestID)
}

// maxRequestIDs is how many ids of requests are remembered. For how long NetEase does is not documented.
const maxRequestIDs = 100_000

// recent is a set that forgets its oldest text when it is full.
type recent struct {
	size  int
	known map[string]bool
	order []string // a ring once it is full
	next  int      // where in order the next one goes then
}

func newRecent(size int) *recent { return &recent{size: size, known: make(map[string]bool)} }

// add says whether text is new.
func (r *recent) add(text string) bool {
	if r.known[text] {
		return false
	}
	r.known[text] = true
	if len(r.order) < r.size {
		r.order = append(r.order, text)
		return true
	}
	delete(r.known, r.order[r.next])
	r.order[r.next] = text
	r.next = (r.next + 1) % r.size
	return true
}
