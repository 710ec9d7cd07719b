package config

import (
	"os"
	"strings"
	"unicode/utf8"
)

// read returns the value of a secret, and fails where its source has none.
func (s secret) read(a *App, getenv func(string) string) (string, error) {
	value, env, file := s.parts(a)
	given := 0
	for _, source := range []string{*value, *env, *file} {
		if source != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return "", bad("%s is given in more than one way: keep one of %s, %s_env and %s_file", s.key, s.key, s.key, s.key)
	case *env != "":
		found := getenv(*env)
		if found == "" {
			return "", bad("%s_env names the variable %s, which is not set", s.key, *env)
		}
		return found, nil
	case *file != "":
		data, err := os.ReadFile(*file)
		if err != nil {
			return "", bad("%s_file can't be read: %v", s.key, err)
		}
		text := strings.TrimPrefix(strings.TrimRight(string(data), "\r\n"), "\ufeff") // as some editors begin a file
		if text == "" {
			return "", bad("%s_file names %s, which is empty", s.key, *file)
		}
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\n") {
			return "", bad("%s_file names %s, which is not one line of UTF-8", s.key, *file)
		}
		return text, nil
	}
	return *value, nil
}

// Warning is a risk, and what would end it.
type Warning struct{ Problem, Fix string }

// Warnings tells what is risky about where the secrets of an app come from.
func (r Resolved) Warnings(configFile string) []Warning {
	var out []Warning
	for _, s := range secrets() {
		value, _, file := s.parts(&r.App)
		if *file != "" && exposed(*file) {
			out = append(out, Warning{"others on this machine can read " + *file + ", which holds a secret", "chmod 600 " + *file})
		}
		if *value != "" && configFile != "" && r.fromFile(s) {
			out = append(out, Warning{s.key + " is written in " + configFile, s.key + "_env or " + s.key + "_file keeps it out"})
			if exposed(configFile) {
				out = append(out, Warning{"others on this machine can read " + configFile, "chmod 600 " + configFile})
			}
		}
	}
	return out
}

// fromFile tells whether no variable took the place of what the file says.
func (r Resolved) fromFile(s secret) bool {
	for _, name := range r.Env {
		if name == "IMRECALL_"+strings.ToUpper(s.key) {
			return false
		}
	}
	return true
}
