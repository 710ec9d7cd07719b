package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docs/reliability.md names a test for each promise, after the folder that it is in.
func TestReliabilityNamesTests(t *testing.T) {
	for _, name := range []string{"docs/reliability.md", "docs/reliability" + chinese} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		require.NoError(t, err)
		tests := 0
		var folder, source string
		for _, code := range inlineCode.FindAllString(string(text), -1) {
			code = strings.Trim(code, "`")
			switch {
			case code == "recall" || strings.HasPrefix(code, "internal/") || strings.HasPrefix(code, "examples/"):
				folder, source = code, sources(t, code)
			case strings.HasPrefix(code, "Test"):
				tests++
				if !strings.Contains(source, "func "+code+"(t *testing.T)") {
					t.Errorf("%s: there is no test %s in %s", name, code, folder)
				}
			}
		}
		assert.Greater(t, tests, 50, name)
	}
}
