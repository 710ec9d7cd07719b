package golden

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.http")
	require.NoError(t, os.WriteFile(name, []byte(
		"# page: https://example.com/a\n# date: 2024-07-17\n# note: x\nPOST /a?b=c HTTP/1.1\nContent-Type: text/plain\nX-two: 2\n\nline\n\nline\n"), 0o600))
	m, err := Read(name)
	require.NoError(t, err)
	assert.Equal(t, "https://example.com/a", m.Page)
	assert.Equal(t, "2024-07-17", m.Date)
	assert.Equal(t, "POST", m.Method)
	assert.Equal(t, "/a?b=c", m.Path)
	assert.Equal(t, "2", m.Header.Get("X-Two"))
	assert.Equal(t, "line\n\nline", string(m.Body))
}

func TestParseAnswer(t *testing.T) {
	m, err := parse("# page: p\n# date: d\nHTTP/1.1 403 Forbidden\n\n{}\n")
	require.NoError(t, err)
	assert.Equal(t, 403, m.Status)
	assert.Equal(t, "{}", string(m.Body))
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no source":   "POST / HTTP/1.1\n\n",
		"no date":     "# page: p\nPOST / HTTP/1.1\n\n",
		"no body":     "# page: p\n# date: d\nPOST / HTTP/1.1\n",
		"no start":    "# page: p\n# date: d\n\n\n",
		"no status":   "# page: p\n# date: d\nHTTP/1.1 OK\n\n",
		"empty input": "",
	} {
		_, err := parse(text)
		assert.Error(t, err, name)
	}
}
