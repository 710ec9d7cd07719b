package netease

import (
	"encoding/json"
	"strconv"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// Checks of parameters that several calls have in common. Each returns nil or
// an error that names the field and the rule.

// positiveID checks an id as the server gives it: a positive Long. It is kept
// as text on its way, because it may have more digits than a float64.
func positiveID(field, id string) *recall.Error {
	if id == "" {
		return recall.Invalid(field, "is required")
	}
	if n, err := strconv.ParseInt(id, 10, 64); err != nil || n <= 0 || id[0] == '+' || id[0] == '0' {
		return recall.Invalid(field, "is not a positive number of up to 19 digits")
	}
	return nil
}

// messageType checks the type of the calls that are about one-to-one and team
// messages.
func messageType(t int) *recall.Error {
	if t != TypeP2P && t != TypeTeam {
		return recall.Invalid("Type", "is neither 7 (one to one) nor 8 (team)")
	}
	return nil
}

// accountID checks an accid where the page gives its limit.
func accountID(field, id string) *recall.Error {
	return rest.First(rest.Required(field, id), rest.AtMost(field, id, 32))
}

// requiredTime checks a time in milliseconds without which the vendor refuses
// the call.
func requiredTime(field string, ms int64) *recall.Error {
	if ms == 0 {
		return recall.Invalid(field, "is required")
	}
	return optionalTime(field, ms)
}

// optionalTime checks a time in milliseconds, where 0 stands for none.
func optionalTime(field string, ms int64) *recall.Error {
	if ms < 0 {
		return recall.Invalid(field, "is negative")
	}
	return nil
}

// payload checks the JSON payload of a push notification.
func payload(field, text string) *recall.Error {
	if err := rest.AtMost(field, text, 2048); err != nil {
		return err
	}
	if text != "" && !json.Valid([]byte(text)) {
		return recall.Invalid(field, "is not JSON")
	}
	return nil
}

// digits writes a number, 0 as nothing.
func digits(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
