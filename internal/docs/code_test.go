package docs

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	// The Go blocks use them. Imported here, a change to one of them runs these tests again instead of using a cached
	// result.
	_ "github.com/imrecall/imrecall/easemob/easemobtest"
	_ "github.com/imrecall/imrecall/goeasy/goeasytest"
	_ "github.com/imrecall/imrecall/netease/neteasetest"
)

// TestGoBlocksCompile compiles every Go block of every page, and vets it. Only the changelog may show code of the past,
// and a block that quotes a file of this module is compiled there; see TestQuotedFilesAreComplete.
//
// A block that begins with a package clause is a file. It is a test where the package's name ends in _test or where it
// imports testing.
//
// Any other block is either declarations or, if it can't be that, the body of a function. It can do without what would
// distract a reader:
//
//   - imports: the packages in packagePaths are imported where they are used;
//   - what came before: ctx, provider and the other names in parameters are declared where they are used;
//   - using the variables that it declares;
//   - the results of the function around it: after "return err" it returns an error, after "return receipt, err" both.
func TestGoBlocksCompile(t *testing.T) {
	var all []page
	for _, p := range pages(t, root) {
		if path.Base(p.name) != "CHANGELOG.md" {
			all = append(all, p)
		}
	}
	assert.Empty(t, compile(t, all))
}

func TestGoBlocksAreFormatted(t *testing.T) {
	for _, p := range pages(t, root) {
		for _, b := range p.blocks {
			if b.lang != "go" {
				continue
			}
			formatted, err := format.Source([]byte(b.text))
			if assert.NoError(t, err, "%s:%d", p.name, b.line) {
				assert.Equal(t, string(formatted), b.text, "%s:%d", p.name, b.line)
			}
		}
	}
}

const modulePath = "github.com/imrecall/imrecall"

// packagePaths are the packages that a block may use without importing them.
var packagePaths = byName(
	"context", "crypto/sha1", "encoding/hex", "encoding/json", "errors", "fmt", "io", "iter", "log", "log/slog", "maps",
	"net/http", "net/http/httptest", "net/url", "os", "slices",
	"strconv", "strings", "sync", "testing", "time",
	modulePath+"/recall", modulePath+"/recall/recalltest",
	modulePath+"/easemob", modulePath+"/easemob/easemobtest",
	modulePath+"/netease", modulePath+"/netease/neteasetest",
	modulePath+"/goeasy", modulePath+"/goeasy/goeasytest",
	"github.com/jarcoal/httpmock", "github.com/stretchr/testify/assert", "github.com/stretchr/testify/require",
)

func byName(paths ...string) map[string]string {
	names := make(map[string]string, len(paths))
	for _, p := range paths {
		names[path.Base(p)] = p
	}
	return names
}

// parameters are the names that the body of a function may use without declaring them.
var parameters = map[string]string{
	"ctx":      "context.Context",
	"t":        "*testing.T",
	"provider": "recall.Provider",
	"request":  "recall.Request",
	"req":      "recall.Request",
	"requests": "[]recall.Request",
	"receipt":  "recall.Receipt",
	"err":      "error",
}

// compile returns what the compiler and vet have to say about the Go blocks of pages, with the lines of the pages. It
// does so in a module of its own, as a user of this one would, and without the network: it needs what this module needs.
func compile(t *testing.T, pages []page) string {
	t.Helper()
	dir := t.TempDir()
	writeModule(t, dir)
	for _, p := range pages {
		for i, b := range p.blocks {
			if b.lang != "go" || b.from != "" {
				continue
			}
			source := goFile(p.name, b)
			name := "block.go"
			if isTest(source) {
				name = "block_test.go"
			}
			folder := filepath.Join(dir, strings.NewReplacer("/", "_", ".", "_", "-", "_").Replace(p.name), fmt.Sprint(i))
			require.NoError(t, os.MkdirAll(folder, 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(source), 0o644))
		}
	}
	// A body ends where it returns, but what is put after it does not.
	vet := exec.CommandContext(t.Context(), "go", "vet", "-unreachable=false", "./...")
	vet.Dir = dir
	vet.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off")
	out, err := vet.CombinedOutput()
	if err == nil {
		return ""
	}
	return string(out) + err.Error()
}

func writeModule(t *testing.T, dir string) {
	t.Helper()
	absolute, err := filepath.Abs(root)
	require.NoError(t, err)
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	mod = bytes.Replace(mod, []byte("module "+modulePath), []byte("module example.com/docs"), 1)
	mod = fmt.Appendf(mod, "\nrequire %s v0.0.0\n\nreplace %s => %q\n", modulePath, modulePath, absolute)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), mod, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644))
}

func isTest(source string) bool {
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.ImportsOnly)
	return err == nil && (strings.HasSuffix(file.Name.Name, "_test") ||
		slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"testing"` }))
}

// goFile makes a file of a block.
func goFile(pageName string, b block) string {
	code := fmt.Sprintf("//line %s:%d\n%s", pageName, b.line, b.text)
	if parses(code) {
		return code
	}
	if declarations := "package snippet\n\n" + code; parses(declarations) {
		return imported(declarations, code, undefined(declarations))
	}
	body := func(params, results, code, end string) string {
		return "package snippet\n\nfunc _(" + params + ") " + results + " {\n" + code + end + "}\n"
	}
	names := undefined(body("", "", code, ""))
	var params []string
	for _, name := range slices.Clone(names) {
		if typ, ok := parameters[name]; ok {
			params = append(params, name+" "+typ)
			names = append(names, strings.TrimPrefix(typ[:max(strings.Index(typ, "."), 0)], "*"))
		}
	}
	results, end := ending(body("", "", code, ""))
	if strings.Contains(results, "recall.") {
		names = append(names, "recall")
	}
	whole := body(strings.Join(params, ", "), results, code, end)
	return imported(whole, strings.TrimPrefix(whole, "package snippet\n\n"), names)
}

// imported puts the imports of the packages among names in front of rest, unless whole has imports of its own.
func imported(whole, rest string, names []string) string {
	file, err := parser.ParseFile(token.NewFileSet(), "", whole, parser.ImportsOnly)
	if err == nil && len(file.Imports) > 0 {
		return whole
	}
	paths := map[string]bool{}
	for _, name := range names {
		if p, ok := packagePaths[name]; ok {
			paths[p] = true
		}
	}
	out := "package snippet\n\n"
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		out += fmt.Sprintf("import %q\n", p)
	}
	return out + rest
}

func parses(source string) bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
	return err == nil
}

// undefined returns the names that a file uses and does not declare.
func undefined(source string) []string {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil // the compiler will say what is wrong with it
	}
	var names []string
	config := types.Config{Error: func(err error) {
		if e, ok := errors.AsType[types.Error](err); ok && strings.HasPrefix(e.Msg, "undefined: ") {
			names = append(names, strings.TrimPrefix(e.Msg, "undefined: "))
		}
	}}
	_, _ = config.Check("snippet", files, []*ast.File{file}, nil)
	slices.Sort(names)
	return slices.Compact(names)
}

// ending returns the results that a function needs for the return statements of its body, and what follows the body: a
// use of every variable that it declares, and an end that needs no results.
func ending(source string) (results, end string) {
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
	if err != nil {
		return "", ""
	}
	body := file.Decls[0].(*ast.FuncDecl).Body
	for _, stmt := range body.List {
		for _, name := range declared(stmt) {
			if name != "_" {
				end += "_ = " + name + "\n"
			}
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok {
			results = []string{"", "error", "(recall.Receipt, error)"}[min(len(r.Results), 2)]
		}
		_, isFunc := n.(*ast.FuncLit)
		return !isFunc
	})
	if results != "" {
		end += "panic(\"the end\")\n"
	}
	return results, end
}

func declared(stmt ast.Stmt) []string {
	var names []string
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		for _, left := range s.Lhs {
			if name, ok := left.(*ast.Ident); ok && s.Tok == token.DEFINE {
				names = append(names, name.Name)
			}
		}
	case *ast.DeclStmt:
		decl, ok := s.Decl.(*ast.GenDecl)
		if !ok || decl.Tok != token.VAR {
			return nil
		}
		for _, spec := range decl.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				names = append(names, name.Name)
			}
		}
	}
	return names
}

func TestBlocksThatDoNotCompileAreFound(t *testing.T) {
	good, bad := readPage(t, "testdata", "testdata/good.md"), readPage(t, "testdata", "testdata/bad.md")
	assert.Empty(t, compile(t, []page{good, readPage(t, "testdata", "testdata/conventions.md")}))
	said := compile(t, []page{good, bad})
	assert.Contains(t, said, "bad.md:10:")
	assert.Contains(t, said, "Recal undefined")
	assert.Contains(t, said, "exit status 1")
	assert.NotContains(t, said, "good.md")
}
