package emulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// The functions below make hooks for Intercept. Where a hook takes the vendor's answer, that is the one which gives
// the vendor's own answer to a request, and whatever the request asks for takes effect.

// Delay lets the vendor answer after d, in real time. If the client gives up before, nothing takes effect.
func Delay(vendor http.HandlerFunc, d time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if pause(r, d) {
			vendor(w, r)
		}
	}
}

// DelayAnswer lets the vendor act at once, and sends its answer after d, in real time.
func DelayAnswer(vendor http.HandlerFunc, d time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer := answerOf(vendor, r)
		if pause(r, d) {
			answer.head(w)
			_, _ = w.Write(answer.body)
		}
	}
}

// Trickle lets the vendor act at once, and sends the body of its answer byte by byte with a pause of d, in real time,
// before each.
func Trickle(vendor http.HandlerFunc, d time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer := answerOf(vendor, r)
		answer.head(w)
		flush := http.NewResponseController(w).Flush
		for i := range answer.body {
			if flush() != nil || !pause(r, d) {
				return
			}
			_, _ = w.Write(answer.body[i : i+1])
		}
	}
}

// CutBefore closes the connection. Nothing takes effect.
func CutBefore() http.HandlerFunc { return func(w http.ResponseWriter, _ *http.Request) { cut(w) } }

// CutAfter lets the vendor act, and closes the connection in place of an answer.
func CutAfter(vendor http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answerOf(vendor, r)
		cut(w)
	}
}

// Respond answers with a status and a body in the vendor's place. Nothing takes effect. What is JSON is sent as such,
// and anything else as what net/http takes it for.
func Respond(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if json.Valid([]byte(body)) {
			Write(w, status, body)
			return
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// pause waits for d, and says whether the client is still there then.
func pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// cut closes the connection. Where that can't be done, as with HTTP/2, the client is told: it must not take what
// net/http sends instead, an empty 200, for the fault.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, errors.Join(errors.New("the emulator can't cut this connection"), err).Error(), http.StatusInternalServerError)
		return
	}
	_ = conn.Close()
}

// recorded is an answer that is not sent yet.
type recorded struct {
	status int
	header http.Header
	body   []byte
}

func answerOf(vendor http.HandlerFunc, r *http.Request) recorded {
	w := httptest.NewRecorder()
	vendor(w, r)
	return recorded{w.Code, w.Header(), w.Body.Bytes()}
}

// head sends all but the body.
func (a recorded) head(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
}
