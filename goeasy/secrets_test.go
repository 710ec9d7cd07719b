package goeasy

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
)

func TestConfigAndClientAreHidden(t *testing.T) {
	cfg := Config{Host: "https://u:" + testAppKey + "@h", AppKey: testAppKey}
	c := newClient(t, Config{})
	type holder struct {
		Config  Config
		Pointer *Config
		Client  *Client
		Any     any
	}
	for _, v := range []any{
		cfg, &cfg,
		[]Config{cfg},
		map[string]Config{"a": cfg},
		holder{cfg, &cfg, c, cfg},
		&holder{cfg, &cfg, c, &cfg},
		c,
		[]*Client{c},
		*c,
	} {
		assertHides(t, v, testAppKey)
	}
}

// keyOf returns the key as it is written in a request's body.
func keyOf(r vendortest.Request) string {
	_, rest, _ := strings.Cut(r.Body, `"appkey":"`)
	key, _, _ := strings.Cut(rest, `"`)
	return key
}

// A server that repeats the request gets the key into no error.
func TestEchoedKeyIsHidden(t *testing.T) {
	echoes := vendortest.EchoesWithCode()
	call := func(host string) error {
		_, err := newClient(t, Config{Host: host}).Recall(t.Context(), params())
		return err
	}
	for name, e := range vendortest.CallEchoes(echoes, keyOf, call) {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, 1, e.Sent)
			require.Equal(t, testAppKey, e.Secret)
			assertHides(t, e.Err, testAppKey)
			failure(t, e.Err)
			if echoes[name] != nil && name != "other headers" {
				assert.ErrorContains(t, e.Err, "[secret]", "the test does not reach the error")
			}
		})
	}
}

// Nothing else shows it either: refusals and receipts.
func TestOtherResultsAreHidden(t *testing.T) {
	c, _ := mocked(t, http.StatusOK, nil, `{"code":200,"content":"OK"}`)
	receipt, err := c.Recall(t.Context(), params())
	require.NoError(t, err)
	assertHides(t, receipt, testAppKey)
	_, err = c.Recall(t.Context(), RecallParams{})
	assertHides(t, err, testAppKey)
	_, err = New(Config{Host: "https://u:" + testAppKey + "@h", AppKey: testAppKey})
	assertHides(t, err, testAppKey)
	c, m := mocked(t, http.StatusOK, nil, "")
	m.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		return nil, errors.New("proxy refused " + vendortest.InOneLine(r))
	})
	_, err = c.Recall(t.Context(), params())
	assert.ErrorContains(t, err, "[secret]")
	assertHides(t, err, testAppKey)
}
