package spelling

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDidYouMean(t *testing.T) {
	words := []string{"recall", "host", "host_v2", "app_secret", "app_key", "app_secret_env", "dry-run", "id", "to", "爱丽丝"}
	for word, want := range map[string]string{
		"recal": "recall", "recalls": "recall", "rceall": "recall", "hots": "host", "Host": "host", "hostv2": "host_v2",
		"app_secrets": "app_secret", "app_secert_env": "app_secret_env", "dryrun": "dry-run", "di": "id", "爱丽": "爱丽丝",
		"remove": "", "port": "host", "x": "", "": "", "password": "",
	} {
		if want != "" {
			want = "; did you mean " + want + "?"
		}
		assert.Equal(t, want, DidYouMean(word, words), word)
	}
	assert.Empty(t, DidYouMean("recall", nil))
}
