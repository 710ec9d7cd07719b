package easemob

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// unexplained says what a status means where the body does not say it in the vendor's form. A gateway's 400
// or 403 is no refusal by the vendor.
var unexplained = map[int]recall.Kind{
	200: recall.ErrBadResponse,
	204: recall.ErrBadResponse,
	400: recall.ErrBadResponse,
	401: recall.ErrUnauthorized,
	402: recall.ErrBadResponse,
	403: recall.ErrBadResponse,
	404: recall.ErrMisconfigured,
	405: recall.ErrMisconfigured,
	407: recall.ErrMisconfigured,
	408: recall.ErrUnavailable,
	409: recall.ErrBadResponse,
	413: recall.ErrInvalidRequest,
	415: recall.ErrMisconfigured,
	429: recall.ErrRateLimited,
	500: recall.ErrUnavailable,
	501: recall.ErrUnavailable,
	502: recall.ErrUnavailable,
	503: recall.ErrUnavailable,
	504: recall.ErrUnavailable,
}

// unexplainedBodies are those that explain nothing.
var unexplainedBodies = map[string]string{
	"gateway":       "<html><head><title>nginx</title></head><body>request-id 4711</body></html>",
	"text":          "upstream connect error",
	"nothing":       "",
	"null":          "null",
	"list":          "[]",
	"object":        "{}",
	"number":        "17",
	"two answers":   errorJSON("message_recall_error", "not_found msg") + errorJSON("forbidden_op", "x"),
	"order mark":    "\ufeff" + errorJSON("message_recall_error", "not_found msg"),
	"empty texts":   errorJSON("", ""),
	"null texts":    `{"error":null,"error_description":null}`,
	"another form":  `{"message":"no route","request_id":"4711"}`,
	"cut":           `{"error":"message_recall_error","error_desc`,
	"not UTF-8":     "\xff\xfe<\x00h\x00",
	"nested":        strings.Repeat("[", 20_000),
	"other message": recalledJSON("2"),
}

func TestUnexplainedAnswers(t *testing.T) {
	for name, body := range unexplainedBodies {
		t.Run(name, func(t *testing.T) {
			for status, kind := range unexplained {
				_, err := clientFor(t, status, body).Recall(t.Context(), recallOf("1"))
				e := failure(t, err)
				assert.Equal(t, kind, e.Kind, status)
				assert.Equal(t, status, e.Status)
				assert.Empty(t, e.Code)
				assert.Empty(t, e.Message)
				assert.Empty(t, e.Field)
				assert.Equal(t, unsettled(kind), e.MayHaveApplied)
				assert.Less(t, len(e.Error()), 1000)
				assert.NotContains(t, e.Error(), "\n")
			}
		})
	}
}

func TestUnexplainedAnswerIsToldInPart(t *testing.T) {
	for _, status := range []int{200, 403, 502} {
		body := "<html>request-id 4711</html>" + strings.Repeat("x", 1000)
		_, err := clientFor(t, status, body).Recall(t.Context(), recallOf("1"))
		assert.Contains(t, err.Error(), "request-id 4711")
		assert.Contains(t, err.Error(), "HTTP "+strconv.Itoa(status))
		assert.NotContains(t, err.Error(), strings.Repeat("x", 200))
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere := 0
		other := serve(t, func(http.ResponseWriter, *http.Request) { elsewhere++ })
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", other+"/path?key=value")
			reply(w, status, recalledJSON("1"))
		})
		c := newClient(t, func(cfg *Config) { cfg.Host = url })
		_, err := c.Recall(t.Context(), recallOf("1"))
		e := failure(t, err)
		assert.Equal(t, recall.ErrBadResponse, e.Kind)
		assert.Equal(t, status, e.Status)
		assert.Contains(t, e.Error(), other)
		assert.NotContains(t, e.Error(), "value")
		assert.Zero(t, elsewhere)
	}
}

// TestRetryAfter: the vendor documents no such header, and is obeyed if it sends one.
func TestRetryAfter(t *testing.T) {
	for _, test := range []struct {
		status       int
		code, header string
		want         time.Duration
	}{
		{429, "reach_limit", "7", 7 * time.Second},
		{503, "x", "7", 7 * time.Second},
		{429, "reach_limit", "", 0},
		{429, "reach_limit", "-7", 0},
		{429, "reach_limit", "soon", 0},
		{429, "resource_limited", "7", 0},
		{403, "forbidden_op", "7", 0},
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", test.header)
			reply(w, test.status, errorJSON(test.code, "x"))
		})
		c := newClient(t, func(cfg *Config) { cfg.Host = url })
		_, err := c.Recall(t.Context(), recallOf("1"))
		e := failure(t, err)
		assert.Equal(t, test.want, e.RetryAfter, "%+v", test)
	}
}

func TestErrorTellsWhatIsKnown(t *testing.T) {
	c := clientFor(t, 403, errorJSON("message_recall_error", "exceed recall time limit"))
	_, err := c.Recall(t.Context(), recallOf("1"))
	require.EqualError(t, err, `easemob: recall: window_expired: code message_recall_error: `+
		`"exceed recall time limit" (HTTP 403, app org#app)`)
	assert.False(t, failure(t, err).Retryable())
}

func TestLongTextIsCut(t *testing.T) {
	c := clientFor(t, 403, errorJSON(strings.Repeat("c", 5000), strings.Repeat("ü", 5000)))
	_, err := c.Recall(t.Context(), recallOf("1"))
	e := failure(t, err)
	assert.Less(t, len(e.Code), 300)
	assert.Less(t, len(e.Message), 1100)
}

func TestAnswerThatNeverEnds(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, `{"data":"`+strings.Repeat("x", 2<<20)+`"}`)
	})
	c := newClient(t, func(cfg *Config) { cfg.Host = url })
	_, err := c.Recall(t.Context(), recallOf("1"))
	e := failure(t, err)
	assert.Equal(t, recall.ErrBadResponse, e.Kind)
	assert.True(t, e.MayHaveApplied)
}
