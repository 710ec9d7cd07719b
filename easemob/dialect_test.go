package easemob

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/recall"
)

const (
	theAppID       = "00112233445566778899aabbccddeeff"
	theCertificate = "f0e1d2c3b4a5968778695a4b3c2d1e0f"
)

// agora makes a Config one for Agora Chat.
func agora(cfg *Config) {
	cfg.Dialect, cfg.Token, cfg.AppID, cfg.AppCertificate = DialectAgora, "", theAppID, theCertificate
}

// inDialect makes client and emulator speak one.
func inDialect(dialect Dialect) func(*Config, *easemobtest.Server) {
	return func(cfg *Config, server *easemobtest.Server) {
		cfg.Dialect, server.Dialect = dialect, string(dialect)
		switch dialect {
		case DialectAgora:
			cfg.ClientID, cfg.ClientSecret, cfg.AppID, cfg.AppCertificate = "", "", server.AppID, server.AppCertificate
		case DialectShengwang:
			cfg.Org, cfg.App, cfg.AppID = "", "", server.AppID
		}
	}
}

func TestNewRefusesOfDialects(t *testing.T) {
	certificate := func(context.Context) (string, error) { return theCertificate, nil }
	shengwang := func(cfg *Config) { *cfg = Config{Host: "h", Dialect: DialectShengwang, AppID: "x", Token: "t"} }
	for name, test := range map[string]struct {
		field  string
		change func(*Config)
	}{
		"unknown dialect":                 {"Dialect", func(c *Config) { c.Dialect = "easemob" }},
		"easemob with an app id":          {"AppID", func(c *Config) { c.AppID = theAppID }},
		"easemob with a certificate":      {"AppCertificate", func(c *Config) { c.Token, c.AppCertificate = "", theCertificate }},
		"token beside a certificate":      {"Token", func(c *Config) { agora(c); c.Token = "t" }},
		"token beside a certificate func": {"Token", func(c *Config) { agora(c); c.Token, c.AppCertificate, c.AppCertificateFunc = "t", "", certificate }},
		"source beside a certificate":     {"TokenSource", func(c *Config) { agora(c); c.TokenSource = sourceFunc(nil) }},
		"agora without an app key":        {"Org", func(c *Config) { agora(c); c.Org = "" }},
		"agora without credentials":       {"AppID", func(c *Config) { agora(c); c.AppID, c.AppCertificate = "", "" }},
		"agora without an app id":         {"AppID", func(c *Config) { agora(c); c.AppID = "" }},
		"agora with a short app id":       {"AppID", func(c *Config) { agora(c); c.AppID = theAppID[1:] }},
		"agora with a long app id":        {"AppID", func(c *Config) { agora(c); c.AppID += "00" }},
		"agora with an odd app id":        {"AppID", func(c *Config) { agora(c); c.AppID = "g" + theAppID[1:] }},
		"agora without a certificate":     {"AppCertificate", func(c *Config) { agora(c); c.AppCertificate = "" }},
		"agora with an odd certificate":   {"AppCertificate", func(c *Config) { agora(c); c.AppCertificate = " " + theCertificate[1:] }},
		"agora with a short certificate":  {"AppCertificate", func(c *Config) { agora(c); c.AppCertificate = theCertificate[2:] }},
		"agora with two certificates":     {"AppCertificateFunc", func(c *Config) { agora(c); c.AppCertificateFunc = certificate }},
		"agora with a client secret":      {"ClientID", func(c *Config) { agora(c); c.ClientID, c.ClientSecret = "i", "s" }},
		"agora over http":                 {"AllowHTTP", func(c *Config) { agora(c); c.AllowHTTP = true }},
		"agora over http, by its host":    {"Host", func(c *Config) { agora(c); c.Host = "http://" + HostAgoraVirginia }},
		"shengwang with an app key":       {"Org", func(c *Config) { shengwang(c); c.Org, c.App = "org", "app" }},
		"shengwang with an app":           {"Org", func(c *Config) { shengwang(c); c.App = "app" }},
		"shengwang without an app id":     {"AppID", func(c *Config) { shengwang(c); c.AppID = "" }},
		"shengwang, another path":         {"AppID", func(c *Config) { shengwang(c); c.AppID = "../x" }},
		"shengwang without credentials":   {"ClientID", func(c *Config) { shengwang(c); c.Token = "" }},
		"shengwang with both kinds": {"AppCertificate", func(c *Config) {
			shengwang(c)
			c.Token, c.ClientID, c.ClientSecret, c.AppCertificate = "", "i", "s", theCertificate
		}},
		"shengwang, certificate, odd app id": {"AppID", func(c *Config) { shengwang(c); c.Token, c.AppCertificate = "", theCertificate }},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Host: HostAgoraVirginia, Org: "org", App: "app", Token: "t"}
			test.change(&cfg)
			e := assertRefused(t, cfg, test.field)
			assertHides(t, e, theCertificate)
		})
	}
}

func TestNewTakesDialects(t *testing.T) {
	certificate := func(context.Context) (string, error) { return theCertificate, nil }
	for name, test := range map[string]struct {
		cfg  Config
		want string
	}{
		"agora":                    {Config{Dialect: DialectAgora, Org: "o", App: "a", AppID: theAppID, AppCertificate: theCertificate}, "o#a"},
		"agora, upper case":        {Config{Dialect: DialectAgora, Org: "o", App: "a", AppID: strings.ToUpper(theAppID), AppCertificate: theCertificate}, "o#a"},
		"agora, certificate func":  {Config{Dialect: DialectAgora, Org: "o", App: "a", AppID: theAppID, AppCertificateFunc: certificate}, "o#a"},
		"agora, token":             {Config{Dialect: DialectAgora, Org: "o", App: "a", Token: "t"}, "o#a"},
		"shengwang, token":         {Config{Dialect: DialectShengwang, AppID: "any", Token: "t"}, "any"},
		"shengwang, client secret": {Config{Dialect: DialectShengwang, AppID: "any", ClientID: "i", ClientSecret: "s"}, "any"},
		"shengwang, certificate":   {Config{Dialect: DialectShengwang, AppID: theAppID, AppCertificate: theCertificate}, theAppID},
	} {
		t.Run(name, func(t *testing.T) {
			for _, host := range []string{HostAgoraVirginia, HostAgoraSingapore, HostAgoraFrankfurt} {
				test.cfg.Host = host
				c, err := New(test.cfg)
				require.NoError(t, err)
				assert.Equal(t, "easemob.Client{App: "+test.want+", Base: https://"+host+"}", c.String())
				assertHides(t, c, theCertificate)
			}
		})
	}
}

func TestConfigOfDialectHidesSecrets(t *testing.T) {
	cfg := Config{Dialect: DialectAgora, Host: HostAgoraVirginia, Org: "o", App: "a", AppID: theAppID, AppCertificate: theCertificate}
	assertHides(t, cfg, theCertificate)
	assertHides(t, &cfg, theCertificate)
	assert.Contains(t, cfg.String(), "Dialect: agora")
	assert.Contains(t, cfg.String(), "AppID: "+theAppID)
	cfg.AppCertificate, cfg.AppCertificateFunc = "", func(context.Context) (string, error) { return "", nil }
	assert.Contains(t, cfg.String(), "AppCertificateFunc: func")
}

// TestDialectsLack: what a dialect has not is refused without being sent, with a word on what to do instead.
func TestDialectsLack(t *testing.T) {
	for dialect, lacks := range map[Dialect]string{
		DialectEasemob:   "",
		DialectAgora:     "recall_legacy delete_roaming_chat delete_roaming_group delete_roaming_all delete_roaming_chat_until delete_roaming_group_until",
		DialectShengwang: "recall_legacy",
	} {
		for _, o := range operations() {
			t.Run(string(dialect)+"/"+o.op, func(t *testing.T) {
				c, server, requests := emulated(t, inDialect(dialect))
				server.Add(easemobtest.Message{ID: "1", To: "user2", Chat: "chat"})
				err := o.call(t.Context(), c)
				if !containsWord(lacks, o.op) {
					require.NoError(t, err)
					assert.Equal(t, 1, requests())
					return
				}
				e := failure(t, err)
				assert.Equal(t, recall.ErrUnsupported, e.Kind)
				assert.Contains(t, e.Error(), "; use ")
				assert.Zero(t, requests())
			})
		}
	}
}

func containsWord(words, word string) bool { return strings.Contains(" "+words+" ", " "+word+" ") }

func TestAgoraBatchesAreSingleCalls(t *testing.T) {
	c, server, requests := emulated(t, inDialect(DialectAgora))
	server.Add(easemobtest.Message{ID: "1", To: "user2", Chat: "chat"})
	server.Add(easemobtest.Message{ID: "2", To: "user2", Chat: "chat", SentAt: server.Now().Add(-time.Hour)})
	assert.Zero(t, c.Capabilities().Batch)
	key, limit := c.BatchKey(direct("1"))
	assert.Empty(t, key)
	assert.Equal(t, 1, limit)

	results, err := c.RecallMessages(t.Context(), []recall.Request{direct("1"), direct("2"), direct("3"), direct("1"), {}})
	require.NoError(t, err)
	assert.Equal(t, 3, requests(), "each message once")
	assert.Equal(t, recall.Recalled, results[0].Receipt.Outcome)
	require.ErrorIs(t, results[1].Err, recall.ErrWindowExpired)
	require.ErrorIs(t, results[2].Err, recall.ErrNotFound)
	assert.Equal(t, results[0].Receipt, results[3].Receipt)
	require.ErrorIs(t, results[4].Err, recall.ErrInvalidRequest)

	p := batchOf("2", "3")
	p.Msgs[0].Force, p.Msgs[1].Force, p.ExtensionInfo = true, true, "x"
	batch, err := c.RecallBatch(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, "2", batch[0].MsgID)
	require.ErrorIs(t, batch[0].Err, recall.ErrWindowExpired, "past the window and still stored: force does not help")
	assert.Equal(t, recall.Accepted, batch[1].Receipt.Outcome)
	log := server.Requests()
	body, err := io.ReadAll(log[len(log)-1].Body)
	require.NoError(t, err)
	assert.Contains(t, string(body), `"recallMessageExtensionInfo":"x"`)
}

// TestAgoraBatchEnds: what ctx leaves no time for is not sent, and what was has its result.
func TestAgoraBatchEnds(t *testing.T) {
	c, server, requests := emulated(t, inDialect(DialectAgora))
	ctx, cancel := context.WithCancel(t.Context())
	server.Intercept(nil, func(w http.ResponseWriter, r *http.Request) {
		server.Answer(w, r)
		cancel()
	})
	server.Add(easemobtest.Message{ID: "1", To: "user2", Chat: "chat"})
	results, err := c.RecallBatch(ctx, batchOf("1", "2", "3"))
	require.NoError(t, err)
	assert.Equal(t, 2, requests())
	assert.Equal(t, recall.Recalled, results[0].Receipt.Outcome)
	require.ErrorIs(t, results[2].Err, context.Canceled)
	assert.False(t, failure(t, results[2].Err).MayHaveApplied)
}

func TestShengwangSendsTheVendorsSample(t *testing.T) {
	m := readGolden(t, "shengwang_recall.answer.http")
	url, arrived := capture(t, m.Status, string(m.Body))
	c := newClient(t, func(cfg *Config) {
		cfg.Host, cfg.Dialect, cfg.Org, cfg.App, cfg.AppID, cfg.Token = url, DialectShengwang, "", "", "XXXX", "<YourAppToken>"
	})
	receipt, err := c.Recall(t.Context(), RecallParams{
		MsgID: theMessage, To: "user2", From: "user1", ChatType: ChatTypeChat, Force: true, ExtensionInfo: `{"type": "chat"}`,
	})
	require.NoError(t, err)
	assertGolden(t, readGolden(t, "shengwang_recall.request.http"), <-arrived)
	assert.Equal(t, "XXXX", receipt.App)
}

// TestShengwangTokens: the pages know two ways to come by one.
func TestShengwangTokens(t *testing.T) {
	for name, change := range map[string]func(*Config, *easemobtest.Server){
		"client secret": inDialect(DialectShengwang),
		"certificate": func(cfg *Config, server *easemobtest.Server) {
			inDialect(DialectShengwang)(cfg, server)
			cfg.ClientID, cfg.ClientSecret, cfg.AppCertificate = "", "", server.AppCertificate
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, server, _ := emulated(t, change)
			server.Add(easemobtest.Message{ID: "1", From: "user1", To: "user2", Chat: "chat"})
			results, err := c.RecallMessages(t.Context(), []recall.Request{direct("1")})
			require.NoError(t, err)
			assert.Equal(t, recall.Recalled, results[0].Receipt.Outcome)
			assert.Equal(t, server.AppID, results[0].Receipt.App)
			assert.Equal(t, name == "client secret", server.TokensIssued() == 1)
		})
	}
}

// TestAgoraTokenIsKept and made anew when half of its day is over, or when it is refused.
func TestAgoraTokenIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vendor := &vendorMock{}
		var tokens []string
		var refuse string
		vendor.recall = func(_ int, r *http.Request) (int, string) {
			tokens = append(tokens, bearer(r))
			if bearer(r) == refuse {
				return 401, errorJSON("unauthorized", "Unable to authenticate (OAuth)")
			}
			return 200, recalledJSON(theMessage)
		}
		c := newClient(t, func(cfg *Config) {
			agora(cfg)
			cfg.Policy.Transport = vendor.transport()
		})
		recallAfter := func(d time.Duration) string {
			advance(d)
			_, err := c.Recall(t.Context(), recallOf(theMessage))
			require.NoError(t, err)
			synctest.Wait()
			return tokens[len(tokens)-1]
		}
		first := recallAfter(0)
		assert.Equal(t, first, recallAfter(11*time.Hour))
		assert.Equal(t, first, recallAfter(2*time.Hour), "half of its life is over: it serves while another is made")
		second := recallAfter(0)
		assert.NotEqual(t, first, second)
		assert.Equal(t, second, recallAfter(time.Hour))
		third := recallAfter(24 * time.Hour)
		assert.NotEqual(t, second, third)
		refuse = third
		assert.NotEqual(t, third, recallAfter(0))
		assert.Len(t, tokens, 8)
		assert.Zero(t, vendor.tokens(), "no exchange")
	})
}

func TestAgoraCertificateFunc(t *testing.T) {
	current, failing := theCertificate, error(nil)
	vendor := &vendorMock{recall: func(_ int, r *http.Request) (int, string) {
		if _, genuine := openAgoraToken(t, bearer(r), current); genuine {
			return 200, recalledJSON(theMessage)
		}
		return 401, errorJSON("unauthorized", "Unable to authenticate (OAuth)")
	}}
	fresh := func() *Client {
		return newClient(t, func(cfg *Config) {
			agora(cfg)
			cfg.AppCertificate, cfg.Policy.Transport = "", vendor.transport()
			cfg.AppCertificateFunc = func(context.Context) (string, error) { return current, failing }
		})
	}
	c := fresh()
	_, err := c.Recall(t.Context(), recallOf(theMessage))
	require.NoError(t, err)
	current = strings.Repeat("0a", 16)
	receipt, err := c.Recall(t.Context(), recallOf(theMessage))
	require.NoError(t, err, "it was rotated: the refused token is made anew")
	assert.Equal(t, 2, receipt.Attempts)

	for name, test := range map[string]struct {
		value string
		err   error
		kind  recall.Kind
	}{
		"none":     {"", nil, recall.ErrUnauthorized},
		"too long": {theCertificate + "00", nil, recall.ErrMisconfigured},
		"not hex":  {"xyzxyzxyzxyzxyzxyzxyzxyzxyzxyzxy", nil, recall.ErrMisconfigured},
		"failure":  {"", errors.New("vault is sealed"), recall.ErrUnavailable},
	} {
		current, failing = test.value, test.err
		_, err := fresh().Recall(t.Context(), recallOf(theMessage))
		e := failure(t, err)
		assert.Equal(t, test.kind, e.Kind, name)
		assert.Zero(t, e.Attempts)
		if len(test.value) > 8 {
			assertHides(t, err, test.value)
		}
	}
}
