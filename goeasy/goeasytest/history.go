package goeasytest

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/imrecall/imrecall/internal/emulator"
)

const (
	defaultHistory = 10
	maxHistory     = 30 // messages in one answer
)

// historyAnswer is the answer of history alone: its content is a list.
type historyAnswer struct {
	Code    int            `json:"code"`
	Content []historyEntry `json:"content"`
}

// historyEntry has those fields of the page that the emulator knows.
type historyEntry struct {
	MessageID string `json:"messageId"`
	Timestamp int64  `json:"timestamp"`
	SenderID  string `json:"senderId"`
}

// history is GET /v2/im/history, https://www.goeasy.io/cn/docs/goeasy-2.x/im/rest-api/history.html. The page says
// neither in which order messages come nor what becomes of recalled ones: here the newest is first, and recalled ones are among them.
func (s *Server) history(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if !s.authorized(query.Get("appkey")) {
		unauthorized(w)
		return
	}
	in, ok := conversationOf(query)
	limit, okLimit := numberOr(query.Get("limit"), defaultHistory)
	before, okBefore := numberOr(query.Get("lasttimestamp"), math.MaxInt64)
	if !ok || !okLimit || !okBefore || limit < 1 || limit > maxHistory {
		parameterError(w)
		return
	}
	entries := s.entries(in, before)
	emulator.WriteJSON(w, http.StatusOK, historyAnswer{Code: http.StatusOK, Content: entries[:min(int(limit), len(entries))]})
}

// conversationOf reads which conversation is asked for: a pair of users or a group.
func conversationOf(query url.Values) (address, bool) {
	a, b, group := query.Get("userAId"), query.Get("userBId"), query.Get("groupId")
	pair := a != "" && b != ""
	return newAddress(a, b, group, 0), pair != (group != "") && (a != "") == (b != "")
}

func numberOr(text string, otherwise int64) (int64, bool) {
	if text == "" {
		return otherwise, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// entries returns the messages of a conversation that are older than a time, newest first.
func (s *Server) entries(in address, before int64) []historyEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := []historyEntry{}
	for at, messages := range s.messages {
		timestamp := at.timestamp
		at.timestamp = 0
		if at != in || timestamp >= before {
			continue
		}
		for _, m := range messages {
			entries = append(entries, historyEntry{MessageID: m.ID, Timestamp: timestamp, SenderID: m.From})
		}
	}
	slices.SortFunc(entries, func(a, b historyEntry) int { return cmp.Compare(b.Timestamp, a.Timestamp) })
	return entries
}
