package easemob

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/imrecall/imrecall/internal/rest"
	"github.com/imrecall/imrecall/recall"
)

// seedLists gives a fuzz target lists of messages in all forms that are known.
func seedLists(f *testing.F) {
	for _, a := range fixtures(f) {
		f.Add(a.Status, a.Body, "673296835082717140", "673296797703079892", false, true)
		f.Add(a.Status, a.Body, "1028442XXXX94698104", "104367XXXX564398104", true, false)
	}
	for _, row := range allErrors() {
		f.Add(row.status, []byte(errorJSON(row.code, row.text)), "1", "2", false, false)
		item := `{"msg_id":"1","recalled":` + quoted(row.text) + `}`
		f.Add(200, []byte(`{"msgs":[`+item+`]}`), "1", "2", false, false)
		f.Add(403, []byte(`{"data":[{"msg_id":2,"recalled":true},`+item+`]}`), "1", "2", false, false)
	}
	for _, body := range unexplainedBodies {
		f.Add(200, []byte(body), "1", "2", false, false)
	}
}

// assertFates asserts that what an answer says of messages follows from it: a success needs a 200 that is one
// JSON document which has the message's id and a yes.
func assertFates(t *testing.T, status int, body []byte, fates []rest.Fate, ids []string, force []bool) {
	t.Helper()
	require.Len(t, fates, len(ids))
	said := words(body)
	for i, fate := range fates {
		if fate.Err != nil {
			assert.Zero(t, fate.Verdict)
			assertClassified(t, fate.Err)
			continue
		}
		assert.Equal(t, 200, status)
		assert.True(t, json.Valid(body))
		assert.Contains(t, said, ids[i])
		assert.True(t, slices.Contains(said, "yes") || slices.Contains(said, "true"), "%q", said)
		assert.Contains(t, said, fate.Code)
		want := recall.Recalled
		if force[i] {
			want = recall.Accepted
		}
		assert.Equal(t, want, fate.Outcome)
	}
}

func FuzzDecodeBatch(f *testing.F) {
	seedLists(f)
	f.Fuzz(func(t *testing.T, status int, body []byte, one, two string, forceOne, forceTwo bool) {
		p := batchOf(one, two)
		p.Msgs[0].Force, p.Msgs[1].Force = forceOne, forceTwo
		if p.validate() != nil {
			t.Skip("never sent")
		}
		fates, err := fatesOf(rest.Answer{Status: status, Body: body}, p.wanted())
		if err != nil {
			assert.Nil(t, fates)
			assertClassified(t, err)
			return
		}
		assertFates(t, status, body, fates, []string{one, two}, []bool{forceOne, forceTwo})
	})
}

func FuzzDecodeLegacy(f *testing.F) {
	seedLists(f)
	f.Fuzz(func(t *testing.T, status int, body []byte, one, two string, forceOne, forceTwo bool) {
		p := LegacyParams{Msgs: []LegacyMessage{
			{MsgID: one, To: "u", ChatType: ChatTypeChat, Force: forceOne}, {MsgID: two, To: "g", ChatType: ChatTypeLegacyGroup, Force: forceTwo},
		}}
		if p.validate() != nil {
			t.Skip("never sent")
		}
		fates, err := fatesOf(rest.Answer{Status: status, Body: body}, p.wanted())
		if err != nil {
			assert.Nil(t, fates)
			assertClassified(t, err)
			return
		}
		assertFates(t, status, body, fates, []string{one, two}, []bool{forceOne, forceTwo})
	})
}

// fuzzOK fuzzes a decoder whose success is the word ok under a 200.
func fuzzOK(f *testing.F, decode func(rest.Answer) (rest.Verdict, error)) {
	f.Helper()
	for _, a := range fixtures(f) {
		f.Add(a.Status, a.Body)
	}
	for _, o := range operations() {
		f.Add(200, []byte(o.success))
		for _, row := range o.errors {
			f.Add(row.status, []byte(errorJSON(row.code, row.text)))
		}
	}
	for _, body := range unexplainedBodies {
		f.Add(200, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		verdict, err := decode(rest.Answer{Status: status, Body: body})
		if err != nil {
			assert.Zero(t, verdict)
			assertClassified(t, err)
			return
		}
		assert.Equal(t, rest.Verdict{Code: "ok"}, verdict)
		assert.Equal(t, 200, status)
		assert.True(t, json.Valid(body))
		assert.Contains(t, words(body), "ok")
	})
}

func FuzzDecodeConversation(f *testing.F) { fuzzOK(f, decodeConversation) }

func FuzzDecodeRoaming(f *testing.F) { fuzzOK(f, decodeRoaming) }

// FuzzRoamingPath: what a server reads from the path and the query is what was given.
func FuzzRoamingPath(f *testing.F) {
	for i, text := range awkward {
		f.Add(text, awkward[len(awkward)-1-i], "1", text)
	}
	f.Fuzz(func(t *testing.T, user, peer, one, two string) {
		r := roamingCall{op: opRoaming, api: "chat/user", tail: "/time", user: user, field: "PeerID", key: "userId", value: peer, ids: []string{one, two}}
		if r.validate(DialectEasemob) != nil || validIDs(r.ids) != nil {
			t.Skip("never sent")
		}
		req, err := http.NewRequest(http.MethodDelete, "http://localhost"+r.path(), nil)
		require.NoError(t, err)
		u, err := url.ParseRequestURI(req.URL.RequestURI())
		require.NoError(t, err)
		assert.Equal(t, "/"+apiRoaming+"chat/user/"+user+"/time", u.Path)
		assert.Equal(t, 6, strings.Count(u.EscapedPath(), "/")-1, u.EscapedPath())
		query, err := url.ParseQuery(u.RawQuery)
		require.NoError(t, err)
		assert.Equal(t, url.Values{"userId": {peer}, "msgIdList": {one + "," + two}}, query)
	})
}
