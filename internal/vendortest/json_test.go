package vendortest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLastValue(t *testing.T) {
	for body, want := range map[string]string{
		`{"code":200}`:                   "200",
		`{"code":"\u0032\u0030\u0030"}`:  "200",
		`{"code":1,"CODE":2}`:            "2",
		`{"a":{"code":1},"code": 1e999}`: "1e999",
		`{"a":1}`:                        "",
		`{}`:                             "",
	} {
		got, err := LastValue([]byte(body), "code")
		assert.NoError(t, err, body)
		assert.Equal(t, want, got, body)
	}
	for _, body := range []string{``, `{"code":`, `{"code":]`} {
		_, err := LastValue([]byte(body), "code")
		assert.Error(t, err, body)
	}
}
