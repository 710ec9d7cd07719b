package goeasy

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/vendortest"
	"github.com/imrecall/imrecall/recall"
)

// quotaLog is a limiter that notes which quotas it is asked for.
type quotaLog []recall.Quota

func (l *quotaLog) Wait(_ context.Context, q recall.Quota) error {
	*l = append(*l, q)
	return nil
}

func (*quotaLog) Pause(context.Context, recall.Quota, time.Duration) error { return nil }

// Each API of an application has a quota of its own, under a key that does not
// show the application's.
func TestQuotas(t *testing.T) {
	s := newServer(t, vendortest.Answering(http.StatusOK, `{"code":200,"content":"OK"}`))
	var asked quotaLog
	c, err := New(Config{Host: s.URL, AppKey: testAppKey, Policy: recall.Policy{Limiter: &asked}})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Recall(t.Context(), params())
	require.NoError(t, err)
	_, err = c.RecallMessages(t.Context(), []recall.Request{request()})
	require.NoError(t, err)
	_ = c.Ping(t.Context()) // the answer is none to this one
	quota := func(api string) recall.Quota {
		return recall.Quota{Key: "goeasy/" + appName(testAppKey) + "/" + api, Calls: 100, Per: time.Second}
	}
	recalls := quota("v2/im/history/recall")
	assert.Equal(t, quotaLog{recalls, recalls, quota("v2/im/history")}, asked)
}
