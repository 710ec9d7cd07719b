package goeasytest

import (
	"net/http"

	"github.com/imrecall/imrecall/internal/emulator"
)

// answer is what every call gets, https://docs.goeasy.io/2.x/im/rest-api/recall.
type answer struct {
	Code    int    `json:"code"`
	Content string `json:"content"`
}

func succeed(w http.ResponseWriter) { write(w, http.StatusOK, "OK") }

func unauthorized(w http.ResponseWriter) { write(w, http.StatusUnauthorized, "Unauthorized") }

func parameterError(w http.ResponseWriter) { write(w, http.StatusBadRequest, "Parameter Error") }

// tooManyRequests is made up: see Server.RateLimit.
func tooManyRequests(w http.ResponseWriter) {
	write(w, http.StatusTooManyRequests, "Too Many Requests")
}

// write sends code twice: GoEasy's Java SDK tells success from failure by the HTTP status alone.
func write(w http.ResponseWriter, code int, content string) {
	emulator.WriteJSON(w, code, answer{Code: code, Content: content})
}
