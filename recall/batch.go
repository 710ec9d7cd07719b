package recall

import (
	"context"
	"encoding/json"
	"errors"
)

// Batcher is implemented by providers whose vendor recalls several messages
// by one call. A batch costs one call of the vendor's quota. [Each] and [Batch]
// look for it by a type assertion, as they do for [Capable]. A wrapper that
// does not pass it on costs speed, never correctness: messages go one by one
// then.
type Batcher interface {
	// BatchKey tells which requests may share a call: those with the same key,
	// at most limit of them. The key covers all that a call shares, such as
	// the conversation. "" means that req goes alone, by RecallMessage.
	BatchKey(req Request) (key string, limit int)

	// RecallMessages recalls the messages of requests that may share a call.
	// There is one result for each request, in order, whatever the order of
	// the vendor's answer; a request that can't be sent has an error in its
	// result and does not keep the others from being sent. The same message
	// given twice is sent once, and has a result for each.
	//
	// An error means that the call failed as a whole, or that the requests may
	// not share one; results is nil then. Its kind decides whether Each looks for
	// the message that is to blame, and its MayHaveApplied is true where any of
	// the messages may be gone. What the contract of Provider says
	// of ctx, concurrency, retention and errors holds here too.
	RecallMessages(ctx context.Context, reqs []Request) ([]Result, error)
}

// Result is what became of one request among several: a receipt, or an error.
type Result struct {
	Request Request
	Receipt Receipt // the zero Receipt where Err is not nil
	Err     error
}

// resultJSON is the stable JSON form of a Result.
type resultJSON struct {
	Request Request  `json:"request"`
	Receipt *Receipt `json:"receipt,omitempty"`
	Error   *Error   `json:"error,omitempty"`
}

// MarshalJSON writes the request and either the receipt or the error. The
// form is stable. An error that is no *Error is written as one without a
// kind.
func (r Result) MarshalJSON() ([]byte, error) {
	out := resultJSON{Request: r.Request}
	switch {
	case r.Err == nil:
		out.Receipt = &r.Receipt
	case errors.As(r.Err, &out.Error) && out.Error != nil:
	default:
		out.Error = &Error{}
		if !errors.As(r.Err, &out.Error.Kind) {
			out.Error.Err = r.Err
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Result) UnmarshalJSON(data []byte) error {
	var in resultJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*r = Result{Request: in.Request}
	if in.Receipt != nil {
		r.Receipt = *in.Receipt
	}
	if in.Error != nil {
		r.Err = in.Error
	}
	return nil
}
