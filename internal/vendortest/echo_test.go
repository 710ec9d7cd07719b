package vendortest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A client that tells all that it read is caught by each of the servers.
func TestCallEchoes(t *testing.T) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	call := func(host string) error {
		req, err := http.NewRequest(http.MethodPost, host, strings.NewReader("token="+secret))
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		var decoded struct{ Content any }
		_ = json.Unmarshal(body, &decoded) // many are no JSON
		return errors.New(string(body) + " " + fmt.Sprint(decoded.Content) + " " + resp.Header.Get("Retry-After") + " " + resp.Header.Get("Location"))
	}
	secretOf := func(r Request) string { return strings.TrimPrefix(r.Body, "token=") }
	echoed := CallEchoes(EchoesWithCode(), secretOf, call)
	assert.Greater(t, len(echoed), len(EchoesWithCode()), "and redirects")
	assert.Greater(t, len(EchoesWithCode()), len(Echoes()))
	for name, e := range echoed {
		assert.Equal(t, 1, e.Sent, name)
		assert.Equal(t, secret, e.Secret, name)
		assert.NotEmpty(t, Shows(e.Err, secret), name)
	}
}
