package neteasetest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAccounts(t *testing.T) {
	srv := frozen(t)
	const path = "/nimserver/user/getUinfos.action"
	for accids, want := range map[string]string{
		`["t1","t2"]`: `{"code":200,"uinfos":[{"accid":"t1","valid":true},{"accid":"t2","valid":true}]}`,
		``:            `{"desc":"accids is illegal","code":414}`,
		`[]`:          `{"desc":"accids is illegal","code":414}`,
		`t1`:          `{"desc":"accids is illegal","code":414}`,
		`["` + strings.Repeat(`t","`, 200) + `t"]`: `{"desc":"accids is illegal","code":414}`,
	} {
		assert.Equal(t, want, do(t, srv, http.MethodPost, path, url.Values{"accids": {accids}}.Encode()))
	}
}

func TestAccountsV2(t *testing.T) {
	srv := frozen(t)
	for query, want := range map[string]string{
		"?account_ids=t1": `{"code":200,"msg":"success","data":{"success_list":[{"account_id":"t1","configuration":{}}],"failed_list":[]}}`,
		"":                `{"code":414,"msg":"account_ids is required"}`,
	} {
		assert.Equal(t, want, do(t, srv, http.MethodGet, "/im/v2/accounts"+query, ""))
		assert.Equal(t, want, do(t, srv, http.MethodGet, "/nimserver/im/v2/accounts"+query, ""))
	}
}
