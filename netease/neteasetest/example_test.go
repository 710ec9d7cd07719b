package neteasetest_test

import (
	"crypto/sha1"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/imrecall/imrecall/netease/neteasetest"
)

// The emulator speaks NetEase's protocol, so anything that can sign a form and POST it can recall.
func Example() {
	srv := neteasetest.NewServer()
	defer srv.Close()
	sent := srv.Add(neteasetest.Message{ID: "10386192", From: "t1", To: "t4", Type: neteasetest.TypeP2P})

	form := url.Values{
		"deleteMsgid": {sent.ID},
		"timetag":     {strconv.FormatInt(sent.SentAt.UnixMilli(), 10)},
		"type":        {strconv.Itoa(sent.Type)},
		"from":        {sent.From},
		"to":          {sent.To},
	}
	req, err := http.NewRequest(http.MethodPost, srv.URL+"/nimserver/msg/recall.action", strings.NewReader(form.Encode()))
	if err != nil {
		fmt.Println(err)
		return
	}
	nonce, curTime := "4tgggergigwow323t23t", strconv.FormatInt(srv.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	req.Header.Set("AppKey", srv.AppKey)
	req.Header.Set("Nonce", nonce)
	req.Header.Set("CurTime", curTime)
	req.Header.Set("CheckSum", fmt.Sprintf("%x", sha1.Sum([]byte(srv.AppSecret+nonce+curTime))))
	resp, err := srv.Client().Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(string(body), err)
	fmt.Println("gone:", srv.Recalled("10386192"))
	// Output:
	// {"code":200} <nil>
	// gone: true
}
