package easemobtest

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/imrecall/imrecall/internal/emulator"
)

// endpoint answers a request to the right application: it returns either the body of a success or the
// failure to report.
type endpoint func(r *http.Request) (body any, fail *failure)

// routes lists what the emulator serves. Paths are relative to /{org}/{app}/, for which Shengwang has
// /app-id/{app_id}/: of the same form.
func (s *Server) routes() {
	all := []string{Easemob, Agora, Shengwang}
	both := []string{Easemob, Shengwang}
	s.handle(both, http.MethodPost, "token", s.issueToken)
	s.handle(all, http.MethodPost, "messages/msg_recall", s.authorized(s.recall))
	s.handle(both, http.MethodPost, "messages/batch_recall", s.authorized(s.batchRecall))
	s.handle([]string{Easemob}, http.MethodPost, "messages/recall", s.authorized(s.legacyRecall))
	s.handle(all, http.MethodGet, "users", s.authorized(s.listUsers))
	s.handle(all, http.MethodDelete, "users/{username}/user_channel", s.authorized(s.deleteConversation))
	s.handle(both, http.MethodDelete, "rest/message/roaming/chat/user/{userId}", s.authorized(s.roaming(s.chatByID)))
	s.handle(both, http.MethodDelete, "rest/message/roaming/group/user/{userId}", s.authorized(s.roaming(s.groupByID)))
	s.handle(both, http.MethodPost, "rest/message/roaming/user/{userId}/delete/all", s.authorized(s.roaming(s.allOfUser)))
	s.handle(both, http.MethodDelete, "rest/message/roaming/chat/user/{userId}/time", s.authorized(s.roaming(s.chatByTime)))
	s.handle(both, http.MethodDelete, "rest/message/roaming/group/user/{userId}/time", s.authorized(s.roaming(s.groupByTime)))
	s.mux.Handle("/{org}/{app}/{rest...}", s.inApp(noSuchURL))
	s.mux.Handle("/", s.serve(noSuchURL))
}

func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	if !emulator.Clean(r) {
		s.serve(noSuchURL).ServeHTTP(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

func noSuchURL(*http.Request) (any, *failure) { return nil, wrongURL() }

// handle serves one method of a path in some dialects, and refuses the others in Easemob's way, which is not
// the 405 of http.ServeMux.
func (s *Server) handle(dialects []string, method, relative string, e endpoint) {
	s.mux.Handle("/{org}/{app}/"+relative, s.inApp(func(r *http.Request) (any, *failure) {
		if !slices.Contains(dialects, s.Dialect) {
			return noSuchURL(r)
		}
		if r.Method != method {
			return nil, unsupportedOperation()
		}
		if fail := s.admit(relative); fail != nil {
			return nil, fail
		}
		return e(r)
	}))
}

func (s *Server) inApp(e endpoint) http.Handler {
	return s.serve(func(r *http.Request) (any, *failure) {
		org, app := s.application()
		if r.PathValue("org") != org || r.PathValue("app") != app {
			return nil, applicationNotFound(r)
		}
		return e(r)
	})
}

func (s *Server) serve(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, fail := e(r)
		if fail != nil {
			emulator.WriteJSON(w, fail.status, fail.body(s.Now().UnixMilli()))
			return
		}
		emulator.WriteJSON(w, http.StatusOK, body)
	})
}

// envelope is what Easemob wraps around the result of most calls. The order of the fields is the one on
// https://doc.easemob.com/document/server-side/message_recall_single.html and
// https://doc.easemob.com/document/server-side/conversation_delete.html. Shengwang leaves three of them out.
type envelope struct {
	Path            string      `json:"path"`
	URI             string      `json:"uri"`
	Timestamp       int64       `json:"timestamp"`
	Organization    string      `json:"organization,omitempty"`
	Application     string      `json:"application,omitempty"`
	Entities        *[]struct{} `json:"entities,omitempty"`
	Action          string      `json:"action"`
	Data            any         `json:"data"`
	Duration        int         `json:"duration"`
	ApplicationName string      `json:"applicationName,omitempty"`
}

func (s *Server) envelope(r *http.Request, data any) envelope {
	org, app := s.application()
	e := envelope{
		Path:      strings.TrimPrefix(r.URL.Path, "/"+org+"/"+app),
		URI:       scheme(r) + "://" + r.Host + r.URL.EscapedPath(),
		Timestamp: s.Now().UnixMilli(),
		Action:    strings.ToLower(r.Method),
		Data:      data,
	}
	if s.Dialect != Shengwang {
		e.Organization, e.Application, e.ApplicationName = org, applicationID, app
	}
	return e
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// decode reads the JSON body of r.
func decode[T any](r *http.Request) (T, *failure) {
	var v T
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return v, unsupportedMediaType()
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return v, jsonParse(err)
	}
	v, err = emulator.DecodeJSON[T](body)
	if mismatch := (*json.UnmarshalTypeError)(nil); errors.As(err, &mismatch) {
		return v, invalidRequestBody()
	}
	if err != nil {
		return v, jsonParse(err)
	}
	return v, nil
}
