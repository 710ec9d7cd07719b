package goeasytest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/imrecall/imrecall/goeasy/goeasytest"
)

// The emulator speaks GoEasy's protocol, so anything that can POST can recall.
func Example() {
	srv := goeasytest.NewServer()
	defer srv.Close()
	srv.Add(goeasytest.Message{ID: "m1", From: "user001", To: "user002", SentAt: time.UnixMilli(1581111111111)})

	body := fmt.Sprintf(`{"appkey":%q,"userAId":"user002","userBId":"user001","messages":[1581111111111,1582222222222]}`, srv.AppKey)
	resp, err := http.Post(srv.URL+"/v2/im/history/recall", "application/json", strings.NewReader(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	fmt.Println(string(answer), err)
	fmt.Println("gone:", srv.Recalled("m1"))
	// Output:
	// {"code":200,"content":"OK"} <nil>
	// gone: true
}
