package goeasytest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/goeasy/goeasytest"
)

const (
	key  = "BC-00000000000000000000000000000000"
	pair = `{"appkey":"` + key + `","recaller":{"id":"user001","data":{"avatar":"/static/images/Avatar-2.png","name":"Wallace"}},` +
		`"userAId":"user001","userBId":"user002","messages":[1581111111111,1582222222222,1583333333333]}`
	group = `{"appkey":"` + key + `","recaller":{"id":"user001","data":"{}"},"groupId":"group001","messages":[1581111111111]}`
)

func at(ms int64) time.Time { return time.UnixMilli(ms) }

func TestRecallFindsMessagesByConversationAndTimestamp(t *testing.T) {
	messages := []goeasytest.Message{
		{ID: "sent", From: "user001", To: "user002", SentAt: at(1581111111111)},
		{ID: "received", From: "user002", To: "user001", SentAt: at(1582222222222)},
		{ID: "same millisecond", From: "user001", To: "user002", SentAt: at(1582222222222)},
		{ID: "sub-millisecond", From: "user001", To: "user002", SentAt: at(1583333333333).Add(999 * time.Microsecond)},
		{ID: "other time", From: "user001", To: "user002", SentAt: at(1581111111112)},
		{ID: "other pair", From: "user001", To: "user003", SentAt: at(1581111111111)},
		{ID: "group", From: "user001", GroupID: "group001", SentAt: at(1581111111111)},
		{ID: "other group", From: "user001", GroupID: "group002", SentAt: at(1581111111111)},
	}
	tests := map[string]struct {
		body string
		want []string
	}{
		"pair":      {pair, []string{"sent", "received", "same millisecond", "sub-millisecond"}},
		"pair, b:a": {`{"appkey":"` + key + `","userAId":"user002","userBId":"user001","messages":[1581111111111]}`, []string{"sent"}},
		"group":     {group, []string{"group"}},
		"rest key":  {`{"appkey":"PR-00000000000000000000000000000000","groupId":"group002","messages":[1581111111111]}`, []string{"other group"}},
		"unknown":   {`{"appkey":"` + key + `","groupId":"group003","messages":[1581111111111]}`, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := start(t)
			for _, m := range messages {
				srv.Add(m)
			}
			for _, attempt := range []string{"first", "second"} {
				status, body := send(t, srv, tt.body)
				assert.Equal(t, 200, status, attempt)
				assert.Equal(t, ok, body, attempt)
			}
			var got []string
			for _, m := range messages {
				if srv.Recalled(m.ID) {
					got = append(got, m.ID)
				}
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestNoWindow(t *testing.T) {
	srv := start(t)
	srv.Add(goeasytest.Message{ID: "1", GroupID: "group001", SentAt: at(1581111111111)})
	srv.SetTime(at(1581111111111).Add(365 * 24 * time.Hour))
	status, _ := send(t, srv, group)
	assert.Equal(t, 200, status)
	assert.True(t, srv.Recalled("1"))
}

// timestamps is a JSON list of n timestamps.
func timestamps(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(1581111111111 + i)
	}
	return "[" + strings.Join(list, ",") + "]"
}

func TestRecallRefused(t *testing.T) {
	const (
		unauthorized   = `{"code":401,"content":"Unauthorized"}`
		parameterError = `{"code":400,"content":"Parameter Error"}`
		to             = `"groupId":"g",`
		one            = `"messages":[1581111111111]}`
		appkey         = `{"appkey":"` + key + `",`
	)
	tests := map[string]struct {
		body   string
		status int
		want   string
	}{
		"wrong key":         {`{"appkey":"BC-11111111111111111111111111111111",` + to + one, 401, unauthorized},
		"no key":            {`{` + to + one, 401, unauthorized},
		"key in wrong case": {`{"appKey":"` + key + `",` + to + one, 401, unauthorized},
		"key comes first":   {`{"appkey":"x"}`, 401, unauthorized},
		"nobody":            {appkey + one, 400, parameterError},
		"pair and group":    {appkey + `"userAId":"a","userBId":"b",` + to + one, 400, parameterError},
		"half a pair":       {appkey + `"userAId":"a",` + one, 400, parameterError},
		"half and group":    {appkey + `"userBId":"b",` + to + one, 400, parameterError},
		"no messages":       {appkey + `"groupId":"g"}`, 400, parameterError},
		"empty messages":    {appkey + to + `"messages":[]}`, 400, parameterError},
		"21 messages":       {appkey + to + `"messages":` + timestamps(21) + `}`, 400, parameterError},
		"20 messages":       {appkey + to + `"messages":` + timestamps(20) + `}`, 200, ok},
		"strings":           {appkey + to + `"messages":["1581111111111"]}`, 400, parameterError},
		"fractions":         {appkey + to + `"messages":[1581111111111.5]}`, 400, parameterError},
		"comments":          {appkey + to + `"messages":[//x` + "\n1]}", 400, parameterError},
		"not JSON":          {`appkey=x`, 400, parameterError},
		"empty":             {``, 400, parameterError},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := send(t, start(t), tt.body)
			assert.Equal(t, tt.status, status)
			assert.Equal(t, tt.want, body)
		})
	}
}

func TestEmptyKeySettingAdmitsNobody(t *testing.T) {
	srv := start(t)
	srv.RestKey = ""
	status, _ := send(t, srv, `{"appkey":"","groupId":"g","messages":[1]}`)
	assert.Equal(t, 401, status)
}
