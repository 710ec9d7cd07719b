package rest

import (
	"errors"

	"github.com/imrecall/imrecall/recall"
)

// OpPing is the Op of a Ping's errors.
const OpPing = "ping"

// Pinged returns err as a vendor's Ping returns it: with OpPing also where the
// credentials could not be got, which is a call of its own.
func Pinged(err error) error {
	var e *recall.Error
	if !errors.As(err, &e) || e.Op == OpPing {
		return err
	}
	own := *e // observers may hold the other
	own.Op = OpPing
	return &own
}

// AboutConfig corrects the meaning of a refusal of a call that names neither a
// message nor anything else of the caller's: what is refused is the
// configuration.
func AboutConfig(err *recall.Error) *recall.Error {
	switch err.Kind {
	case recall.ErrInvalidRequest, recall.ErrNotFound, recall.ErrForbidden, recall.ErrWindowExpired:
		err.Kind, err.Field = recall.ErrMisconfigured, ""
	}
	return err
}
