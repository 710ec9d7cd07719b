package easemobtest

import (
	"net/http"
	"strconv"
)

// usersAnswer has the fields of the page, in its order: none of the application's names are among them.
type usersAnswer struct {
	Action    string     `json:"action"`
	Path      string     `json:"path"`
	URI       string     `json:"uri"`
	Entities  []struct{} `json:"entities"`
	Timestamp int64      `json:"timestamp"`
	Duration  int        `json:"duration"`
	Count     int        `json:"count"`
}

// listUsers is GET /{org}/{app}/users,
// https://doc.easemob.com/document/server-side/account_detail_obtain_batch.html. The emulator has no users of its
// own, so the list is empty. What a limit outside 1 to 100 is answered with is not documented.
func (s *Server) listUsers(r *http.Request) (any, *failure) {
	if limit := r.URL.Query().Get("limit"); limit != "" {
		if n, err := strconv.Atoi(limit); err != nil || n < 1 || n > 100 {
			return nil, illegalArgument("this is an invalid request.")
		}
	}
	e := s.envelope(r, nil)
	return usersAnswer{Action: e.Action, Path: e.Path, URI: e.URI, Entities: []struct{}{}, Timestamp: e.Timestamp}, nil
}
