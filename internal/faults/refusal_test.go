package faults

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/recall"
)

// refusals are answers to a second request for a message that the first one
// recalled: of a vendor that looks at the age or the sender first, and of a
// firewall that speaks JSON.
var refusals = []struct {
	start  func(*testing.T) *backend
	status int
	body   string
	kind   recall.Kind
}{
	{easemobBackend, 403, `{"error":"message_recall_error","error_description":"exceed recall time limit"}`, recall.ErrWindowExpired},
	{easemobBackend, 403, `{"error":"access_denied","error_description":"blocked by policy"}`, recall.ErrForbidden},
	{neteaseBackend, 200, `{"code":508}`, recall.ErrWindowExpired},
	{neteaseBackend, 200, `{"desc":"not allow!","code":403}`, recall.ErrForbidden},
	{inBatches(easemobBackend), 403, `{"error":"message_recall_error","error_description":"exceed recall time limit"}`, recall.ErrWindowExpired},
	{inBatches(easemobBackend), 403, `{"error":"access_denied","error_description":"blocked by policy"}`, recall.ErrForbidden},
	{inBatches(goeasyBackend), 403, `{"code":403,"content":"blocked"}`, recall.ErrForbidden},
	{goeasyBackend, 403, `{"code":403,"content":"blocked"}`, recall.ErrForbidden},
}

// The first request took effect and was never answered. A refusal of the
// second one does not undo that, and the error has to say so.
func TestRefusalAfterSilence(t *testing.T) {
	for _, tt := range refusals {
		b := tt.start(t)
		t.Run(b.name+" "+tt.body, func(t *testing.T) {
			req := b.message(1)
			b.add(1, req)
			recalls := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/token") {
					b.answer(w, r)
					return
				}
				v := visit{storm: &storm{backend: b}, ResponseWriter: w, request: r}
				if recalls++; recalls == 1 {
					v.applyThenCut()
					return
				}
				v.say(tt.status, tt.body)
			}))
			defer server.Close()
			c, err := b.open(server.URL, policy(patient))
			require.NoError(t, err)
			defer c.Close()
			_, err = c.RecallMessage(t.Context(), req)
			require.ErrorIs(t, err, tt.kind)
			require.True(t, b.recalled(1))
			var e *recall.Error
			require.ErrorAs(t, err, &e)
			assert.True(t, e.MayHaveApplied, "%v", e)
		})
	}
}
