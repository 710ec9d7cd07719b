package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/imrecall/imrecall/netease"
	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == asReplica {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// Six processes lose no call while the secret rotates and a host dies, and the
// vendor rejects none.
func TestOutput(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, nil, &out, io.Discard))
	want, err := os.ReadFile("output.txt")
	require.NoError(t, err)
	assert.Equal(t, string(want), out.String())
}

func TestReadme(t *testing.T) {
	output, err := os.ReadFile("output.txt")
	require.NoError(t, err)
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Contains(t, string(text), "```text\n"+string(output)+"```\n", name)
	}
}

// A replica that is killed leaves the others what they need.
func TestKilledReplica(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-kill", "-replicas", "3", "-messages", "80"}, nil, &out, io.Discard))
	for _, line := range []string{`1 +80 +0`, `2 +80 +0`, `3 +killed`, `calls rejected as too fast +0`} {
		assert.Regexp(t, `(?m)^`+line+`$`, out.String())
	}
}

// started returns the emulated vendor, with a secret, and two replicas' clients.
func started(t *testing.T) (*vendor, [2]*netease.Client) {
	t.Helper()
	v, err := startVendor(t.Context(), filepath.Join(t.TempDir(), "secret"))
	require.NoError(t, err)
	t.Cleanup(v.close)
	require.NoError(t, v.now(v.rotate))
	server := miniredis.RunT(t)
	var clients [2]*netease.Client
	for i := range clients {
		client, closeAll, err := v.deployment(server.Addr(), nil, nil).connect()
		require.NoError(t, err)
		t.Cleanup(closeAll)
		clients[i] = client
	}
	return v, clients
}

func TestBootWithoutTheFirstHost(t *testing.T) {
	v, clients := started(t)
	require.NoError(t, v.now(v.firstHostDies))
	for i, client := range clients {
		require.NoError(t, client.Ping(t.Context()))
		_, err := client.RecallMessage(t.Context(), v.addMessages(i, 1)[0])
		require.NoError(t, err)
	}
	seen, err := v.counts()
	require.NoError(t, err)
	assert.Equal(t, [2]int{0, 2}, seen.recalled)
	assert.Zero(t, seen.remaining)
}

// After the vendor's "too fast" to one replica, the others send nothing.
func TestTooFastIsForAll(t *testing.T) {
	v, clients := started(t)
	v.application.RateLimit = 1
	messages := v.addMessages(0, 3)
	_, err := clients[0].RecallMessage(t.Context(), messages[0])
	require.NoError(t, err)
	for i, client := range clients {
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second) // of 10 s of silence, which this Redis does not let pass
		defer cancel()
		_, err := client.RecallMessage(ctx, messages[1+i])
		require.ErrorIs(t, err, recall.ErrRateLimited)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	seen, err := v.counts()
	require.NoError(t, err)
	assert.Equal(t, 1, seen.tooFast)
	assert.Equal(t, 2, seen.requests)
}

func TestBadStart(t *testing.T) {
	for _, args := range [][]string{{"-redis"}, {"-replicas", "0"}, {"-messages", "0"}, {"more"}} {
		require.Error(t, run(t.Context(), args, nil, io.Discard, io.Discard), args)
	}
	for _, orders := range []string{"", "{", `{"Hosts": [""]}`} {
		require.Error(t, run(t.Context(), []string{asReplica}, strings.NewReader(orders), io.Discard, io.Discard), orders)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, run(ctx, nil, nil, io.Discard, io.Discard))
}
