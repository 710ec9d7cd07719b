// Three ways to test code that recalls.
//
//   - A Fake tests your own code: each outcome by one line, no network, no wait.
//     Most tests of an application are of this kind.
//   - httpmock tests your code and a vendor's client together against one answer
//     of the vendor's, byte for byte: one that you have seen in production, say.
//   - An emulator tests them against a vendor that checks credentials and keeps
//     messages: that what you configure and store is what the vendor needs, and
//     that the right message is gone in the end.
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/netease/neteasetest"
	"github.com/imrecall/imrecall/recall"
	"github.com/imrecall/imrecall/recall/recalltest"
)

const flagged = `{"message_id":"1","chat":"direct","from":"user1","to":"user2"}`

// deadline is that of the tests with a Fake, in which nothing takes time.
const deadline = 800 * time.Millisecond

func post(f flags, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/flags", strings.NewReader(body)))
	return w
}

// With a Fake, a whole test is this.
func TestTooOld(t *testing.T) {
	var fake recalltest.Fake
	fake.Next(recalltest.Answer{Err: recall.ErrWindowExpired})
	w := post(flags{&fake, deadline}, flagged)
	if want := `{"verdict":"refused","reason":"window_expired"}` + "\n"; w.Body.String() != want {
		t.Errorf("got %s", w.Body)
	}
	if sent := fake.Requests(); len(sent) != 1 || sent[0].MessageID != "1" {
		t.Errorf("sent %+v", sent)
	}
}

func TestVerdictsWithAFake(t *testing.T) {
	for want, scripted := range map[string]recalltest.Answer{
		`200 {"verdict":"gone"}`:                            {},
		`202 {"verdict":"pending","reason":"accepted"}`:     {Outcome: recall.Accepted},
		`202 {"verdict":"pending","reason":"already_gone"}`: {Outcome: recall.AlreadyGone},
		`409 {"verdict":"not_found"}`:                       {Err: recall.ErrNotFound},
		`503 {"verdict":"refused","reason":"rate_limited"}`: {Err: recall.ErrRateLimited},
		`504 {"verdict":"unknown","reason":"unavailable"}`:  {Err: &recall.Error{Kind: recall.ErrUnavailable, MayHaveApplied: true}},
		`504 {"verdict":"unknown","reason":"canceled"}`:     {Latency: recalltest.Forever},
		`503 {"verdict":"refused","reason":"unavailable"}`:  {Err: assert.AnError},
	} {
		t.Run(want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // the deadline of 800 ms takes no time
				var fake recalltest.Fake
				fake.Next(scripted)
				begin := time.Now()
				w := post(flags{&fake, deadline}, flagged)
				assert.Equal(t, want+"\n", fmt.Sprint(w.Code, " ", w.Body))
				assert.LessOrEqual(t, time.Since(begin), deadline)
				assert.Equal(t, begin.Add(deadline), fake.Calls()[0].Deadline)
			})
		})
	}
}

// A fake that has a vendor's capabilities refuses what that vendor would
// refuse, so that a handler which forgets a field is found out.
func TestFieldThatTheVendorNeeds(t *testing.T) {
	fake := recalltest.Fake{As: recall.Capabilities{Needs: []string{"MessageID", "SentAt"}}}
	assert.JSONEq(t, `{"verdict":"refused","reason":"invalid_request"}`, post(flags{&fake, deadline}, flagged).Body.String())
	assert.Empty(t, fake.Calls())
}

func TestAnswerOfTheVendorWithHTTPMock(t *testing.T) {
	transport := httpmock.NewMockTransport()
	transport.RegisterResponder("POST", "https://api.yunxinapi.com/nimserver/msg/recall.action",
		httpmock.NewStringResponder(http.StatusOK, `{"desc":"Message recall time exceeded","code":508}`))
	client, err := netease.New(netease.Config{
		Host: netease.HostChina, AppKey: "key", AppSecret: "secret", Policy: recall.Policy{Transport: transport},
	})
	require.NoError(t, err)
	defer client.Close()
	assert.JSONEq(t, `{"verdict":"refused","reason":"window_expired"}`, post(flags{client, time.Minute}, flagged).Body.String())
}

func TestMessageIsGoneWithAnEmulator(t *testing.T) {
	server := neteasetest.NewServer()
	defer server.Close()
	server.Add(neteasetest.Message{ID: "1", From: "user1", To: "user2", Type: neteasetest.TypeP2P})
	client, err := netease.New(netease.Config{
		Host: server.BaseURL(), AppKey: server.AppKey, AppSecret: server.AppSecret,
	})
	require.NoError(t, err)
	defer client.Close()
	assert.JSONEq(t, `{"verdict":"pending","reason":"accepted"}`, post(flags{client, time.Minute}, flagged).Body.String())
	assert.True(t, server.Recalled("1"))
}

func TestBodyThatIsNoMessage(t *testing.T) {
	var fake recalltest.Fake
	assert.Equal(t, http.StatusBadRequest, post(flags{&fake, deadline}, `{`).Code)
	assert.Empty(t, fake.Calls())
}
