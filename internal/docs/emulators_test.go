package docs

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// emulatorsPage is docs/emulators.md in one language: its text, the headings before its tables, in the order of
// emulated, and how the first row of a table begins.
type emulatorsPage struct {
	name, text string
	headings   [4]string
	head       string
}

// emulated are for each table the folders that hold its tests and name its pages.
var emulated = [...][]string{
	{"easemob", "easemob/easemobtest"},
	{"netease", "netease/neteasetest"},
	{"goeasy", "goeasy/goeasytest"},
	{"internal/emulator"},
}

// emulatorsPages returns the page in English and then its translations.
func emulatorsPages(t *testing.T) []emulatorsPage {
	t.Helper()
	all := []emulatorsPage{
		{name: "docs/emulators.md", headings: [4]string{"### Easemob", "### NetEase", "### GoEasy", "### All three"}, head: "| behaviour |"},
		{name: "docs/emulators" + chinese, headings: [4]string{"### 环信", "### 网易云信", "### GoEasy", "### 三家共有"}, head: "| 行为 |"},
	}
	for i := range all {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(all[i].name)))
		require.NoError(t, err)
		all[i].text = string(text)
	}
	return all
}

// rows returns the rows of a table without its head.
func (p emulatorsPage) rows(t *testing.T, table int) []string {
	t.Helper()
	var rows []string
	for line := range strings.Lines(section(t, p.text, p.headings[table])) {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, p.head) {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	assert.Greater(t, len(rows), 5, "%s: %s", p.name, p.headings[table])
	return rows
}

// section returns what is between the last line that is heading and the next heading.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	at := strings.LastIndex(text, "\n"+heading+"\n")
	require.GreaterOrEqual(t, at, 0, heading)
	body, _, _ := strings.Cut(text[at+len(heading)+2:], "\n#")
	return body
}

var testName = regexp.MustCompile("`(Test[A-Za-z0-9]+)`")

// Every row of a table names a test that there is, and pages that the source names too.
func TestEmulatorsTables(t *testing.T) {
	for table, folders := range emulated {
		var source string
		for _, folder := range folders {
			source += sources(t, folder)
		}
		for _, p := range emulatorsPages(t) {
			for _, row := range p.rows(t, table) {
				tests := testsOf(row)
				assert.NotEmpty(t, tests, "%s: no test: %s", p.name, row)
				for _, name := range tests {
					if !strings.Contains(source, "func "+name+"(t *testing.T)") {
						t.Errorf("%s: there is no test %s", p.name, name)
					}
				}
				for _, link := range linksOf(row) {
					target, err := url.Parse(link)
					require.NoError(t, err)
					assert.True(t, strings.Contains(source, target.Host) && strings.Contains(source, strings.Trim(target.RequestURI(), "/")),
						"%s: the source does not know %s", p.name, link)
				}
			}
		}
	}
}

// testsOf returns the tests that the last cell of a row names.
func testsOf(row string) []string {
	cells := strings.Split(row, " | ")
	return submatches(testName, cells[len(cells)-1])
}

// linksOf returns where the links of a row lead.
func linksOf(row string) []string { return submatches(linkTarget, row) }

func submatches(pattern *regexp.Regexp, text string) []string {
	var all []string
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		all = append(all, match[1])
	}
	return all
}

// A translation has the same rows: the same tests and the same pages of the vendors, one by one.
func TestEmulatorsTablesAreTheSameInEachLanguage(t *testing.T) {
	all := emulatorsPages(t)
	for _, translation := range all[1:] {
		for table := range emulated {
			want, got := all[0].rows(t, table), translation.rows(t, table)
			if !assert.Len(t, got, len(want), "%s: %s", translation.name, translation.headings[table]) {
				continue
			}
			for i := range want {
				assert.Equal(t, testsOf(want[i]), testsOf(got[i]), "%s: %s", translation.name, got[i])
				assert.Equal(t, linksOf(want[i]), linksOf(got[i]), "%s: %s", translation.name, got[i])
			}
		}
	}
}

// Every path that an emulator serves has a row.
func TestEmulatorsTablesKnowEveryEndpoint(t *testing.T) {
	for table, route := range []*regexp.Regexp{
		regexp.MustCompile(`s\.handle\(.*http\.Method([A-Z][a-z]+), ("[^"]+)"`),
		regexp.MustCompile(`s\.handle\("([A-Z]+) /(?:nimserver/)?([a-z][^"]*[a-z])"`),
		regexp.MustCompile(`s\.handle\("([A-Z]+) ([^"]+)"`),
	} {
		vendor, emulator := emulated[table][0], emulated[table][1]
		routes := route.FindAllStringSubmatch(sources(t, emulator), -1)
		require.GreaterOrEqual(t, len(routes), 2, emulator)
		for _, r := range routes {
			path := strings.Trim(r[2], `"`)
			if vendor != "netease" {
				path = strings.ToUpper(r[1]) + " " + path
			}
			for _, p := range emulatorsPages(t) {
				assert.Contains(t, section(t, p.text, p.headings[table]), "| `"+path+"` |", p.name)
			}
		}
	}
}
