package easemobtest_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestUsers(t *testing.T) {
	srv := frozen(t)
	token := bearer(t, srv)
	const path = "/demo-org/demo-app/users"
	none := `{"action":"get","path":"/users","uri":"` + srv.URL + path + `","entities":[],"timestamp":` +
		strconv.Itoa(nowMillis) + `,"duration":0,"count":0}`
	for query, want := range map[string]string{
		"": none, "?limit=1": none, "?limit=100": none,
		"?limit=0":   failed("illegal_argument", "this is an invalid request."),
		"?limit=101": failed("illegal_argument", "this is an invalid request."),
		"?limit=x":   failed("illegal_argument", "this is an invalid request."),
	} {
		_, body := send(t, srv, http.MethodGet, path+query, "", token...)
		assert.Equal(t, want, body, query)
	}
	status, _ := send(t, srv, http.MethodGet, path, "")
	assert.Equal(t, http.StatusUnauthorized, status)
	status, body := send(t, srv, http.MethodDelete, path+"?limit=1", "", token...)
	assert.Equal(t, http.StatusInternalServerError, status, "the deletion of users is not emulated")
	assert.Equal(t, failed("unsupported_service_operation", "Service operation not supported"), body)
}
