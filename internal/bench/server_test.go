package bench

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
)

// What the vendors answer. The messages are all the same one.
const (
	easemobToken  = `{"access_token":"YWMtQ2VZ7mQhEe2xc","expires_in":5184000,"application":"8be024f0-e978-11e8-b697-5d598d5f8402"}`
	easemobRecall = `{"path":"/messages/msg_recall","uri":"https://a1.easemob.com/acme/chat/messages/msg_recall",` +
		`"timestamp":1700000000123,"organization":"acme","application":"8be024f0-e978-11e8-b697-5d598d5f8402",` +
		`"action":"post","data":{"recalled":"yes","chattype":"chat","from":"admin","to":"bob","msg_id":"` + messageID + `"},` +
		`"duration":8,"applicationName":"chat"}`
	neteaseRecall = `{"code":200}`
	goeasyRecall  = `{"code":200,"content":"OK"}`
)

// serve runs the vendors' servers, says where on stdout, and ends with stdin.
func serve(stdin io.Reader, stdout io.Writer) {
	mux := http.NewServeMux()
	answer(mux, "/acme/chat/token", "application/json", easemobToken)
	answer(mux, "/acme/chat/messages/msg_recall", "application/json", easemobRecall)
	answer(mux, "/nimserver/msg/recall.action", "application/json; charset=utf-8", neteaseRecall)
	answer(mux, "/v2/im/history/recall", "application/json", goeasyRecall)
	plain := httptest.NewServer(mux)
	defer plain.Close()
	encrypted := httptest.NewUnstartedServer(mux)
	encrypted.Config.ErrorLog = log.New(io.Discard, "", 0) // clients hang up in the middle of handshakes
	encrypted.StartTLS()
	defer encrypted.Close()
	at := addresses{HTTP: plain.URL, HTTPS: encrypted.URL, Certificate: encrypted.Certificate().Raw}
	json.NewEncoder(stdout).Encode(at)
	io.Copy(io.Discard, stdin) // also where nobody read the line above
}

// answer makes mux answer every request for path with body, having read it.
func answer(mux *http.ServeMux, path, contentType, body string) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, body)
	})
}
