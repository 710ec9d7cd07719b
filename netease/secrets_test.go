package netease

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
)

func TestConfigAndClientAreHidden(t *testing.T) {
	cfg := Config{Host: "https://u:" + testSecret + "@h", AppKey: testAppKey, AppSecret: testSecret}
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
		assertHides(t, v, testSecret)
	}
}

// echoes are servers that repeat the whole request in an answer that becomes
// an error.
func echoes() map[string]vendortest.Echo {
	all := vendortest.EchoesWithCode()
	all["clock"] = func(w http.ResponseWriter, _ *http.Request, all string) {
		text, _ := json.Marshal("CurTime is expired " + all)
		fmt.Fprintf(w, `{"code":414,"desc":%s}`, text)
	}
	return all
}

func checkSumOf(r vendortest.Request) string { return r.Header.Get("CheckSum") }

// A server that repeats the request gets the signature into no error.
func TestEchoedSignatureIsHidden(t *testing.T) {
	call := func(host string) error {
		_, err := newClient(t, Config{Host: host}).Recall(t.Context(), params())
		return err
	}
	for name, e := range vendortest.CallEchoes(echoes(), checkSumOf, call) {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, 1, e.Sent)
			require.Regexp(t, checkSumForm, e.Secret)
			assertHides(t, e.Err, e.Secret, testSecret)
			failure(t, e.Err)
			if echoes()[name] != nil && name != "other headers" {
				assert.ErrorContains(t, e.Err, "[secret]", "the test does not reach the error")
			}
		})
	}
}

// Nothing else shows them either: refusals and receipts.
func TestOtherResultsAreHidden(t *testing.T) {
	c, transport := mocked(t, http.StatusOK, nil, `{"code":200}`)
	receipt, err := c.Recall(t.Context(), params())
	require.NoError(t, err)
	assertHides(t, receipt, testSecret, transport.headers[0].Get("CheckSum"))
	_, err = c.Recall(t.Context(), RecallParams{})
	assertHides(t, err, testSecret)
	_, err = New(Config{Host: "https://u:" + testSecret + "@h", AppKey: testAppKey, AppSecret: testSecret})
	assertHides(t, err, testSecret)

	var signature string
	c, transport = mocked(t, http.StatusOK, nil, "")
	transport.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		signature = r.Header.Get("CheckSum")
		return nil, errors.New("proxy refused " + vendortest.InOneLine(r))
	})
	_, err = c.Recall(t.Context(), params())
	assert.ErrorContains(t, err, "[secret]")
	assertHides(t, err, signature)
}

// The secret itself is never sent.
func TestSecretIsNotSent(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		assert.NotContains(t, vendortest.InOneLine(r), testSecret)
		vendortest.Answering(http.StatusOK, `{"code":200}`)(w, r)
	})
	_, err := newClient(t, Config{Host: s.URL}).Recall(t.Context(), params())
	require.NoError(t, err)
}
