// Package callback is what the vendors' Callbacks have in common: secrets that
// rotate, fields that may be of several types, and the errors and the events'
// IDs that they make of them. What a vendor signs and says is with the vendor.
package callback

import (
	"errors"
	"net/url"
	"strings"

	"github.com/imrecall/imrecall/recall"
)

// Unauthorized returns the refusal of a callback that nobody signed.
func Unauthorized(why string) *recall.Error {
	return &recall.Error{Kind: recall.ErrUnauthorized, Err: errors.New(why)}
}

// Unreadable returns the refusal of a callback that is signed and can't be
// read.
func Unreadable(why error) *recall.Error {
	return &recall.Error{Kind: recall.ErrBadResponse, Err: why}
}

// Refused returns err as an error of ParseEvents, by the Callbacks of that
// application.
func Refused(err *recall.Error, vendor, app string) error {
	e := *err
	e.Vendor, e.App, e.Op = vendor, app, "callback"
	return &e
}

// EventID joins what tells one event from all others. Escaped, no part can
// pass for two.
func EventID(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, part := range parts {
		escaped[i] = url.PathEscape(part)
	}
	return strings.Join(escaped, "/")
}
