package docs

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/easemob"
	"github.com/imrecall/imrecall/goeasy"
	"github.com/imrecall/imrecall/internal/golden"
	"github.com/imrecall/imrecall/netease"
)

// The table of endpoints stands between these lines.
const (
	endpointsBegin = "<!-- generated: endpoints -->\n"
	endpointsEnd   = "<!-- end of endpoints -->"
)

// endpoint is one row of the table. The page and the path stand in the golden
// request.
type endpoint struct {
	vendor, method  string // of the vendor's Client
	request, answer string // golden files, without their endings
	emulated        string // what the emulator's source calls the path
}

func endpoints() []endpoint {
	return []endpoint{
		{"easemob", "Recall", "recall", "recall", "msg_recall"},
		{"easemob", "RecallBatch", "batch", "batch", "batch_recall"},
		{"easemob", "RecallLegacy", "legacy", "legacy_recalled", "messages/recall"},
		{"easemob", "DeleteConversation", "conversation", "conversation", "user_channel"},
		{"easemob", "DeleteRoamingChat", "roaming_chat", "roaming", "roaming/chat"},
		{"easemob", "DeleteRoamingGroup", "roaming_group", "roaming", "roaming/group"},
		{"easemob", "DeleteRoamingAll", "roaming_all", "roaming", "delete/all"},
		{"easemob", "DeleteRoamingChatUntil", "roaming_chat_until", "roaming", "/time"},
		{"easemob", "DeleteRoamingGroupUntil", "roaming_group_until", "roaming", "/time"},
		{"easemob", "Ping", "ping", "ping", "GET /{org}/{app}/users,"},
		{"netease", "Recall", "recall", "recall", "msg/recall.action"},
		{"netease", "RecallOneWay", "oneway", "oneway", "msg/delMsgOneWay.action"},
		{"netease", "DeleteMessage", "delete", "delete", "msg/delMsg.action"},
		{"netease", "DeleteRoamSession", "roaming", "roaming", "msg/delRoamSession.action"},
		{"netease", "RecallSuperTeam", "superteam", "superteam", "superteam/recallMsg.action"},
		{"netease", "RecallChatroom", "chatroom", "chatroom", "chatroom/recall.action"},
		{"netease", "DeleteBroadcast", "broadcast", "broadcast", "history/delBroadcastMsgById.action"},
		{"netease", "RecallV2", "v2", "v2", "im/v2/conversations"},
		{"netease", "Ping", "ping", "ping", "user/getUinfos.action"},
		{"netease", "Ping", "ping-v2", "ping-v2", "im/v2/accounts"},
		{"goeasy", "Recall", "recall", "recall", "v2/im/history/recall"},
		{"goeasy", "Ping", "ping", "ping", "GET /v2/im/history"},
	}
}

func TestEndpointsTable(t *testing.T) {
	clients := map[string]reflect.Type{
		"easemob": reflect.TypeFor[*easemob.Client](),
		"netease": reflect.TypeFor[*netease.Client](),
		"goeasy":  reflect.TypeFor[*goeasy.Client](),
	}
	rows := map[string]string{
		"README.md":       "| method | endpoint and page | golden files | emulator |\n|---|---|---|---|\n",
		"README.zh-CN.md": "| 方法 | 接口与文档 | 样例文件 | 模拟服务器 |\n|---|---|---|---|\n",
	}
	for _, e := range endpoints() {
		_, found := clients[e.vendor].MethodByName(e.method)
		require.True(t, found, "%s has no method %s", e.vendor, e.method)
		row := e.row(t)
		for name := range rows {
			rows[name] += row
		}
	}
	for name, want := range rows {
		path := filepath.Join(root, name)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		before, rest, begins := strings.Cut(string(text), endpointsBegin)
		table, after, ends := strings.Cut(rest, endpointsEnd)
		require.True(t, begins && ends, "%s has no table of endpoints", name)
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(before+endpointsBegin+want+endpointsEnd+after), 0o644))
			continue
		}
		assert.Equal(t, want, table, "%s is out of date: run go test ./internal/docs -update", name)
	}
}

// row writes the row of an endpoint, after looking for all that it names.
func (e endpoint) row(t *testing.T) string {
	t.Helper()
	request := e.vendor + "/testdata/" + e.request + ".request.http"
	answer := e.vendor + "/testdata/" + e.answer + ".answer.http"
	sent, err := golden.Read(filepath.Join(root, request))
	require.NoError(t, err)
	_, err = golden.Read(filepath.Join(root, answer))
	require.NoError(t, err)
	emulator := e.vendor + "/" + e.vendor + "test"
	require.Contains(t, sources(t, emulator), e.emulated, "%s does not know %s", emulator, e.method)
	path, _, _ := strings.Cut(sent.Path, "?")
	link := "`" + sent.Method + " " + path + "`"
	if strings.HasPrefix(sent.Page, "https://") {
		link = "[" + link + "](" + strings.Fields(sent.Page)[0] + ")"
	}
	return "| `" + e.vendor + ".Client." + e.method + "` | " + link +
		" | [request](" + request + "), [answer](" + answer + ") | [" + e.vendor + "test](" + emulator + ") |\n"
}

// sources returns the text of a package.
func sources(t *testing.T, folder string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	require.NoError(t, err)
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}
