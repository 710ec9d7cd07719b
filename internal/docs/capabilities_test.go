package docs

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/recall"
)

var update = flag.Bool("update", false, "rewrite the generated parts of the Markdown files")

// The generated table stands between these lines.
const (
	tableBegin = "<!-- generated: capabilities -->\n"
	tableEnd   = "<!-- end -->"
)

func TestCapabilitiesTable(t *testing.T) {
	for name, words := range map[string]words{"README.md": english, "README.zh-CN.md": simplifiedChinese} {
		path := filepath.Join(root, name)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		before, table, after, ok := cutTable(string(text))
		require.True(t, ok, "%s has no line %s, or none %s after it", name, strings.TrimSpace(tableBegin), tableEnd)
		want := words.table(capabilities(t))
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(before+want+after), 0o644))
			continue
		}
		assert.Equal(t, want, table, "%s is out of date: run go test ./internal/docs -update", name)
	}
}

// cutTable cuts a page into the table, what is before it and what is after it, both with their mark.
func cutTable(text string) (before, table, after string, ok bool) {
	before, rest, begins := strings.Cut(text, tableBegin)
	table, after, ends := strings.Cut(rest, tableEnd)
	return before + tableBegin, table, tableEnd + after, begins && ends
}

func capabilities(t *testing.T) []recall.Capabilities {
	t.Helper()
	e, err := easemob.New(easemob.Config{Host: easemob.HostChina1, Org: "org", App: "app", Token: "token"})
	require.NoError(t, err)
	n, err := netease.New(netease.Config{Host: "https://im.example.com", AppKey: "key", AppSecret: "secret"})
	require.NoError(t, err)
	g, err := goeasy.New(goeasy.Config{Host: "https://im.example.com", AppKey: "BC-key"})
	require.NoError(t, err)
	return []recall.Capabilities{e.Capabilities(), n.Capabilities(), g.Capabilities()}
}

// words are the words of the table in one language.
type words struct {
	vendors             map[string]string
	rows                [11]string
	separator           string
	reaches, noEffect   string
	proof, noProof, nil string
}

var english = words{
	vendors: map[string]string{"easemob": "Easemob", "netease": "NetEase", "goeasy": "GoEasy"},
	rows: [...]string{
		"kinds of chat (`Chat`)",
		"fields always needed",
		"needed for `direct` besides",
		"needed for `super_group` besides",
		"needed for `room` besides",
		"optional fields it sends",
		"`Force` reaches past the recall window",
		"messages in one call at most",
		"calls a second, by default",
		"a success is",
		"a success with `Force` is",
	},
	separator: ", ",
	reaches:   "yes", noEffect: "no effect",
	proof: ": proof", noProof: ": no proof", nil: "none",
}

var simplifiedChinese = words{
	vendors: map[string]string{"easemob": "环信", "netease": "网易云信", "goeasy": "GoEasy"},
	rows: [...]string{
		"会话类型（`Chat`）",
		"必填字段",
		"`direct` 另需",
		"`super_group` 另需",
		"`room` 另需",
		"会发送的可选字段",
		"`Force` 可越过撤回时限",
		"一次调用最多撤回几条",
		"默认每秒调用次数",
		"成功时的结果",
		"使用 `Force` 成功时的结果",
	},
	separator: "、",
	reaches:   "是", noEffect: "无作用",
	proof: "：可证明", noProof: "：不能证明", nil: "无",
}

func (w words) table(vendors []recall.Capabilities) string {
	head, rule := "| |", "|---|"
	for _, c := range vendors {
		head += " " + w.vendors[c.Vendor] + " |"
		rule += "---|"
	}
	lines := []string{head, rule}
	for i, row := range w.rows {
		line := "| " + row + " |"
		for _, c := range vendors {
			line += " " + w.cell(i, c) + " |"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n") + "\n"
}

func (w words) cell(row int, c recall.Capabilities) string {
	switch row {
	case 0:
		chats := make([]string, len(c.Chats))
		for i, chat := range c.Chats {
			chats[i] = string(chat)
		}
		return w.list(chats)
	case 1:
		return w.list(c.Needs)
	case 2:
		return w.list(c.NeedsDirect)
	case 3:
		return w.list(c.NeedsSuperGroup)
	case 4:
		return w.list(c.NeedsRoom)
	case 5:
		return w.list(c.Sends)
	case 6:
		if c.Force {
			return w.reaches
		}
		return w.noEffect
	case 7:
		return strconv.Itoa(max(c.Batch, 1))
	case 8:
		return strconv.FormatFloat(c.CallsPerSecond, 'f', -1, 64)
	case 9:
		return w.outcome(c.Success)
	default:
		return w.outcome(c.ForcedSuccess)
	}
}

func (w words) list(names []string) string {
	if len(names) == 0 {
		return w.nil
	}
	return "`" + strings.Join(names, "`"+w.separator+"`") + "`"
}

func (w words) outcome(o recall.Outcome) string {
	if o.Proven() {
		return "`" + string(o) + "`" + w.proof
	}
	return "`" + string(o) + "`" + w.noProof
}

func TestCutTable(t *testing.T) {
	before, table, after, ok := cutTable("a\n" + tableBegin + "old\n" + tableEnd + "\nb")
	assert.True(t, ok)
	assert.Equal(t, []string{"a\n" + tableBegin, "old\n", tableEnd + "\nb"}, []string{before, table, after})

	for _, unmarked := range []string{"", tableBegin, tableEnd, tableEnd + tableBegin} {
		_, _, _, ok := cutTable(unmarked)
		assert.False(t, ok, unmarked)
	}
}

func TestVendorsAndChatsAreKnown(t *testing.T) {
	for _, c := range capabilities(t) {
		for _, w := range []words{english, simplifiedChinese} {
			assert.Contains(t, w.vendors, c.Vendor)
		}
		for _, chat := range c.Chats {
			assert.True(t, chat.Valid(), "%s: %s", c.Vendor, chat)
		}
	}
}
