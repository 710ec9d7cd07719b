package rest

import (
	"crypto/rand"
	"encoding/hex"
)

// newTraceID gives the next attempt an id that the vendor has not seen.
func (r *run) newTraceID() {
	r.silent = false
	if r.call.TraceHeader == "" {
		return
	}
	r.traceID = RandomHex()
}

// RandomHex returns 32 hexadecimal digits that nobody can guess.
func RandomHex() string {
	var random [16]byte
	rand.Read(random[:]) // never fails: crypto/rand
	var digits [2 * len(random)]byte
	hex.Encode(digits[:], random[:])
	return string(digits[:])
}

// stamp puts the trace id on a request. The vendor takes a second request with
// the same id for a repetition: that is meant after silence and after a
// gateway's page, but not after the vendor itself has refused the first, and
// never where an answer is all that is wanted.
func (r *run) stamp(req *Request) {
	if r.dealtWith || r.call.Reads && r.attempts > 0 {
		r.dealtWith = false
		r.newTraceID()
	}
	if r.traceID != "" {
		req.Header[r.call.TraceHeader] = []string{r.traceID}
	}
}
