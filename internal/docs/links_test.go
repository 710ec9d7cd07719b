package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRelativeLinksLeadToFiles(t *testing.T) {
	for _, p := range pages(t, root) {
		assert.Empty(t, brokenLinks(root, p))
	}
}

var scheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)

// brokenLinks names the relative links that lead to nothing, to a heading that a page does not have, or out of folder. It
// leaves alone links to other sites.
func brokenLinks(folder string, p page) []string {
	var broken []string
	for _, l := range p.links {
		target, heading, _ := strings.Cut(l.target, "#")
		if scheme.MatchString(target) {
			continue
		}
		path := filepath.Join(filepath.Dir(filepath.FromSlash(p.name)), filepath.FromSlash(target))
		if target == "" {
			path = filepath.FromSlash(p.name)
		}
		if !filepath.IsLocal(path) {
			broken = append(broken, fmt.Sprintf("%s:%d: %s leads out of the checkout", p.name, l.line, l.target))
		} else if !leadsTo(filepath.Join(folder, path), heading) {
			broken = append(broken, fmt.Sprintf("%s:%d: %s leads to nothing", p.name, l.line, l.target))
		}
	}
	return broken
}

// leadsTo tells whether there is such a file, with that heading if one is given and the file is a page.
func leadsTo(file, heading string) bool {
	if heading == "" || filepath.Ext(file) != ".md" {
		_, err := os.Stat(file)
		return err == nil
	}
	text, err := os.ReadFile(file)
	return err == nil && slices.Contains(parsePage(file, string(text)).anchors, heading)
}

func TestBrokenLinksAreFound(t *testing.T) {
	p := readPage(t, "testdata", "testdata/bad.md")
	assert.Equal(t, []string{
		"bad.md:5: missing.md leads to nothing",
		"bad.md:5: ../doc.go leads out of the checkout",
		"bad.md:5: good.md#less leads to nothing",
		"bad.md:5: #there leads to nothing",
	}, brokenLinks("testdata", p))
	assert.Empty(t, brokenLinks("testdata", readPage(t, "testdata", "testdata/good.md")))
}
