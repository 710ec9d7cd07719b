// Package acmechattest is AcmeChat itself, in memory: a server on loopback that
// checks its key, knows messages and lets those of the last 5 minutes be
// recalled. It shares no code with the client, so that both can't have the same
// mistake.
package acmechattest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Window is how long a message can be recalled.
const Window = 5 * time.Minute

// Server is the vendor. Set Key and Hook before the first request.
type Server struct {
	*httptest.Server
	Key  string
	Hook http.HandlerFunc // answers in the vendor's place, where it is not nil

	mu       sync.Mutex
	messages map[string]Message
	requests int
}

// Message is a message that the server holds.
type Message struct {
	ID, Chat, To string
	SentAt       time.Time

	recalled bool
}

// NewServer starts a server.
func NewServer() *Server {
	s := &Server{Key: "demo-key", messages: make(map[string]Message)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/recalls", s.recall)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests++
		s.mu.Unlock()
		if s.Hook != nil {
			s.Hook(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	return s
}

// Add puts a message on the server.
func (s *Server) Add(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages[m.ID] = m
}

// Recalled says whether the message was recalled.
func (s *Server) Recalled(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages[id].recalled
}

// Requests returns how many requests came.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

type answer struct {
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	Code    string `json:"code,omitempty"`
	Text    string `json:"text,omitempty"`
}

func (s *Server) recall(w http.ResponseWriter, r *http.Request) {
	status, a := s.answer(r)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a) // a client that has gone is not the vendor's concern
}

func (s *Server) answer(r *http.Request) (int, answer) {
	var req struct{ Message, Chat, To string }
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		return http.StatusBadRequest, answer{Code: "bad_request", Text: "the body is not JSON"}
	}
	if r.Header.Get("Authorization") != "Bearer "+s.Key {
		return http.StatusUnauthorized, answer{Code: "bad_key", Text: "who are you?"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, known := s.messages[req.Message]
	switch {
	case !known || m.recalled || m.Chat != req.Chat || m.To != req.To:
		return http.StatusNotFound, answer{Code: "unknown_message", Text: "no such message"}
	case time.Since(m.SentAt) > Window:
		return http.StatusForbidden, answer{Code: "too_old", Text: "the 5 minutes are over"}
	}
	m.recalled = true
	s.messages[m.ID] = m
	return http.StatusOK, answer{Status: "recalled", Message: m.ID}
}
