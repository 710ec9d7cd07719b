package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// getenv is an environment of pairs.
func getenv(pairs ...string) func(string) string {
	env := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return env[name] }
}

func TestEverySettingHasAnEffect(t *testing.T) {
	values := map[string]string{
		"fallbacks": "a,b", "fallbacks_v2": "c", "former_members": "true", "allow_http": "true", "timeout": "3s", "attempts": "4",
		"calls_per_second": "1.5",
	}
	for _, s := range settings() {
		value := values[s.key]
		if value == "" {
			value = "x"
		}
		var app App
		require.NoError(t, s.set(&app, value), s.key)
		assert.NotEqual(t, fmt.Sprintf("%#v", App{}), fmt.Sprintf("%#v", app), s.key)
	}
	for _, key := range []string{"former_members", "allow_http", "timeout", "attempts", "calls_per_second"} {
		for _, s := range settings() {
			if s.key == key {
				assert.Error(t, s.set(&App{}, "x"), key)
			}
		}
	}
}

func TestKeysOfTheFileAreThoseOfFlags(t *testing.T) {
	var text strings.Builder
	text.WriteString("[apps.a]\n")
	for _, s := range settings() {
		value := map[string]string{
			"fallbacks": `["a"]`, "fallbacks_v2": `["a"]`, "former_members": "true", "allow_http": "true", "timeout": `"3s"`,
			"attempts": "4", "calls_per_second": "-1",
		}[s.key]
		if value == "" {
			value = `"x"`
		}
		text.WriteString(s.key + " = " + value + "\n")
	}
	path := filepath.Join(t.TempDir(), "c.toml")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	file, err := Load(path)
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, file.Names())
	assert.Equal(t, 4, file.Apps["a"].Attempts)
	for _, key := range Keys() {
		assert.NotContains(t, []string{"app_secret", "client_secret", "app_certificate", "token", "rest_key"}, key)
	}
}

func TestFiles(t *testing.T) {
	for text, says := range map[string]string{
		"\ufeff[apps.a]\r\nvendor = \"netease\"\r\n": "", // as some editors begin a file
		"vendor = \"netease\"\n":                     "line 1: there is no setting vendor; a setting stands below [apps.NAME]",
		"default_ap = \"a\"\n":                       "line 1: there is no setting default_ap; did you mean default_app?",
	} {
		path := filepath.Join(t.TempDir(), "c.toml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := Load(path)
		if says == "" {
			assert.NoError(t, err, text)
		} else {
			assert.ErrorContains(t, err, path+": "+says)
		}
	}
}

func TestStrangers(t *testing.T) {
	file := File{Apps: map[string]App{"a": {AppSecretEnv: "IMRECALL_FEED_SECRET"}}}
	assert.Equal(t, []string{"IMRECALL_APP_SECERT", "IMRECALL_HOTS"}, file.Strangers([]string{
		"IMRECALL_HOTS=x", "IMRECALL_HOST=x", "IMRECALL_APP=a", "IMRECALL_CONFIG=c", "IMRECALL_FEED_SECRET=s", "PATH=/bin", "IMRECALL_APP_SECERT=s",
	}))
}

func TestSecretsInFiles(t *testing.T) {
	for text, want := range map[string]string{
		"abc": "abc", "abc\r\n": "abc", "\xef\xbb\xbfabc\n": "abc", "abc ": "abc ",
		"\n": "is empty", "a\x00b\x00c\x00": "is not one line of UTF-8", "\xff\xfea": "is not one line of UTF-8", "abc\ndef\n": "is not one line of UTF-8",
	} {
		path := filepath.Join(t.TempDir(), "secret")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		got, err := secrets()[0].read(&App{AppSecretFile: path}, getenv())
		if err != nil {
			got = err.Error()
			assert.NotContains(t, got, "abc")
		}
		assert.Contains(t, got, want, "%q", text)
		if err == nil {
			assert.Equal(t, want, got)
		}
	}
}

func TestOrder(t *testing.T) {
	file := &File{Path: "c.toml", Apps: map[string]App{
		"one": {Vendor: "netease", Host: "file", AppKey: "file", AppSecretFile: "file"},
		"two": {Vendor: "netease"},
	}, DefaultApp: "two"}
	source := Source{App: "one", File: file, Getenv: getenv("IMRECALL_APP_KEY", "env", "IMRECALL_HOST", "env", "IMRECALL_APP_SECRET", "env"), Flags: map[string]string{"host": "flag"}}
	got, err := source.Resolve()
	require.NoError(t, err)
	assert.Equal(t, "flag", got.Host)
	assert.Equal(t, "env", got.AppKey)
	assert.Equal(t, "env", got.AppSecret)
	assert.Empty(t, got.AppSecretFile, "a variable takes the place of the file's source")
	assert.Equal(t, []string{"IMRECALL_HOST", "IMRECALL_APP_KEY", "IMRECALL_APP_SECRET"}, got.Env)
	assert.Equal(t, "one", got.Label)
	assert.Equal(t, "file", file.Apps["one"].Host, "the file stays as it is")

	got, err = Source{File: file, Getenv: getenv()}.Resolve()
	require.NoError(t, err)
	assert.Equal(t, "two", got.Label)
	got, err = Source{File: file, Getenv: getenv("IMRECALL_APP", "one")}.Resolve()
	require.NoError(t, err)
	assert.Equal(t, "one", got.Label)
	got, err = Source{File: &File{}, Getenv: getenv(), Flags: map[string]string{"vendor": "goeasy"}}.Resolve()
	require.NoError(t, err)
	assert.Equal(t, "goeasy", got.Label)
	_, err = Source{File: &File{Apps: map[string]App{"a": {}}}, Getenv: getenv()}.Resolve()
	assert.EqualError(t, err, "vendor is missing: it is one of easemob, netease, goeasy")
}

func TestClientsOfAllKinds(t *testing.T) {
	dir := t.TempDir()
	secretFile := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(secretFile, []byte("hunter2\r\n"), 0o600))
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	hex := strings.Repeat("0a", 16)
	for name, c := range map[string]struct {
		app      App
		identity string
		says     string // empty: it works
	}{
		"easemob":            {app: App{Vendor: "easemob", Host: "h.example", AppKey: "o#a", ClientID: "c", ClientSecret: "hunter2"}, identity: "o#a"},
		"easemob token":      {app: App{Vendor: "easemob", Host: "h.example", AppKey: "o#a", TokenEnv: "SECRET"}, identity: "o#a"},
		"agora":              {app: App{Vendor: "easemob", Dialect: "agora", Host: "h.example", AppKey: "o#a", AppID: hex, AppCertificate: hex}, identity: "o#a"},
		"shengwang":          {app: App{Vendor: "easemob", Dialect: "shengwang", Host: "h.example", AppID: hex, AppCertificate: hex}, identity: hex},
		"netease":            {app: App{Vendor: "netease", Host: "h.example", AppKey: "k", AppSecretFile: secretFile}, identity: "k"},
		"netease v2":         {app: App{Vendor: "netease", API: "v2", HostV2: "h.example", AppKey: "k", AppSecret: "hunter2"}, identity: "k"},
		"goeasy":             {app: App{Vendor: "goeasy", Host: "h.example", RestKey: "hunter2"}, identity: "f52fbd32"},
		"goeasy named":       {app: App{Vendor: "goeasy", Host: "h.example", RestKey: "hunter2", Name: "shop"}, identity: "shop"},
		"no hash":            {app: App{Vendor: "easemob", Host: "h.example", AppKey: "o", ClientID: "c", ClientSecret: "hunter2"}, says: "x: app_key has the form org#app, as in the vendor's console"},
		"no client":          {app: App{Vendor: "easemob", Host: "h.example", AppKey: "o#a"}, says: "x (easemob): client_id is required, or a token instead"},
		"http":               {app: App{Vendor: "goeasy", Host: "http://h.example", RestKey: "hunter2"}, says: "x (goeasy): host is plain http, on which credentials can be read; set allow_http if that is meant"},
		"no rest key":        {app: App{Vendor: "goeasy", Host: "h.example"}, says: "x (goeasy): rest_key is required"},
		"bad rest key":       {app: App{Vendor: "goeasy", Host: "h.example", RestKey: "hunter2 "}, says: "x (goeasy): rest_key has characters that no key has"},
		"rate":               {app: App{Vendor: "goeasy", Host: "h.example", RestKey: "hunter2", Attempts: -1}, says: "x (goeasy): attempts is negative"},
		"timeout":            {app: App{Vendor: "goeasy", Host: "h.example", RestKey: "hunter2", Timeout: 5}, says: "x: timeout is 5ns, in which nobody answers; write it with a unit, as in \"5s\""},
		"empty file":         {app: App{Vendor: "goeasy", Host: "h.example", RestKeyFile: empty}, says: "rest_key_file names " + empty + ", which is empty"},
		"no file":            {app: App{Vendor: "goeasy", Host: "h.example", RestKeyFile: dir + "/none"}, says: "rest_key_file can't be read: open " + dir + "/none: no such file or directory"},
		"no certificate":     {app: App{Vendor: "goeasy", Host: "h.example", RestKey: "hunter2", CAFile: secretFile}, says: "x: ca_file " + secretFile + " holds no certificate in PEM form"},
		"no CA file":         {app: App{Vendor: "goeasy", Host: "h.example", RestKey: "hunter2", CAFile: dir + "/none"}, says: "x: ca_file can't be read: open " + dir + "/none: no such file or directory"},
		"variable not there": {app: App{Vendor: "goeasy", Host: "h.example", RestKeyEnv: "NONE"}, says: "rest_key_env names the variable NONE, which is not set"},
	} {
		resolved := Resolved{App: c.app, Label: "x"}
		client, err := resolved.NewClient(getenv("SECRET", "hunter2"))
		if c.says != "" {
			assert.EqualError(t, err, c.says, name)
			continue
		}
		if assert.NoError(t, err, name) {
			client.Close()
			assert.Equal(t, c.identity, resolved.Identity(getenv()), name)
		}
	}
}

func TestHosts(t *testing.T) {
	v1 := Resolved{App: App{Vendor: "netease", Host: "a", Fallbacks: []string{"b"}, HostV2: "c", FallbacksV2: []string{"d"}}}
	assert.Equal(t, []string{"a", "b"}, v1.Hosts())
	v1.API = "v2"
	assert.Equal(t, []string{"c", "d"}, v1.Hosts())
}

func TestDefaultPath(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	assert.True(t, strings.HasSuffix(DefaultPath(), filepath.Join("imrecall", "config.toml")))
	file, err := Load("")
	require.NoError(t, err)
	assert.Empty(t, file.Apps)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("HOME", "")
	assert.Empty(t, DefaultPath())
}

func FuzzLoad(f *testing.F) {
	f.Add("default_app = 'a'\n[apps.a]\nvendor = 'netease'\nattempts = 3\n")
	f.Add("[apps.a]\nx = 1\n[[apps]]")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "c.toml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		file, err := Load(path)
		if err != nil {
			var conf *Error
			require.ErrorAs(t, err, &conf)
			return
		}
		for _, name := range file.Names() {
			_, _ = Source{App: name, File: file, Getenv: getenv()}.Resolve()
		}
	})
}
