package recall_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/recall"
)

// partial is a vendor of whose callbacks not everything can be read.
type partial struct {
	parser
	refusal error
}

func (p partial) ParseEvents(ctx context.Context, header http.Header, body []byte) ([]recall.Event, error) {
	events, _ := p.parser.ParseEvents(ctx, header, body)
	return events, p.refusal
}

// TestEventHandlerReadsWhatItCan: what can be read is dealt with, and what can't be stops no vendor for good, unless
// nobody would learn of it.
func TestEventHandlerReadsWhatItCan(t *testing.T) {
	odd := &recall.Error{Kind: recall.ErrBadResponse, Vendor: "mock"}
	for name, tt := range map[string]struct {
		stops   bool // the vendor stops for good
		unheard bool // there is no OnError
		refusal error
		fails   error
		status  int
		handled []string
		told    []error
	}{
		"a vendor that goes on":          {refusal: odd, status: 400, handled: []string{"1", "2"}, told: []error{odd}},
		"one that stops":                 {stops: true, refusal: odd, status: 200, handled: []string{"1", "2"}, told: []error{odd}},
		"one that stops, but silently":   {stops: true, unheard: true, refusal: odd, status: 400, handled: []string{"1", "2"}},
		"one that stops, if Handle does": {stops: true, refusal: odd, fails: io.ErrClosedPipe, status: 503, told: []error{io.ErrClosedPipe}},
		"one that stops, not signed":     {stops: true, refusal: recall.ErrUnauthorized, status: 401, told: []error{recall.ErrUnauthorized}},
		"one that stops, another app":    {stops: true, refusal: recall.ErrMisconfigured, status: 403, told: []error{recall.ErrMisconfigured}},
		"one that stops, no secret":      {stops: true, refusal: recall.ErrUnavailable, status: 503, told: []error{recall.ErrUnavailable}},
		"one that stops, all well":       {stops: true, status: 200, handled: []string{"1", "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			h := &recall.EventHandler{
				Parser: partial{parser: parser{rules: recall.CallbackRules{Answer: []byte("fine"), StopsForGood: tt.stops}}, refusal: tt.refusal},
				Handle: func(ctx context.Context, e recall.Event) error {
					if tt.fails != nil {
						return tt.fails
					}
					return j.handle(ctx, e)
				},
			}
			if !tt.unheard {
				h.OnError = j.onError
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, callback(t, "1 2"))
			assert.Equal(t, tt.status, w.Code)
			assert.Equal(t, tt.status == 200, w.Body.String() == "fine")
			assert.Equal(t, tt.handled, j.ids)
			assert.Equal(t, tt.told, j.errors)
		})
	}
}
