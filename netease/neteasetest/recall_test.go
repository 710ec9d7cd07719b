package neteasetest_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/netease/neteasetest"
)

const (
	p2p  = "deleteMsgid=10386192&timetag=1700000000000&type=7&from=t1&to=t4"
	team = "deleteMsgid=10386192&timetag=1700000000000&type=8&from=zhangsan&to=13827"
)

// message is the one that form recalls, sent at the frozen time.
func message(form string) neteasetest.Message {
	if form == team {
		return neteasetest.Message{ID: "10386192", From: "zhangsan", To: "13827", Type: neteasetest.TypeTeam, SentAt: time.Unix(nowSeconds, 0)}
	}
	return neteasetest.Message{ID: "10386192", From: "t1", To: "t4", Type: neteasetest.TypeP2P, SentAt: time.Unix(nowSeconds, 0)}
}

// with changes parameters of p2p: name, value, ... An empty value removes the parameter.
func with(changes ...string) string {
	values, _ := url.ParseQuery(p2p)
	for i := 0; i < len(changes); i += 2 {
		values.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			values.Del(changes[i])
		}
	}
	return values.Encode()
}

func TestRecallSucceeds(t *testing.T) {
	tests := map[string]struct{ message, form string }{
		"p2p":             {p2p, p2p},
		"team":            {team, team},
		"without timetag": {p2p, with("timetag", "")},
		"every option": {p2p, with("msg", strings.Repeat("撤", 128), "ignoreTime", "1", "pushcontent", strings.Repeat("x", 501),
			"payload", `{"a":1}`, "env", strings.Repeat("e", 32), "attach", strings.Repeat("a", 5000))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			srv.Add(message(tt.message))
			assert.Equal(t, `{"code":200}`, send(t, srv, signed(srv), tt.form))
			assert.True(t, srv.Recalled("10386192"))
			assert.Equal(t, `{"code":200}`, send(t, srv, signed(srv), tt.form), "a second time")
		})
	}
}

func TestWhatMatchesNothingSucceedsToo(t *testing.T) {
	tests := map[string]string{
		"deleteMsgid":   with("deleteMsgid", "10386193"),
		"not a number":  with("deleteMsgid", "abc"),
		"from":          with("from", "t2"),
		"to":            with("to", "t2"),
		"swapped":       with("from", "t4", "to", "t1"),
		"type":          with("type", "8"),
		"timetag":       with("timetag", "1700000000001"),
		"timetag (sec)": with("timetag", "1700000000"),
	}
	for name, form := range tests {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			srv.Add(message(p2p))
			assert.Equal(t, `{"code":200}`, send(t, srv, signed(srv), form))
			assert.False(t, srv.Recalled("10386192"))
		})
	}
}

func TestParametersRefused(t *testing.T) {
	const (
		noAccount = `{"code":414,"desc":"accid is empty"}`
		illegal   = `{"code":414,"desc":"illegal type!"}`
		tooLong   = `{"desc":"parameter too long","code":414}`
	)
	tests := map[string]struct{ form, want string }{
		"no deleteMsgid": {with("deleteMsgid", ""), `{"code":414,"desc":"msgidclient is null"}`},
		"JSON":           {`{"deleteMsgid":"10386192"}`, `{"code":414,"desc":"msgidclient is null"}`},
		"bad escape":     {"deleteMsgid=%zz", `{"code":414,"desc":"msgidclient is null"}`},
		"timetag":        {with("timetag", "17e11"), `{"desc":"timetag not long","code":414}`},
		"one-way type":   {with("type", "13"), illegal},
		"no type":        {with("type", ""), illegal},
		"no from":        {with("from", ""), noAccount},
		"no to":          {with("to", ""), noAccount},
		"ignoreTime":     {with("ignoreTime", "true"), `{"desc":"illegal ignoreTime!","code":414}`},
		"ignoreTime 0":   {with("ignoreTime", "0"), `{"desc":"illegal ignoreTime!","code":414}`},
		"msg":            {with("msg", strings.Repeat("撤", 129)), tooLong},
		"payload":        {with("payload", strings.Repeat("x", 2049)), tooLong},
		"env":            {with("env", strings.Repeat("x", 33)), tooLong},
		"attach":         {with("attach", strings.Repeat("x", 5001)), tooLong},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			srv.Add(message(p2p))
			assert.Equal(t, tt.want, send(t, srv, signed(srv), tt.form))
			assert.False(t, srv.Recalled("10386192"))
		})
	}
}

func TestWindow(t *testing.T) {
	const (
		ok   = `{"code":200}`
		over = `{"desc":"Message recall time exceeded","code":508}`
		day  = 24 * time.Hour
	)
	tests := map[string]struct {
		window, age time.Duration
		ignoreTime  string
		want        string
	}{
		"inside":               {2 * time.Minute, 2 * time.Minute, "", ok},
		"outside":              {2 * time.Minute, 2*time.Minute + time.Millisecond, "", over},
		"another window":       {7 * day, 7 * day, "", ok},
		"ignored":              {2 * time.Minute, 30 * day, "1", ok},
		"too old to ignore it": {2 * time.Minute, 30*day + time.Millisecond, "1", over},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			srv.Window = tt.window
			m := message(p2p)
			m.SentAt = srv.Now().Add(-tt.age)
			srv.Add(m)
			assert.Equal(t, tt.want, send(t, srv, signed(srv), with("timetag", "", "ignoreTime", tt.ignoreTime)))
			assert.Equal(t, tt.want == ok, srv.Recalled("10386192"))
		})
	}
}

func TestSenderLeftTheTeam(t *testing.T) {
	srv := frozen(t)
	srv.Add(message(team))
	srv.RemoveMember("13827", "zhangsan")
	assert.Equal(t, `{"desc": "not allow!", "code": 403}`, send(t, srv, signed(srv), team))
	assert.False(t, srv.Recalled("10386192"))

	other := frozen(t)
	other.Add(message(team))
	other.RemoveMember("13828", "zhangsan")
	other.RemoveMember("13827", "lisi")
	assert.Equal(t, `{"code":200}`, send(t, other, signed(other), team))
}

func TestAddFillsInTheTime(t *testing.T) {
	srv := frozen(t)
	assert.Equal(t, srv.Now(), srv.Add(neteasetest.Message{ID: "1"}).SentAt)
}

// A message of no type would never match a recall, and at NetEase nothing would tell.
func TestAddWithoutTypeIsDirect(t *testing.T) {
	srv := frozen(t)
	m := message(p2p)
	m.Type = 0
	assert.Equal(t, neteasetest.TypeP2P, srv.Add(m).Type)
	send(t, srv, signed(srv), p2p)
	assert.True(t, srv.Recalled("10386192"))
}
