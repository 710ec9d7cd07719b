package goeasy

import (
	"cmp"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/golden"
	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

const (
	testAppKey = "BC-5ec2e7f00d5ec2e7f00d5ec2e7f00d00"
	testHost   = "https://im.example.com"
)

// newClient returns a client for the time of the test, with the test's
// application where cfg names none.
func newClient(t *testing.T, cfg Config) *Client {
	t.Helper()
	cfg.AppKey = cmp.Or(cfg.AppKey, testAppKey)
	cfg.Host = cmp.Or(cfg.Host, testHost)
	cfg.Policy.Rate = cmp.Or(cfg.Policy.Rate, -1)
	cfg.Policy.Retry.Attempts = cmp.Or(cfg.Policy.Retry.Attempts, 1)
	c, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// params returns parameters that are in order.
func params() RecallParams {
	return RecallParams{GroupID: "group001", Messages: []int64{1581111111111}}
}

// newServer starts a server for the time of the test.
func newServer(t *testing.T, answer http.HandlerFunc) *vendortest.Server {
	t.Helper()
	s := vendortest.NewServer(answer)
	t.Cleanup(s.Close)
	return s
}

// mocked returns a client whose every request gets the same answer, without a
// network.
func mocked(t *testing.T, status int, header http.Header, body string) (*Client, *httpmock.MockTransport) {
	t.Helper()
	m := httpmock.NewMockTransport()
	m.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
		res := httpmock.NewStringResponse(status, body)
		res.Header = header.Clone()
		return res, nil
	})
	return newClient(t, Config{Policy: recall.Policy{Transport: m}}), m
}

// failure returns err as the *recall.Error that every error has to be.
func failure(t *testing.T, err error) *recall.Error {
	t.Helper()
	var e *recall.Error
	require.ErrorAs(t, err, &e)
	require.NotEmpty(t, e.Kind)
	return e
}

// assertHides asserts that no way of printing v, or what it wraps, shows one
// of the secrets.
func assertHides(t testing.TB, v any, secrets ...string) {
	t.Helper()
	assert.Empty(t, vendortest.Shows(v, secrets...))
}

// lastValue returns the text of a field of a JSON object.
func lastValue(t *testing.T, body []byte, name string) string {
	t.Helper()
	text, err := vendortest.LastValue(body, name)
	require.NoError(t, err)
	return text
}

// fixture reads a golden file.
func fixture(t testing.TB, name string) golden.Message {
	t.Helper()
	m, err := golden.Read(filepath.Join("testdata", name))
	require.NoError(t, err)
	return m
}

// answerOf returns a golden answer as the decoder gets it.
func answerOf(m golden.Message) rest.Answer {
	return rest.Answer{Status: m.Status, Header: m.Header, Body: m.Body, At: time.Now()}
}
