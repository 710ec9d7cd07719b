package vendortest

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
)

// Echo answers a request with what it was sent: all is the whole request in
// one line, as from InOneLine.
type Echo func(w http.ResponseWriter, r *http.Request, all string)

// Echoes returns servers that repeat a request, each in another part of an
// answer that becomes an error whatever the vendor. Those of its own error
// texts are for each vendor to add.
func Echoes() map[string]Echo {
	return map[string]Echo{
		"text": func(w http.ResponseWriter, _ *http.Request, all string) { io.WriteString(w, all) },
		"HTML": func(w http.ResponseWriter, _ *http.Request, all string) {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<pre>"+all+"</pre>")
		},
		"HTML, escaped": func(w http.ResponseWriter, _ *http.Request, all string) {
			w.WriteHeader(http.StatusBadGateway)
			io.WriteString(w, "<html><pre>"+html.EscapeString(all)+"</pre></html>")
		},
		"status line": func(w http.ResponseWriter, _ *http.Request, all string) {
			answerRaw(w, "HTTP/1.1 "+strings.ReplaceAll(all, " ", "_")+"\r\n\r\n")
		},
		"no HTTP": func(w http.ResponseWriter, _ *http.Request, all string) {
			answerRaw(w, strings.ReplaceAll(all, " ", "_")+"\r\n\r\n")
		},
		"header line": func(w http.ResponseWriter, _ *http.Request, all string) {
			answerRaw(w, "HTTP/1.1 200 OK\r\n"+strings.ReplaceAll(all, ":", " ")+"\r\n\r\n")
		},
		"length": func(w http.ResponseWriter, _ *http.Request, all string) {
			answerRaw(w, "HTTP/1.1 200 OK\r\nContent-Length: "+all+"\r\n\r\n")
		},
		"encoding": func(w http.ResponseWriter, _ *http.Request, all string) {
			answerRaw(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "+all+"\r\n\r\n")
		},
		"other headers": func(w http.ResponseWriter, _ *http.Request, all string) {
			w.Header()["Date"] = []string{all}
			w.Header().Set("Retry-After", all)
			w.WriteHeader(http.StatusServiceUnavailable)
		},
	}
}

// EchoesWithCode returns Echoes, and servers that repeat a request in the
// fields of a JSON object that has a code.
func EchoesWithCode() map[string]Echo {
	echoes := Echoes()
	for name, form := range map[string]struct {
		status int
		body   string // with the request, as JSON, for each %[1]s
	}{
		"text of an error":  {http.StatusOK, `{"code":414,"desc":%[1]s,"content":%[1]s}`},
		"text of a failure": {http.StatusInternalServerError, `{"code":500,"msg":%[1]s,"content":%[1]s}`},
		"object":            {http.StatusOK, `{"code":403,"desc":{"all":%[1]s},"content":{"all":%[1]s}}`},
		"code":              {http.StatusOK, `{"code":%[1]s}`},
	} {
		echoes[name] = func(w http.ResponseWriter, _ *http.Request, all string) {
			w.WriteHeader(form.status)
			fmt.Fprintf(w, form.body, asJSON(all))
		}
	}
	echoes["escaped JSON"] = func(w http.ResponseWriter, _ *http.Request, all string) {
		var escaped strings.Builder
		for _, r := range all {
			fmt.Fprintf(&escaped, `\u%04x`, r)
		}
		fmt.Fprintf(w, `{"code":414,"desc":"%[1]s","content":"%[1]s"}`, escaped.String())
	}
	return echoes
}

func asJSON(text string) string {
	data, _ := json.Marshal(text)
	return string(data)
}

// InOneLine returns a request with its headers and body in one line.
func InOneLine(r *http.Request) string {
	dump, _ := httputil.DumpRequest(r, true)
	return strings.Join(strings.Fields(string(dump)), " ")
}

// Echoed is an error, and the secret that the server put into its answer.
type Echoed struct {
	Err    error
	Secret string
	Sent   int // how many requests the server got
}

// CallEchoes makes a call to a server of each of the echoes, and to some that
// redirect to where the secret is in the URL. secretOf finds it in a request;
// an echo begins with it, so that an excerpt holds it.
func CallEchoes(echoes map[string]Echo, secretOf func(Request) string, call func(host string) error) map[string]Echoed {
	out := map[string]Echoed{}
	run := func(name string, answer http.HandlerFunc) {
		s := NewServer(answer)
		defer s.Close()
		e := Echoed{Err: call(s.URL)}
		if got := s.Requests(); len(got) > 0 {
			e.Secret, e.Sent = secretOf(got[0]), len(got)
		}
		out[name] = e
	}
	for name, echo := range echoes {
		run(name, func(w http.ResponseWriter, r *http.Request) {
			secret := secretOf(read(r))
			echo(w, r, secret+" "+InOneLine(r))
		})
	}
	for _, location := range []string{
		"https://evil.example.com/%s", "https://evil.example.com/?k=%s", "https://%s.example.com/", "https://u:%s@evil.example.com/",
		"https://%s@evil.example.com/", "//%s/", "/%s", "https://evil.example.com/#%s", "://%s", "%s://evil.example.com/",
	} {
		run("redirect to "+location, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", fmt.Sprintf(location, secretOf(read(r))))
			w.WriteHeader(http.StatusTemporaryRedirect)
		})
	}
	return out
}
