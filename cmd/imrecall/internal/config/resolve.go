package config

import (
	"slices"
	"strings"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/spelling"
)

// Source is what a command line and an environment say.
type Source struct {
	App    string            // --app
	Flags  map[string]string // the keys of App that flags give
	Getenv func(string) string
	File   *File
}

// Resolved is the configuration of one application, and where it comes from.
type Resolved struct {
	App
	Label string   // its name in the file, or the vendor's
	Env   []string // the variables that had a say
}

// Resolve returns the configuration that holds: what flags say, then the environment, then the file.
func (s Source) Resolve() (Resolved, error) {
	name, err := s.choose()
	if err != nil {
		return Resolved{}, err
	}
	var out Resolved
	out.App = clone(s.File.Apps[name])
	fromFile := out.Vendor
	for _, set := range settings() {
		variable := "IMRECALL_" + strings.ToUpper(set.key)
		if value := s.Getenv(variable); value != "" {
			if err := set.set(&out.App, value); err != nil {
				return Resolved{}, bad("%s is not a valid %s", variable, set.key)
			}
			out.Env = append(out.Env, variable)
		}
	}
	if err := s.applyFlags(&out.App); err != nil {
		return Resolved{}, err
	}
	if fromFile != "" && out.Vendor != fromFile {
		return Resolved{}, bad("app %s is at %s, not at %s; choose another with --app", name, fromFile, out.Vendor)
	}
	out.Label = name
	if name == "" {
		out.Label = out.Vendor
	}
	return out, s.checkVendor(out.Vendor)
}

func clone(a App) App {
	a.Fallbacks, a.FallbacksV2 = slices.Clone(a.Fallbacks), slices.Clone(a.FallbacksV2)
	return a
}

func (s Source) applyFlags(app *App) error {
	for key, value := range s.Flags {
		i := slices.IndexFunc(settings(), func(set setting) bool { return set.key == key })
		switch {
		case isSecret(key):
			return bad("%s is a secret, and a command line is no place for one: others can see it, and the shell remembers it; use IMRECALL_%s, %s_file or the configuration file",
				key, strings.ToUpper(key), key)
		case i < 0:
			return bad("there is no setting %s; there are %s%s", key, strings.Join(Keys(), ", "), spelling.DidYouMean(key, Keys()))
		}
		if err := settings()[i].set(app, value); err != nil {
			return bad("%q is not a valid %s", value, key)
		}
	}
	return nil
}

// Keys returns the settings that a command line may give, sorted.
func Keys() []string {
	var keys []string
	for _, s := range settings() {
		if !isSecret(s.key) {
			keys = append(keys, s.key)
		}
	}
	slices.Sort(keys)
	return keys
}

// choose returns the name of the app to use, "" for none of the file's.
func (s Source) choose() (string, error) {
	vendor := s.Flags["vendor"]
	if vendor == "" {
		vendor = s.Getenv("IMRECALL_VENDOR")
	}
	name := s.App
	if name == "" {
		name = s.Getenv("IMRECALL_APP")
	}
	if name != "" {
		if _, ok := s.File.Apps[name]; !ok {
			return "", bad("there is no app %s in %s%s", name, s.place(), listed(s.File.Names()))
		}
		return name, nil
	}
	var fitting []string
	for _, name := range s.File.Names() {
		if vendor == "" || s.File.Apps[name].Vendor == vendor {
			fitting = append(fitting, name)
		}
	}
	if d := s.File.DefaultApp; slices.Contains(fitting, d) {
		return d, nil
	}
	switch len(fitting) {
	case 0:
		if vendor == "" {
			return "", bad("no app is configured: %s; write one there (docs/cli.md shows how), or give --vendor and its settings", s.missing())
		}
		return "", nil
	case 1:
		return fitting[0], nil
	}
	return "", bad("there are several apps: choose one with --app%s", listed(fitting))
}

func (s Source) place() string {
	if s.File.Path != "" {
		return s.File.Path
	}
	return DefaultPath()
}

// missing tells where an app was looked for.
func (s Source) missing() string {
	switch {
	case s.File.Path != "":
		return s.File.Path + " has none"
	case DefaultPath() != "":
		return "there is no " + DefaultPath()
	}
	return "--config names no file, and without HOME there is no usual place for one"
}

func listed(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// Vendors returns the vendors' names.
func Vendors() []string { return []string{"easemob", "netease", "goeasy"} }

func (s Source) checkVendor(vendor string) error {
	switch {
	case vendor == "":
		return bad("vendor is missing: it is one of %s", strings.Join(Vendors(), ", "))
	case !slices.Contains(Vendors(), vendor):
		return bad("vendor %q is none of %s", vendor, strings.Join(Vendors(), ", "))
	}
	return nil
}
