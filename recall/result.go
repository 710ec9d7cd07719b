package recall

import (
	"encoding/json"
	"errors"
)

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
