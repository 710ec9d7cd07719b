package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/spelling"
)

// Error says what is wrong with the configuration, and what would mend it.
type Error struct{ Reason string }

// Error returns the reason.
func (e *Error) Error() string { return e.Reason }

func bad(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// File is a configuration file.
type File struct {
	Path       string         `toml:"-"`
	DefaultApp string         `toml:"default_app"`
	Apps       map[string]App `toml:"apps"`
}

// Names returns the names of the applications, sorted.
func (f *File) Names() []string {
	names := make([]string, 0, len(f.Apps))
	for name := range f.Apps {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Strangers returns the variables of an environment that look like settings and are none, sorted. Those that an app
// names as the source of a secret are known.
func (f *File) Strangers(environ []string) []string {
	known := map[string]bool{"IMRECALL_APP": true, "IMRECALL_CONFIG": true}
	for _, s := range settings() {
		known["IMRECALL_"+strings.ToUpper(s.key)] = true
	}
	for _, app := range f.Apps {
		for _, s := range secrets() {
			_, env, _ := s.parts(&app)
			known[*env] = true
		}
	}
	var out []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "IMRECALL_") && !known[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// DefaultPath is where the file is looked for: imrecall/config.toml in the user's folder for configurations.
func DefaultPath() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "imrecall", "config.toml")
}

// Load reads the file at path. With an empty path it is the one at DefaultPath, which need not be there. A key that it
// does not know is an error with its line.
func Load(path string) (*File, error) {
	named := path != ""
	if !named {
		path = DefaultPath()
	}
	data, err := os.ReadFile(path) // #nosec G304 -- the user names the file
	if errors.Is(err, fs.ErrNotExist) && !named {
		return &File{}, nil
	}
	if err != nil {
		return nil, bad("the configuration can't be read: %v", err)
	}
	file := &File{Path: path}
	text := strings.TrimPrefix(string(data), "\ufeff") // as some editors begin a file
	decoder := toml.NewDecoder(strings.NewReader(text)).DisallowUnknownFields()
	if err := decoder.Decode(file); err != nil {
		return nil, bad("%s: %s", path, explain(err))
	}
	if _, ok := file.Apps[file.DefaultApp]; file.DefaultApp != "" && !ok {
		return nil, bad("%s: default_app is %q, which is none of its apps", path, file.DefaultApp)
	}
	return file, nil
}

// explain tells where a file is wrong without quoting it: the line may hold a secret.
func explain(err error) string {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		row, _ := strict.Errors[0].Position()
		key := strict.Errors[0].Key()
		return fmt.Sprintf("line %d: there is no setting %s%s", row, strings.Join(key, "."), meant(key))
	}
	var syntax *toml.DecodeError
	if errors.As(err, &syntax) {
		row, column := syntax.Position()
		where := ""
		if key := syntax.Key(); len(key) > 0 {
			where = " (" + strings.Join(key, ".") + ")"
		}
		return fmt.Sprintf("line %d, column %d%s: it is not TOML of the expected form", row, column, where)
	}
	return "it is not TOML of the expected form"
}

// meant asks for the key that a misspelt one of the file is nearest to.
func meant(key []string) string {
	var known []string
	for _, s := range settings() {
		known = append(known, s.key)
	}
	switch {
	case key[0] == "apps" && len(key) == 3:
		return spelling.DidYouMean(key[2], known)
	case len(key) == 1 && slices.Contains(known, key[0]):
		return "; a setting stands below [apps.NAME]"
	}
	return spelling.DidYouMean(key[0], []string{"apps", "default_app"})
}
