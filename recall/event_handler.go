package recall

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	defaultMaxCallback = 1 << 20
	// defaultCallbackDeadline is for vendors that document none: the shortest
	// of those that do.
	defaultCallbackDeadline = 3 * time.Second
)

var (
	errNoParser = errors.New("recall: EventHandler: Parser is required")
	errNoHandle = errors.New("recall: EventHandler: Handle is required")
	errBodyRead = errors.New("recall: EventHandler: the body was read before it came here: by a middleware, or by ParseForm")
)

// EventHandler is an http.Handler that receives the callbacks of one
// application at one vendor. Mount it at the URL that the vendor's console
// has:
//
//	mux.Handle("POST /callbacks/netease", &recall.EventHandler{Parser: callbacks, Handle: store})
//
// It answers as the vendor wants when Handle returned nil for each event of
// the callback, and 503 when it did not, so that the vendor sends the callback
// again. Events are therefore dealt with at least once: a callback of which one
// event failed comes again with all. A vendor gives up after a few tries, so let
// Handle do no more than to store.
//
// Other answers: 401 to a callback that the vendor did not sign, 403 to one of
// another application, 400 to one that can't be read, 408 to one that arrives
// too slowly, 413 to one that is too large, 405 to another method than POST,
// and 503 while Parser or Handle is missing, or where something before this
// handler has read the body. None of them says why: OnError is told that, except
// for the 405.
//
// Where only a part of a callback can be read, Handle is called for the events
// of that part, and then the answer is 400. A vendor that would stop for good
// (GoEasy) is answered as received instead, if there is an OnError to be told:
// what can't be read now can't be read next time, and must not cost all that
// comes after it.
//
// A panic in Handle is left to the http.Server, which cuts the connection: the
// vendor sends the callback again. Put nothing around the handler that makes a
// 500 of a panic: NetEase takes that for "received".
//
// It is safe for concurrent use. Do not change its fields once it serves.
type EventHandler struct {
	// Parser is the vendor's, such as easemob.NewCallbacks returns. Required.
	Parser EventParser

	// Handle is called for each event, one after the other and also after one
	// that failed, with a ctx that ends shortly before the vendor loses
	// patience, or when the vendor hangs up. It must be safe for concurrent
	// use: callbacks arrive in parallel, twice, and in any order; a recall may
	// arrive before its message. Required.
	Handle func(ctx context.Context, e Event) error

	// OnError is told why a callback was not answered as received, or why some
	// of it made no event: an error of Parser, the first of Handle, or one of
	// reading the request. It must be safe for concurrent use. Nil: nobody is
	// told.
	OnError func(r *http.Request, err error)

	// MaxBody is the largest callback that is read, in bytes. 0: 1 MiB.
	MaxBody int64
}

// ServeHTTP receives one callback.
func (h *EventHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	rules, status, err := h.receive(w, r)
	if err != nil {
		if h.OnError != nil {
			h.OnError(r, err)
		}
		w.WriteHeader(status)
		return
	}
	if rules.ContentType != "" {
		w.Header().Set("Content-Type", rules.ContentType)
	}
	// An answer that does not arrive is a callback that comes again.
	_, _ = w.Write(rules.Answer)
}

// receive deals with a callback and returns the rules for answering it, or
// else the status to answer and why.
func (h *EventHandler) receive(w http.ResponseWriter, r *http.Request) (CallbackRules, int, error) {
	switch {
	case h.Parser == nil:
		return CallbackRules{}, http.StatusServiceUnavailable, errNoParser
	case h.Handle == nil:
		return CallbackRules{}, http.StatusServiceUnavailable, errNoHandle
	}
	rules := h.Parser.CallbackRules()
	ctx, cancel := context.WithTimeout(r.Context(), patience(rules.Deadline))
	defer cancel()
	body, err := h.read(ctx, w, r)
	if err != nil {
		return rules, readStatus(err), err
	}
	events, refusal := h.Parser.ParseEvents(ctx, r.Header, body)
	status := parseStatus(refusal)
	if refusal != nil && status != http.StatusBadRequest {
		return rules, status, refusal
	}
	if err := h.handleAll(ctx, events); err != nil {
		return rules, http.StatusServiceUnavailable, err
	}
	if refusal != nil && rules.StopsForGood && h.OnError != nil {
		h.OnError(r, refusal)
		return rules, http.StatusOK, nil
	}
	return rules, status, refusal
}

// handleAll returns the first failure, after all events: one that never
// succeeds must not hide the others. It stops where ctx is over: the vendor does
// not listen any more, and sends all of them again.
func (h *EventHandler) handleAll(ctx context.Context, events []Event) (failure error) {
	for _, e := range events {
		if err := ctx.Err(); err != nil {
			return first(failure, err)
		}
		failure = first(failure, h.Handle(ctx, e))
	}
	return failure
}

func first(err, next error) error {
	if err != nil {
		return err
	}
	return next
}

// patience leaves a tenth of the vendor's deadline for the way back.
func patience(deadline time.Duration) time.Duration {
	if deadline <= 0 {
		deadline = defaultCallbackDeadline
	}
	return deadline - deadline/10
}

// read reads the body, but no longer than the vendor would wait for the answer.
func (h *EventHandler) read(ctx context.Context, w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil { // a request that no server received
		return nil, nil
	}
	limit := h.MaxBody
	if limit <= 0 {
		limit = defaultMaxCallback
	}
	// Not every ResponseWriter can do that; then the server's own timeouts hold.
	conn := http.NewResponseController(w)
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetReadDeadline(deadline)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		// From here the server reads on, to learn of a hang-up. A deadline that
		// is over it takes for one, and ends this request and all that follow on
		// the connection. It takes the deadline away itself, but not where
		// there was no body left to read.
		_ = conn.SetReadDeadline(time.Time{})
	}
	if err == nil && len(body) == 0 && r.ContentLength > 0 {
		return nil, errBodyRead // an empty body may be a probe, and nobody would notice that the event is lost
	}
	return body, err
}

func readStatus(err error) int {
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout
	case errors.Is(err, errBodyRead):
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}

// parseStatus is the answer to what the parser says of a callback. What is not
// the fault of the callback is ours (a secret that can't be fetched), and the
// vendor is to try again.
func parseStatus(err error) int {
	if err == nil {
		return http.StatusOK
	}
	switch outermost(err) {
	case ErrUnauthorized:
		return http.StatusUnauthorized
	case ErrMisconfigured:
		return http.StatusForbidden
	case ErrBadResponse:
		return http.StatusBadRequest
	default:
		return http.StatusServiceUnavailable
	}
}

// outermost returns what err itself means, and not what caused it: a store of
// secrets that did not let us in is no callback without a signature.
func outermost(err error) Kind {
	var e *Error
	if errors.As(err, &e) && e != nil {
		return e.Kind
	}
	var kind Kind
	errors.As(err, &kind)
	return kind
}
