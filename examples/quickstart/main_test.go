package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob/easemobtest"
	"github.com/imrecall/imrecall/netease/neteasetest"
)

func none(string) string { return "" }

func TestOutput(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, none))
	want, err := os.ReadFile("output.txt")
	require.NoError(t, err)
	assert.Equal(t, string(want), out.String())
}

func TestRealMessage(t *testing.T) {
	easemob := easemobtest.NewServer()
	defer easemob.Close()
	easemob.Add(easemobtest.Message{ID: "1028442084794698104", From: "user1", To: "user2", Chat: "chat"})
	netease := neteasetest.NewServer()
	defer netease.Close()
	env := map[string]string{
		"EASEMOB_HOST": easemob.URL, "EASEMOB_ORG": easemob.Org, "EASEMOB_APP": easemob.App,
		"EASEMOB_CLIENT_ID": easemob.ClientID, "EASEMOB_CLIENT_SECRET": easemob.ClientSecret,
		"EASEMOB_MESSAGE_ID": "1028442084794698104", "EASEMOB_CHAT": "direct", "EASEMOB_TO": "user2",
		"NETEASE_HOST": netease.BaseURL(), "NETEASE_APP_KEY": netease.AppKey, "NETEASE_APP_SECRET": "no",
		"NETEASE_MESSAGE_ID": "42", "NETEASE_CHAT": "group", "NETEASE_FROM": "user1", "NETEASE_TO": "99",
		"NETEASE_SENT_AT": "2026-03-04T05:06:07.891+08:00",
	}
	var out bytes.Buffer
	err := run(t.Context(), &out, func(name string) string { return env[name] })
	require.EqualError(t, err, "1 of 2 messages not recalled")
	assert.Equal(t, ""+
		"VENDOR   CASE          RESULT        CODE  TEXT\n"+
		"easemob  real message  recalled      yes   -\n"+
		"netease  real message  unauthorized  414   checksum\n", out.String())
	assert.True(t, easemob.Recalled("1028442084794698104"))
}

func TestRealMessageNamesWhatIsMissing(t *testing.T) {
	env := map[string]string{"GOEASY_SENT_AT": "2026-03-04T05:06:07.891Z", "GOEASY_HOST": "h"}
	err := run(t.Context(), &bytes.Buffer{}, func(name string) string { return env[name] })
	require.EqualError(t, err, "to use goeasy, set GOEASY_CHAT, GOEASY_TO, GOEASY_APP_KEY")

	env["GOEASY_SENT_AT"] = "yesterday"
	err = run(t.Context(), &bytes.Buffer{}, func(name string) string { return env[name] })
	require.ErrorContains(t, err, "GOEASY_SENT_AT is neither a time")
}
