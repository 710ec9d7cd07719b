package main

import (
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// The table of docs/outcomes.md, row by row.
func TestStatusesAreThoseOfThePage(t *testing.T) {
	text, err := os.ReadFile("../../docs/outcomes.md")
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(text), "<!-- statuses -->")
	table, _, _ = strings.Cut(table, "<!-- end -->")
	rows := regexp.MustCompile("(?m)^\\| (\\d{3}) \\| `(\\w+)` \\| ([^|]*)\\|").FindAllStringSubmatch(table, -1)
	require.Len(t, rows, 9)
	kinds := 0
	for _, row := range rows {
		want, err := strconv.Atoi(row[1])
		require.NoError(t, err)
		for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row[3], -1) {
			kinds++
			a := verdict(recall.Receipt{}, &recall.Error{Kind: recall.Kind(name[1])})
			assert.Equal(t, row[2], a.Verdict, name[1])
			assert.Equal(t, want, a.status(), name[1])
			a = verdict(recall.Receipt{}, &recall.Error{Kind: recall.Kind(name[1]), MayHaveApplied: true})
			assert.Equal(t, "unknown", a.Verdict, name[1])
			assert.Equal(t, http.StatusGatewayTimeout, a.status(), name[1])
		}
		if row[3] == "" || row[2] == "unknown" {
			assert.Equal(t, want, answer{Verdict: row[2]}.status(), row[2])
		}
	}
	assert.Equal(t, 13, kinds, "each kind once")
	assert.Equal(t, http.StatusInternalServerError, verdict(recall.Receipt{}, recall.Kind("new")).status())
}
