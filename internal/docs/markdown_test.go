package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the module's folder.
const root = "../.."

// page is a Markdown file, as far as these tests look into it.
type page struct {
	name     string   // relative to the folder that it was found in, with slashes
	levels   []int    // of the headings, in order
	anchors  []string // of the headings: what a link to one has after the #
	rows     []row
	blocks   []block
	links    []link
	fenceEnd bool // every fence is closed
}

// block is fenced code.
type block struct {
	lang, text string
	line       int    // of the first line of text
	from       string // the file that it quotes
}

// row is a row of a table, without the words that a translation changes.
type row struct {
	cells int
	code  []string // each once, in alphabetical order
	line  int
}

type link struct {
	target string
	line   int
}

var (
	fence      = regexp.MustCompile("^ *(```+|~~~+) *([a-zA-Z0-9_-]*)")
	heading    = regexp.MustCompile(`^(#{1,6}) `)
	inlineCode = regexp.MustCompile("`[^`]*`")
	quoted     = regexp.MustCompile(`^<!-- from: (\S+) -->$`)
	linkTarget = regexp.MustCompile(`\]\(<?([^)>\s]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]: *(\S+)`)
)

func parsePage(name, text string) page {
	p := page{name: name}
	open, from := "", "" // the fence that the line is in, and the file that the next block quotes
	for i, line := range strings.Split(text, "\n") {
		m := fence.FindStringSubmatch(line)
		switch {
		case open != "" && strings.TrimSpace(line) == open:
			open = ""
		case open != "":
			p.blocks[len(p.blocks)-1].text += line + "\n"
		case m != nil:
			open = m[1]
			p.blocks = append(p.blocks, block{lang: m[2], line: i + 2, from: from})
			from = ""
		case quoted.MatchString(line):
			from = quoted.FindStringSubmatch(line)[1]
		default:
			p.parseProse(line, i+1)
		}
	}
	p.fenceEnd = open == ""
	return p
}

// anchor returns what GitHub makes of a heading: letters, digits and hyphens, in lower case.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return '-'
		case r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

func (p *page) parseProse(line string, number int) {
	if m := heading.FindStringSubmatch(line); m != nil {
		p.levels = append(p.levels, len(m[1]))
		p.anchors = append(p.anchors, anchor(line[len(m[0]):]))
	}
	if strings.HasPrefix(line, "|") {
		code := slices.Compact(slices.Sorted(slices.Values(inlineCode.FindAllString(line, -1))))
		p.rows = append(p.rows, row{strings.Count(inlineCode.ReplaceAllString(line, ""), "|") - 1, code, number})
	}
	for _, m := range linkTarget.FindAllStringSubmatch(inlineCode.ReplaceAllString(line, ""), -1) {
		p.links = append(p.links, link{target: m[1] + m[2], line: number})
	}
}

// pages returns all Markdown files below folder, but none in a testdata folder.
func pages(t *testing.T, folder string) []page {
	t.Helper()
	var found []page
	require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != folder && slices.Contains([]string{".git", "testdata"}, d.Name()):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		found = append(found, readPage(t, folder, path))
		return nil
	}))
	require.NotEmpty(t, found)
	return found
}

func readPage(t *testing.T, folder, path string) page {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	name, err := filepath.Rel(folder, path)
	require.NoError(t, err)
	return parsePage(filepath.ToSlash(name), string(text))
}

func TestFencesAreClosed(t *testing.T) {
	for _, p := range pages(t, root) {
		assert.True(t, p.fenceEnd, "%s ends in the middle of a code block", p.name)
	}
}

func TestParsePage(t *testing.T) {
	p := parsePage("a.md", "# One\n\n[a](b.md) `[c](d)` [e](f.md#g \"title\")\n\n```go\n# no heading [x](y)\n```\n## Two\n[h]: i.md\n## 用 `Each` 撤回？\n| `b` | `a|` and `b` |\n```")
	assert.Equal(t, page{
		name: "a.md", levels: []int{1, 2, 2}, anchors: []string{"one", "two", "用-each-撤回"},
		rows:   []row{{2, []string{"`a|`", "`b`"}, 11}},
		blocks: []block{{lang: "go", text: "# no heading [x](y)\n", line: 6}, {line: 13}},
		links:  []link{{"b.md", 3}, {"f.md#g", 3}, {"i.md", 9}},
	}, p)
}
