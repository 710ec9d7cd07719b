package records

import (
	"regexp"
	"strconv"
	"time"

	"github.com/imrecall/imrecall/recall"
)

var (
	rounded = regexp.MustCompile(`^[0-9](\.[0-9]+)?[eE]\+[0-9]+$`)
	integer = regexp.MustCompile(`^[0-9]+$`)
)

// setMessageID refuses what a spreadsheet makes of a long number: its last digits are lost, and the id that is left may
// be another message's.
func setMessageID(r *recall.Request, value string) error {
	if rounded.MatchString(value) {
		return invalid("MessageID", "was rounded by a spreadsheet ("+value+"); export the column as text")
	}
	r.MessageID = value
	return nil
}

func setChat(r *recall.Request, value string) error {
	chat := recall.ChatType(value)
	if value != "" && !chat.Valid() {
		return invalid("Chat", "is none of direct, group, super_group and room")
	}
	r.Chat = chat
	return nil
}

func setSentAt(r *recall.Request, value string) error {
	if value == "" {
		return nil
	}
	at, err := ParseTime(value)
	if err != nil {
		return err
	}
	r.SentAt = at
	return nil
}

// ParseTime reads a SentAt: RFC 3339, or milliseconds since 1970. Its error is a *recall.Error that names SentAt.
func ParseTime(value string) (time.Time, error) {
	if !integer.MatchString(value) {
		at, err := time.Parse(time.RFC3339Nano, value)
		if err != nil {
			return time.Time{}, invalid("SentAt", "is neither RFC 3339, as in 2026-01-02T15:04:05.678Z, nor milliseconds since 1970")
		}
		return at, nil
	}
	const (
		year1973 = 100_000_000_000
		year9999 = 253_402_300_799_999
	)
	ms, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err != nil || ms > year9999:
		return time.Time{}, invalid("SentAt", "is a number too large for milliseconds since 1970")
	case ms < year1973:
		return time.Time{}, invalid("SentAt", "is a number too small for milliseconds since 1970; seconds are not exact enough")
	}
	return time.UnixMilli(ms).UTC(), nil
}
