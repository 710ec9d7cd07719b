package easemobtest

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/imrecall/imrecall/internal/emulator"
)

// endpoint answers a request to the right application: it returns either the body of a success or the
// failure to report.
type endpoint func(r *http.Request) (body any, fail *failure)

// routes lists what the emulator serves. Paths are relative to /{org}/{app}/.
func (s *Server) routes() {
	s.handle("token", http.MethodPost, s.issueToken)
	s.handle("messages/msg_recall", http.MethodPost, s.authorized(s.recall))
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

// handle serves one method of a path and refuses the others in Easemob's way, which is not the 405 of
// http.ServeMux.
func (s *Server) handle(relative, method string, e endpoint) {
	s.mux.Handle("/{org}/{app}/"+relative, s.inApp(func(r *http.Request) (any, *failure) {
		if r.Method != method {
			return nil, unsupportedOperation()
		}
		return e(r)
	}))
}

func (s *Server) inApp(e endpoint) http.Handler {
	return s.serve(func(r *http.Request) (any, *failure) {
		if r.PathValue("org") != s.Org || r.PathValue("app") != s.App {
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
// https://doc.easemob.com/document/server-side/message_recall_single.html.
type envelope struct {
	Path            string `json:"path"`
	URI             string `json:"uri"`
	Timestamp       int64  `json:"timestamp"`
	Organization    string `json:"organization"`
	Application     string `json:"application"`
	Action          string `json:"action"`
	Data            any    `json:"data"`
	Duration        int    `json:"duration"`
	ApplicationName string `json:"applicationName"`
}

func (s *Server) envelope(r *http.Request, data any) envelope {
	return envelope{
		Path:            strings.TrimPrefix(r.URL.Path, "/"+s.Org+"/"+s.App),
		URI:             scheme(r) + "://" + r.Host + r.URL.EscapedPath(),
		Timestamp:       s.Now().UnixMilli(),
		Organization:    s.Org,
		Application:     applicationID,
		Action:          strings.ToLower(r.Method),
		Data:            data,
		ApplicationName: s.App,
	}
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
