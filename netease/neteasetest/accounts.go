package neteasetest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// maxAccounts is how many accounts one call asks for.
const maxAccounts = 200

// The emulator has no accounts of its own: every account that is asked for exists, and has nothing but a name.

// getUinfos is POST /nimserver/user/getUinfos.action,
// https://doc.yunxin.163.com/messaging/server-apis/zI0NzYyMDQ?platform=server. The page says that a malformed list is
// answered with 414, not in which words.
func (s *Server) getUinfos(r *http.Request) string {
	var accids []string
	err := json.Unmarshal([]byte(formOf(r).Get("accids")), &accids)
	if err != nil || len(accids) == 0 || len(accids) > maxAccounts {
		return badAccids
	}
	type uinfo struct {
		Accid string `json:"accid"`
		Valid bool   `json:"valid"`
	}
	infos := make([]uinfo, len(accids))
	for i, accid := range accids {
		infos[i] = uinfo{Accid: accid, Valid: true}
	}
	return `{"code":200,"uinfos":` + encoded(infos) + `}`
}

// accountsV2 is GET /im/v2/accounts, https://yunxin-im.apifox.cn/api-147175988. That account_ids is a list with
// commas is a guess, and so is the answer where it is missing.
func (s *Server) accountsV2(r *http.Request) string {
	ids := r.URL.Query().Get("account_ids")
	if ids == "" {
		return v2BadAccounts
	}
	type account struct {
		AccountID     string   `json:"account_id"`
		Configuration struct{} `json:"configuration"`
	}
	var found []account
	for id := range strings.SplitSeq(ids, ",") {
		found = append(found, account{AccountID: id})
	}
	return `{"code":200,"msg":"success","data":{"success_list":` + encoded(found) + `,"failed_list":[]}}`
}

func encoded(v any) string {
	data, _ := json.Marshal(v) // of strings and empty structs, which can't fail
	return string(data)
}
