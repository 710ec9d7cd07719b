package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A block after a line such as <!-- from: examples/x/y.go --> quotes that file. All blocks of a page that quote a file
// are, in their order, the whole file, so that what a reader copies from the page is what is compiled and tested.
func TestQuotedFilesAreComplete(t *testing.T) {
	quotes := 0
	for _, p := range pages(t, root) {
		assert.Empty(t, wrongQuotes(root, p))
		for _, b := range p.blocks {
			if b.from != "" {
				quotes++
			}
		}
	}
	assert.NotZero(t, quotes)
}

// docs/adding-a-vendor.md says how short a provider is.
func TestProviderOfThePageIsShort(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "examples", "acmechat", "acmechat", "provider.go"))
	require.NoError(t, err)
	assert.Less(t, strings.Count(string(text), "\n"), 200)
}

// wrongQuotes names the files below folder that a page quotes otherwise than they are. Blank lines between two blocks
// don't count.
func wrongQuotes(folder string, p page) []string {
	whole := map[string]string{}
	var wrong []string
	for _, b := range p.blocks {
		if b.from == "" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(b.from)))
		rest, begun := whole[b.from]
		if !begun {
			rest = string(text)
		}
		after, ok := strings.CutPrefix(strings.TrimLeft(rest, "\n"), b.text)
		if err != nil || !ok {
			wrong = append(wrong, fmt.Sprintf("%s:%d is not what %s says there", p.name, b.line, b.from))
			after = strings.TrimLeft(rest, "\n")
		}
		whole[b.from] = after
	}
	for name, rest := range whole {
		if strings.TrimSpace(rest) != "" {
			wrong = append(wrong, fmt.Sprintf("%s leaves out the end of %s", p.name, name))
		}
	}
	slices.Sort(wrong)
	return wrong
}

func TestWrongQuotesAreFound(t *testing.T) {
	quote := func(text string) string { return "<!-- from: a.go -->\n```go\n" + text + "```\n\n" }
	for _, c := range []struct {
		page string
		want []string
	}{
		{quote("package a\n") + quote("var x = 1\n"), nil},
		{quote("package a\n\nvar x = 1\n"), nil},
		{quote("package a\n"), []string{"p.md leaves out the end of a.go"}},
		{quote("package a\n") + quote("var x = 2\n"), []string{"p.md leaves out the end of a.go", "p.md:8 is not what a.go says there"}},
		{strings.ReplaceAll(quote("package a\n"), "a.go", "b.go"), []string{"p.md:3 is not what b.go says there"}},
	} {
		folder := t.TempDir()
		assert.NoError(t, os.WriteFile(filepath.Join(folder, "a.go"), []byte("package a\n\nvar x = 1\n"), 0o600))
		assert.Equal(t, c.want, wrongQuotes(folder, parsePage("p.md", c.page)), c.page)
	}
}
