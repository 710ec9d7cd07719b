// Package config finds out for which application at which vendor a command works, and makes the client for it: from
// flags, then the environment, then a file with named applications.
package config

import (
	"strconv"
	"strings"
	"time"
)

// App is the configuration of one application. Its keys in the file are the toml tags; in the environment they are
// IMRECALL_ and the key in capitals.
type App struct {
	Vendor        string   `toml:"vendor"`
	Host          string   `toml:"host"`
	Fallbacks     []string `toml:"fallbacks"`
	HostV2        string   `toml:"host_v2"`      // netease
	FallbacksV2   []string `toml:"fallbacks_v2"` // netease
	API           string   `toml:"api"`          // netease: v1 or v2
	FormerMembers bool     `toml:"former_members"`
	Dialect       string   `toml:"dialect"`   // easemob: agora or shengwang
	AppKey        string   `toml:"app_key"`   // easemob: org#app; netease
	AppID         string   `toml:"app_id"`    // easemob: agora and shengwang
	ClientID      string   `toml:"client_id"` // easemob
	Name          string   `toml:"name"`      // goeasy: what receipts call the application
	AllowHTTP     bool     `toml:"allow_http"`
	CAFile        string   `toml:"ca_file"`          // certificates to trust besides the system's
	Timeout       duration `toml:"timeout"`          // of one attempt
	Attempts      int      `toml:"attempts"`         // of one call
	CallsPerSec   float64  `toml:"calls_per_second"` // what the vendor allows, where that is not the documented number

	AppSecret          string `toml:"app_secret"` // netease
	AppSecretEnv       string `toml:"app_secret_env"`
	AppSecretFile      string `toml:"app_secret_file"`
	ClientSecret       string `toml:"client_secret"` // easemob
	ClientSecretEnv    string `toml:"client_secret_env"`
	ClientSecretFile   string `toml:"client_secret_file"`
	AppCertificate     string `toml:"app_certificate"` // easemob: agora and shengwang
	AppCertificateEnv  string `toml:"app_certificate_env"`
	AppCertificateFile string `toml:"app_certificate_file"`
	Token              string `toml:"token"` // easemob
	TokenEnv           string `toml:"token_env"`
	TokenFile          string `toml:"token_file"`
	RestKey            string `toml:"rest_key"` // goeasy: its rest key, or its common key
	RestKeyEnv         string `toml:"rest_key_env"`
	RestKeyFile        string `toml:"rest_key_file"`
}

// duration is a time.Duration that is written as in "5s".
type duration time.Duration

// UnmarshalText reads a duration.
func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = duration(v)
	return err
}

// setting is one key of an App that flags and the environment can give too.
type setting struct {
	key string
	set func(*App, string) error
}

func settings() []setting {
	text := func(key string, field func(*App) *string) setting {
		return setting{key, func(a *App, v string) error { *field(a) = v; return nil }}
	}
	list := func(key string, field func(*App) *[]string) setting {
		return setting{key, func(a *App, v string) error { *field(a) = strings.Split(v, ","); return nil }}
	}
	flag := func(key string, field func(*App) *bool) setting {
		return setting{key, func(a *App, v string) (err error) { *field(a), err = strconv.ParseBool(v); return err }}
	}
	all := []setting{
		text("vendor", func(a *App) *string { return &a.Vendor }),
		text("host", func(a *App) *string { return &a.Host }),
		list("fallbacks", func(a *App) *[]string { return &a.Fallbacks }),
		text("host_v2", func(a *App) *string { return &a.HostV2 }),
		list("fallbacks_v2", func(a *App) *[]string { return &a.FallbacksV2 }),
		text("api", func(a *App) *string { return &a.API }),
		flag("former_members", func(a *App) *bool { return &a.FormerMembers }),
		text("dialect", func(a *App) *string { return &a.Dialect }),
		text("app_key", func(a *App) *string { return &a.AppKey }),
		text("app_id", func(a *App) *string { return &a.AppID }),
		text("client_id", func(a *App) *string { return &a.ClientID }),
		text("name", func(a *App) *string { return &a.Name }),
		flag("allow_http", func(a *App) *bool { return &a.AllowHTTP }),
		text("ca_file", func(a *App) *string { return &a.CAFile }),
		{"timeout", func(a *App, v string) error { return a.Timeout.UnmarshalText([]byte(v)) }},
		{"attempts", func(a *App, v string) (err error) { a.Attempts, err = strconv.Atoi(v); return err }},
		{"calls_per_second", func(a *App, v string) (err error) { a.CallsPerSec, err = strconv.ParseFloat(v, 64); return err }},
	}
	for _, s := range secrets() {
		all = append(all,
			setting{s.key, func(a *App, v string) error { s.replace(a, v, "", ""); return nil }},
			setting{s.key + "_env", func(a *App, v string) error { s.replace(a, "", v, ""); return nil }},
			setting{s.key + "_file", func(a *App, v string) error { s.replace(a, "", "", v); return nil }})
	}
	return all
}

// secret is a credential and where it comes from: one of the three.
type secret struct {
	key   string
	parts func(*App) (value, env, file *string)
}

// replace makes one source take the place of those that a weaker place of the configuration gave.
func (s secret) replace(a *App, value, env, file string) {
	v, e, f := s.parts(a)
	*v, *e, *f = value, env, file
}

func secrets() []secret {
	return []secret{
		{"app_secret", func(a *App) (_, _, _ *string) { return &a.AppSecret, &a.AppSecretEnv, &a.AppSecretFile }},
		{"client_secret", func(a *App) (_, _, _ *string) { return &a.ClientSecret, &a.ClientSecretEnv, &a.ClientSecretFile }},
		{"app_certificate", func(a *App) (_, _, _ *string) { return &a.AppCertificate, &a.AppCertificateEnv, &a.AppCertificateFile }},
		{"token", func(a *App) (_, _, _ *string) { return &a.Token, &a.TokenEnv, &a.TokenFile }},
		{"rest_key", func(a *App) (_, _, _ *string) { return &a.RestKey, &a.RestKeyEnv, &a.RestKeyFile }},
	}
}

func isSecret(key string) bool {
	for _, s := range secrets() {
		if s.key == key {
			return true
		}
	}
	return false
}
