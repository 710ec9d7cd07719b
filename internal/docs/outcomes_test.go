package docs

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/recall"
)

// word is one row of a table of a vendor's words: the answer, and the kind that the page says it becomes.
type word struct {
	status     int
	code, text string
	kind       recall.Kind
}

// answer writes w as the body of an answer, under the names that the vendor gives the code and the text.
func (w word) answer(t *testing.T, code, text string) string {
	t.Helper()
	fields := map[string]any{text: w.text}
	if fields[code] = w.code; w.status == 0 {
		number, err := strconv.Atoi(w.code)
		require.NoError(t, err)
		fields[code] = number
	}
	body, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(body)
}

// TestOutcomesPage answers a recall with each of the vendors' words on the page, and expects the kind that stands
// beside them.
func TestOutcomesPage(t *testing.T) {
	for _, name := range []string{"docs/outcomes.md", "docs/outcomes.zh-CN.md"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		for vendor, provider := range map[string]func(t *testing.T, w word) recall.Provider{
			"easemob": easemobAnswering, "netease": neteaseAnswering(netease.APIv1),
			"netease v2": neteaseAnswering(netease.APIv2), "goeasy": goeasyAnswering,
		} {
			words := wordsOf(t, string(text), vendor)
			require.NotEmpty(t, words, "%s has no words of %s", name, vendor)
			for _, w := range words {
				_, err := provider(t, w).RecallMessage(t.Context(), anyMessage())
				var e *recall.Error
				if !errors.As(err, &e) {
					t.Errorf("%s: %s %q %q is no error", name, vendor, w.code, w.text)
					continue
				}
				assert.Equal(t, w.kind, e.Kind, "%s: %s %q %q", name, vendor, w.code, w.text)
				assert.Equal(t, w.text, e.Message)
			}
		}
	}
}

// wordsOf returns the rows of the table that is marked with the vendor's name: in backquotes or in digits the words,
// and as the last of these the kind.
func wordsOf(t *testing.T, page, vendor string) []word {
	t.Helper()
	_, table, found := strings.Cut(page, "<!-- replayed: "+vendor+" -->\n")
	require.True(t, found, "no table of %s", vendor)
	table, _, found = strings.Cut(table, "<!-- end -->")
	require.True(t, found, "the table of %s has no end", vendor)
	lines := strings.Split(strings.TrimSpace(table), "\n")
	columns := len(cells(lines[0])) - 1 // without what to do
	var words []word
	for _, line := range lines[2:] {
		row := cells(line)[:columns]
		w := word{kind: recall.Kind(row[columns-1])}
		if columns == 4 {
			status, err := strconv.Atoi(row[0])
			require.NoError(t, err, line)
			w.status, row = status, row[1:]
		}
		if w.code = row[0]; len(row) == 3 {
			w.text = row[1]
		}
		words = append(words, w)
	}
	return words
}

func cells(line string) []string {
	row := strings.Split(strings.Trim(line, "|"), "|")
	for i, cell := range row {
		row[i] = strings.Trim(cell, " `")
	}
	return row
}

func anyMessage() recall.Request {
	return recall.Request{MessageID: "1", Chat: recall.ChatDirect, From: "u1", To: "u2", SentAt: time.UnixMilli(1594958217087)}
}

// once is a policy under which each call has one answer: this one.
func once(status int, body string) recall.Policy {
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(httpmock.NewStringResponder(status, body))
	return recall.Policy{Transport: transport, Rate: -1, Retry: recall.Retry{Attempts: 1}}
}

func easemobAnswering(t *testing.T, w word) recall.Provider {
	t.Helper()
	c, err := easemob.New(easemob.Config{
		Host: easemob.HostChina1, Org: "org", App: "app", Token: "YWMt-of-nobody",
		Policy: once(w.status, w.answer(t, "error", "error_description")),
	})
	require.NoError(t, err)
	return c
}

func neteaseAnswering(api netease.API) func(t *testing.T, w word) recall.Provider {
	return func(t *testing.T, w word) recall.Provider {
		t.Helper()
		text := "desc"
		if api == netease.APIv2 {
			text = "msg"
		}
		c, err := netease.New(netease.Config{
			Host: netease.HostChina, HostV2: netease.HostV2China, AppKey: "key", AppSecret: "secret", API: api,
			Policy: once(http.StatusOK, w.answer(t, "code", text)),
		})
		require.NoError(t, err)
		return c
	}
}

func goeasyAnswering(t *testing.T, w word) recall.Provider {
	t.Helper()
	c, err := goeasy.New(goeasy.Config{
		Host: "https://im.example.com", AppKey: "BC-key", Policy: once(http.StatusOK, w.answer(t, "code", "content")),
	})
	require.NoError(t, err)
	return c
}
