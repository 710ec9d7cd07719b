package docs

import (
	"fmt"
	"go/scanner"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A translation of x.md is called x.zh-CN.md.
const chinese = ".zh-CN.md"

func TestTranslationsMatch(t *testing.T) {
	assert.FileExists(t, filepath.Join(root, "README"+chinese))
	all := pages(t, root)
	for _, translation := range all {
		if !isChinese(translation.name) {
			continue
		}
		i := slices.IndexFunc(all, func(p page) bool { return p.name == twin(translation.name) })
		if assert.NotEqual(t, -1, i, "%s translates a page that does not exist", translation.name) {
			assert.Empty(t, differences(all[i], translation))
		}
	}
}

// A page and its translation lead to each other, and otherwise a reader stays in one language: a Chinese page leads to
// Chinese ones where there are any, an English one never does.
func TestLinksKeepTheLanguage(t *testing.T) {
	all := pages(t, root)
	names := map[string]bool{}
	for _, p := range all {
		names[p.name] = true
	}
	for _, p := range all {
		assert.Empty(t, otherLanguage(names, p))
	}
}

// otherLanguage names the links of a page to a page in the other language that has one in its own, apart from its own
// twin, to which there has to be a link.
func otherLanguage(names map[string]bool, p page) []string {
	own := twin(p.name)
	linked := !names[own]
	var wrong []string
	for _, l := range p.links {
		target, _, _ := strings.Cut(l.target, "#")
		to := path.Join(path.Dir(p.name), target)
		switch {
		case target == "" || !names[to]:
		case to == own:
			linked = true
		case isChinese(to) != isChinese(p.name) && names[twin(to)]:
			wrong = append(wrong, fmt.Sprintf("%s:%d leads to %s, not to %s", p.name, l.line, to, twin(to)))
		}
	}
	if !linked {
		wrong = append(wrong, p.name+" does not lead to "+own)
	}
	return wrong
}

func isChinese(name string) bool { return strings.HasSuffix(name, chinese) }

// twin returns the name of the same page in the other language.
func twin(name string) string {
	if english, ok := strings.CutSuffix(name, chinese); ok {
		return english + ".md"
	}
	return strings.TrimSuffix(name, ".md") + chinese
}

func TestLinksToTheOtherLanguageAreFound(t *testing.T) {
	names := map[string]bool{"a.md": true, "a.zh-CN.md": true, "d/b.md": true, "d/b.zh-CN.md": true, "d/c.md": true}
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"a.md", "[中](a.zh-CN.md) [b](d/b.md#x) [c](d/c.md) [z](https://example.com/d/b.zh-CN.md)", nil},
		{"a.md", "[b](d/b.md)", []string{"a.md does not lead to a.zh-CN.md"}},
		{"a.md", "[中](a.zh-CN.md)\n[b](d/b.zh-CN.md)", []string{"a.md:2 leads to d/b.zh-CN.md, not to d/b.md"}},
		{"d/b.zh-CN.md", "[E](b.md) [a](../a.md#x) [c](c.md)", []string{"d/b.zh-CN.md:1 leads to a.md, not to a.zh-CN.md"}},
		{"d/c.md", "[b](b.md)", nil},
		{"d/c.md", "[b](b.zh-CN.md)", []string{"d/c.md:1 leads to d/b.zh-CN.md, not to d/b.md"}},
	} {
		assert.Equal(t, c.want, otherLanguage(names, parsePage(c.name, c.text)), c.text)
	}
}

// differences names what a page and its translation don't have in common: the headings (their number and levels), the
// rows of tables (their cells and the code in them) and the code blocks, apart from comments.
func differences(a, b page) []string {
	var found []string
	if !slices.Equal(a.levels, b.levels) {
		found = append(found, fmt.Sprintf("%s has headings of the levels %v, %s %v", a.name, a.levels, b.name, b.levels))
	}
	found = append(found, differentRows(a, b)...)
	if len(a.blocks) != len(b.blocks) {
		return append(found, fmt.Sprintf("%s has %d code blocks, %s %d", a.name, len(a.blocks), b.name, len(b.blocks)))
	}
	for i := range a.blocks {
		x, y := a.blocks[i], b.blocks[i]
		if x.lang != y.lang || withoutComments(x) != withoutComments(y) {
			found = append(found, fmt.Sprintf("%s:%d and %s:%d are different code", a.name, x.line, b.name, y.line))
		}
	}
	return found
}

// differentRows names the first row of a table that a page and its translation don't have in common: those that follow
// may only be in another place.
func differentRows(a, b page) []string {
	for i := range max(len(a.rows), len(b.rows)) {
		if i >= len(a.rows) || i >= len(b.rows) {
			return []string{fmt.Sprintf("%s has %d rows in its tables, %s %d", a.name, len(a.rows), b.name, len(b.rows))}
		}
		x, y := a.rows[i], b.rows[i]
		if x.cells != y.cells || !slices.Equal(x.code, y.code) {
			return []string{fmt.Sprintf("%s:%d and %s:%d are different rows", a.name, x.line, b.name, y.line)}
		}
	}
	return nil
}

var shellComment = regexp.MustCompile(`(?m)(^|\s+)#.*$`)

func withoutComments(b block) string {
	switch b.lang {
	case "go":
		return goTokens(b.text)
	case "sh":
		return shellComment.ReplaceAllString(b.text, "")
	}
	return b.text
}

// goTokens returns the code's tokens, one in each line.
func goTokens(code string) string {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(code))
	s.Init(file, []byte(code), nil, 0)
	var tokens strings.Builder
	for {
		_, tok, literal := s.Scan()
		if tok == token.EOF {
			return tokens.String()
		}
		tokens.WriteString(tok.String() + " " + literal + "\n")
	}
}

func TestDifferencesAreFound(t *testing.T) {
	good, bad := readPage(t, "testdata", "testdata/good.md"), readPage(t, "testdata", "testdata/bad.md")
	assert.Empty(t, differences(good, readPage(t, "testdata", "testdata/good.zh-CN.md")))
	assert.Equal(t, []string{
		"good.md has headings of the levels [1 2], bad.md [1]",
		"good.md:15 and bad.md:17 are different rows",
		"good.md:6 and bad.md:10 are different code",
		"good.md:12 and bad.md:14 are different code",
	}, differences(good, bad))
	assert.Equal(t, []string{"a.md has 1 rows in its tables, a.zh-CN.md 0"},
		differences(parsePage("a.md", "| a |"), parsePage("a.zh-CN.md", "a")))
}

// A block of output in a page, which begins as the output of an example does, is made of that output's lines.
func TestShownOutputIsReal(t *testing.T) {
	outputs, err := filepath.Glob(filepath.Join(root, "examples/*/output.txt"))
	require.NoError(t, err)
	outputLines := map[string][]string{} // by first line
	for _, name := range outputs {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		lines := strings.Split(string(text), "\n")
		outputLines[lines[0]] = lines
	}
	for _, p := range pages(t, root) {
		for _, b := range p.blocks {
			shown := strings.Split(b.text, "\n")
			if lines, ok := outputLines[shown[0]]; ok {
				assert.Subset(t, lines, shown, "%s:%d", p.name, b.line)
			}
		}
	}
}
