package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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

// brokenLinks names the relative links that lead to nothing, or out of folder. It leaves alone links to other sites and
// to headings of the same page.
func brokenLinks(folder string, p page) []string {
	var broken []string
	for _, l := range p.links {
		target, _, _ := strings.Cut(l.target, "#")
		if target == "" || scheme.MatchString(target) {
			continue
		}
		path := filepath.Join(filepath.Dir(filepath.FromSlash(p.name)), filepath.FromSlash(target))
		if !filepath.IsLocal(path) {
			broken = append(broken, fmt.Sprintf("%s:%d: %s leads out of the checkout", p.name, l.line, l.target))
		} else if _, err := os.Stat(filepath.Join(folder, path)); err != nil {
			broken = append(broken, fmt.Sprintf("%s:%d: %s leads to nothing", p.name, l.line, l.target))
		}
	}
	return broken
}

func TestBrokenLinksAreFound(t *testing.T) {
	p := readPage(t, "testdata", "testdata/bad.md")
	assert.Equal(t, []string{
		"bad.md:5: missing.md leads to nothing",
		"bad.md:5: ../doc.go leads out of the checkout",
	}, brokenLinks("testdata", p))
}
