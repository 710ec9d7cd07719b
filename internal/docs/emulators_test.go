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

// emulated are the tables of docs/emulators.md: the heading before each, and the folders that hold its tests and name
// its pages.
var emulated = map[string][]string{
	"### Easemob":   {"easemob", "easemob/easemobtest"},
	"### NetEase":   {"netease", "netease/neteasetest"},
	"### GoEasy":    {"goeasy", "goeasy/goeasytest"},
	"### All three": {"internal/emulator"},
}

// section returns what is between the last line that is heading and the next heading.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	at := strings.LastIndex(text, "\n"+heading+"\n")
	require.GreaterOrEqual(t, at, 0, heading)
	body, _, _ := strings.Cut(text[at+len(heading)+2:], "\n#")
	return body
}

// readEmulators returns docs/emulators.md.
func readEmulators(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "emulators.md"))
	require.NoError(t, err)
	return string(text)
}

// Every row of a table names a test that there is, and pages that the source names too.
func TestEmulatorsTables(t *testing.T) {
	testName := regexp.MustCompile("`(Test[A-Za-z0-9]+)`")
	text := readEmulators(t)
	for heading, folders := range emulated {
		var source string
		for _, folder := range folders {
			source += sources(t, folder)
		}
		rows := 0
		for row := range strings.Lines(section(t, text, heading)) {
			cells := strings.Split(strings.TrimSpace(row), " | ")
			if !strings.HasPrefix(row, "| ") || strings.HasPrefix(row, "| behaviour") {
				continue
			}
			rows++
			tests := testName.FindAllStringSubmatch(cells[len(cells)-1], -1)
			assert.NotEmpty(t, tests, "%s: no test: %s", heading, row)
			for _, name := range tests {
				assert.Contains(t, source, "func "+name[1]+"(t *testing.T)", heading)
			}
			for _, link := range linkTarget.FindAllStringSubmatch(row, -1) {
				page, err := url.Parse(link[1])
				require.NoError(t, err)
				assert.True(t, strings.Contains(source, page.Host) && strings.Contains(source, strings.Trim(page.RequestURI(), "/")),
					"%s: the source does not know %s", heading, link[1])
			}
		}
		assert.Greater(t, rows, 5, heading)
	}
}

// Every path that an emulator serves has a row.
func TestEmulatorsTablesKnowEveryEndpoint(t *testing.T) {
	text := readEmulators(t)
	for heading, route := range map[string]*regexp.Regexp{
		"### Easemob": regexp.MustCompile(`s\.handle\(.*http\.Method([A-Z][a-z]+), ("[^"]+)"`),
		"### NetEase": regexp.MustCompile(`s\.handle\("([A-Z]+) /(?:nimserver/)?([a-z][^"]*[a-z])"`),
		"### GoEasy":  regexp.MustCompile(`s\.handle\("([A-Z]+) ([^"]+)"`),
	} {
		rows := section(t, text, heading)
		routes := route.FindAllStringSubmatch(sources(t, emulated[heading][1]), -1)
		require.GreaterOrEqual(t, len(routes), 2, heading)
		for _, r := range routes {
			path := strings.Trim(r[2], `"`)
			if heading == "### Easemob" || heading == "### GoEasy" {
				path = strings.ToUpper(r[1]) + " " + path
			}
			assert.Contains(t, rows, "| `"+path+"` |", heading)
		}
	}
}
