package easemob

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzRecallItem: an item is read as encoding/json alone would read it.
func FuzzRecallItem(f *testing.F) {
	for _, seed := range []string{
		`{"msg_id":"1","recalled":"yes"}`, `{"msg_id":1,"recalled":true}`, `{"MSG_ID":"1","recalled":"yes"}`, `{"m\u017fg_id":"1"}`,
		`{"mſg_id":"1","recalled":"no"}`, `{"msg_id":"1","msg_id":"2"}`, `{"msg_id":"","msg_id":"2"}`, `{"recalled":"yes","Recalled":"no"}`,
		`{"recalled":null,"msg_id":null}`, `{"recalled":"yes","x":{"recalled":"no"}}`, "{\"msg_id\":\"\xff\"}", `{"msg_id":"\ud800"}`,
		`{"recalled":"yes","x":"\"","msg_id":"1"}`, `{}`, `null`, `{"recalled":"","recalled":"yes"}`, `{"a:b,c":"","recalled":"yes"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			return
		}
		var got, want recallItem
		err, wantErr := got.read(data), json.Unmarshal(data, &want)
		require.Equal(t, wantErr == nil, err == nil, "%v, %v", err, wantErr)
		if err == nil {
			require.Equal(t, want, got)
		}
	})
}
