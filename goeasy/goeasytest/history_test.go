package goeasytest_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/goeasy/goeasytest"
)

func TestHistory(t *testing.T) {
	srv := start(t)
	at := time.UnixMilli(1594958217087)
	srv.Add(goeasytest.Message{ID: "old", From: "a", To: "b", SentAt: at})
	srv.Add(goeasytest.Message{ID: "new", From: "b", To: "a", SentAt: at.Add(time.Second)})
	srv.Add(goeasytest.Message{ID: "other", From: "a", GroupID: "g", SentAt: at})
	const (
		refused    = `{"code":400,"content":"Parameter Error"}`
		stranger   = `{"code":401,"content":"Unauthorized"}`
		empty      = `{"code":200,"content":[]}`
		older      = `{"messageId":"old","timestamp":1594958217087,"senderId":"a"}`
		newer      = `{"messageId":"new","timestamp":1594958218087,"senderId":"b"}`
		ofTheGroup = `{"code":200,"content":[{"messageId":"other","timestamp":1594958217087,"senderId":"a"}]}`
	)
	for query, want := range map[string]string{
		"userAId=a&userBId=b":                             `{"code":200,"content":[` + newer + `,` + older + `]}`,
		"userAId=b&userBId=a&limit=1":                     `{"code":200,"content":[` + newer + `]}`,
		"userAId=a&userBId=b&lasttimestamp=1594958218087": `{"code":200,"content":[` + older + `]}`,
		"userAId=a&userBId=b&lasttimestamp=1":             empty,
		"userAId=a&userBId=b&lasttimestamp=&limit=":       `{"code":200,"content":[` + newer + `,` + older + `]}`,
		"userAId=a&userBId=c":                             empty,
		"groupId=g":                                       ofTheGroup,
		"groupId=h":                                       empty,
		"":                                                refused,
		"userAId=a":                                       refused,
		"groupId=g&userAId=a":                             refused,
		"groupId=g&userAId=a&userBId=b":                   refused,
		"groupId=g&limit=31":                              refused,
		"groupId=g&limit=0":                               refused,
		"groupId=g&limit=x":                               refused,
		"groupId=g&lasttimestamp=x":                       refused,
		"groupId=g&appkey=wrong":                          stranger,
	} {
		key := "&appkey=" + srv.RestKey
		if want == stranger {
			key = ""
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/v2/im/history?"+query+key, http.NoBody)
		require.NoError(t, err)
		resp, err := srv.Client().Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, want, string(body), query)
	}
}
