package records

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/imrecall/imrecall/recall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read returns all records of an input.
func read(t *testing.T, text, name string) []Record {
	t.Helper()
	reader, err := NewReader(strings.NewReader(text), name, "")
	require.NoError(t, err)
	var out []Record
	for {
		rec, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		out = append(out, rec)
	}
}

func full() recall.Request {
	return recall.Request{
		MessageID: "m1", Chat: recall.ChatDirect, From: "ann", To: "bob", SentAt: time.UnixMilli(1657529588473).UTC(),
		Operator: "mod", Reason: "spam, again", Force: true, Extension: `{"a":1}`, Ref: "t-1",
	}
}

func TestEveryField(t *testing.T) {
	for name, text := range map[string]string{
		"a.ndjson": `{"message_id":"m1","chat":"direct","from":"ann","to":"bob","sent_at":"2022-07-11T08:53:08.473Z",` +
			`"operator":"mod","reason":"spam, again","force":true,"extension":"{\"a\":1}","ref":"t-1"}`,
		"b.jsonl": `{"message_id":"m1","chat":"direct","from":"ann","to":"bob","sent_at":1657529588473,` +
			`"operator":"mod","reason":"spam, again","force":true,"extension":"{\"a\":1}","ref":"t-1"}` + "\r\n",
		"c.csv": "message_id,chat,from,to,sent_at,operator,reason,force,extension,ref\n" +
			`m1,direct,ann,bob,1657529588473,mod,"spam, again",true,"{""a"":1}",t-1`,
		"excel.csv": "\xef\xbb\xbfMessageID,Chat,From,To,Sent At,Operator,Reason,FORCE,Extension,Ref\r\n" +
			`m1,direct,ann,bob,2022-07-11T08:53:08.473Z,mod,"spam, again",1,"{""a"":1}",t-1` + "\r\n",
		"failures": `{"line":7,"request":{"message_id":"m1","chat":"direct","from":"ann","to":"bob",` +
			`"sent_at":"2022-07-11T08:53:08.473Z","operator":"mod","reason":"spam, again","force":true,"extension":"{\"a\":1}",` +
			`"ref":"t-1"},"error":{"kind":"unavailable","may_have_applied":false}}`,
	} {
		records := read(t, text, name)
		if assert.Len(t, records, 1, name) {
			assert.NoError(t, records[0].Err, name)
			assert.Equal(t, full(), records[0].Request, name)
		}
	}
}

func TestWhatAnEarlierRunMayHaveRecalled(t *testing.T) {
	records := read(t, `{"line":2,"request":{"to":"a"},"error":{"kind":"unavailable","may_have_applied":true}}
{"line":3,"class":"failed","request":{"to":"b"},"error":{"kind":"unavailable","may_have_applied":false}}
{"request":{"to":"c"}}
{"request":{"tu":"d"},"error":{"may_have_applied":true}}`, "")
	require.Len(t, records, 4)
	for i, want := range []bool{true, false, false, false} {
		assert.Equal(t, want, records[i].MayBeGone, i)
		assert.Equal(t, i == 3, records[i].Err != nil, i)
	}
}

func TestIDsMayBeNumbers(t *testing.T) {
	records := read(t, `{"message_id":4291065454174142469,"from":1,"to":18446744073709551616,"chat":null}`, "")
	require.Len(t, records, 1)
	require.NoError(t, records[0].Err)
	assert.Equal(t, recall.Request{MessageID: "4291065454174142469", From: "1", To: "18446744073709551616"}, records[0].Request)
}

func TestBadLinesDoNotStopTheRest(t *testing.T) {
	long := `{"message_id":"` + strings.Repeat("x", maxRecord) + `"}`
	cases := []struct{ line, says string }{
		{`{"mesage_id":"1"}`, `it has "mesage_id", which is no field`},
		{`{"Message_ID":"1"}`, `it has "Message_ID", which is no field`},
		{`{"message_id":"1","message_id":"2"}`, `it has "message_id" twice`},
		{`{"message_id":"1"`, "it ends too soon"},
		{`{"message_id":"1"} {}`, "there is something after the JSON object"},
		{`{"message_id":"1"}]`, "there is something after the JSON object"},
		{`[1]`, "it is not a JSON object"},
		{`null`, "it is not a JSON object"},
		{`message`, "it is not a JSON object"},
		{`{"message_id":1.5}`, "MessageID is neither a string nor a whole number"},
		{`{"message_id":"4.29107E+18"}`, "MessageID was rounded by a spreadsheet"},
		{`{"message_id":["1"]}`, "MessageID is neither a string nor a whole number"},
		{`{"message_id":"\ud800"}`, "MessageID holds half of a surrogate pair"},
		{`{"reason":1}`, "Reason is not a string"},
		{`{"chat":"p2p"}`, "Chat is none of direct, group, super_group and room"},
		{`{"force":"true"}`, "Force is neither true nor false"},
		{`{"force":1}`, "Force is neither true nor false"},
		{`{"sent_at":"yesterday"}`, "SentAt is neither RFC 3339"},
		{`{"sent_at":1657529588}`, "SentAt is a number too small"},
		{`{"sent_at":16575295884730000}`, "SentAt is a number too large"},
		{`{"sent_at":99999999999999999999}`, "SentAt is a number too large"},
		{`{"sent_at":1.5}`, "SentAt is neither a string in RFC 3339 nor a whole number"},
		{`{"request":{"message_id":"1"},"receipt":{}}`, "it has a receipt"},
		{`{"request":{"message_id":"1"},"kind":1}`, `it has "kind"`},
		{`{"request":1}`, "it is not a JSON object"},
		{`{"request":{},"error":7}`, "its \"error\" is not one of an earlier run"},
		{`{"input":"x","error":{}}`, `put the message under "request"`},
		{"{\"message_id\":\"\xff\"}", "the line is not UTF-8"},
		{"{\"message_id\":\"1\"}\x00", "the line holds a NUL byte"},
		{long, "the line is longer than 256 KiB"},
	}
	var text strings.Builder
	for _, c := range cases {
		text.WriteString(c.line + "\n\n{\"message_id\":\"good\"}\n")
	}
	records := read(t, text.String(), "x.ndjson")
	require.Len(t, records, 2*len(cases))
	for i, c := range cases {
		bad, good := records[2*i], records[2*i+1]
		assert.Equal(t, 3*i+1, bad.Line)
		assert.Equal(t, recall.Request{}, bad.Request)
		assert.ErrorIs(t, bad.Err, recall.ErrInvalidRequest, c.line)
		if bad.Err != nil {
			assert.Contains(t, Explain(bad.Err), c.says)
		}
		assert.NotEmpty(t, bad.Text)
		assert.Less(t, len(bad.Text), 5000)
		assert.NoError(t, good.Err)
		assert.Equal(t, "good", good.Request.MessageID)
	}
}

func TestReplacementCharacterThatIsMeant(t *testing.T) {
	for _, text := range []string{`{"reason":"` + "\ufffd" + `"}`, `{"reason":"\ufffd"}`, `{"reason":"\uFFFD"}`} {
		records := read(t, text, "x.ndjson")
		assert.NoError(t, records[0].Err, text)
		assert.Equal(t, "\ufffd", records[0].Request.Reason)
	}
}

func TestCSVRecords(t *testing.T) {
	text := "message_id,to,reason\n" + // 1
		"a,bob,plain\n" + // 2
		"b,bob\n" + // 3: too few
		"c,bob,x,y\n" + // 4: too many
		"d,bob,\"two\nlines\"\n" + // 5 and 6
		"\n" + // 7
		"e,bob,say \"hi\"\n" + // 8: quotes in the middle
		"4.29E+18,bob,\n" + // 9
		"f,bob,\"open\n" + // 10: never closed
		"g,bob,last" // 11
	records := read(t, text, "x.csv")
	type row struct {
		line int
		id   string
		says string
	}
	got := make([]row, len(records))
	for i, rec := range records {
		got[i] = row{line: rec.Line, id: rec.Request.MessageID}
		if rec.Err != nil {
			got[i].says = Explain(rec.Err)
		}
	}
	assert.Equal(t, []row{
		{2, "a", ""},
		{3, "", "2 values under 3 columns"},
		{4, "", "4 values under 3 columns"},
		{5, "d", ""},
		{8, "", `bare " in non-quoted-field`},
		{9, "", "MessageID was rounded by a spreadsheet (4.29E+18); export the column as text"},
		{10, "", "a quote is opened and never closed"},
		{11, "g", ""},
	}, got)
	assert.Equal(t, "two\nlines", records[3].Request.Reason)
}

func TestNumberOfValues(t *testing.T) {
	for text, want := range map[string]string{"message_id,chat\na\n": "1 value under 2 columns", "message_id\na,b\n": "2 values under 1 column"} {
		assert.Equal(t, want, Explain(read(t, text, "x.csv")[0].Err))
	}
}

func TestNothingOfABrokenRecordOfSeveralLinesIsSent(t *testing.T) {
	records := read(t, "message_id,reason\na,\"x\nb,y\nc,z\" w\nd,fine\n", "x.csv")
	require.Len(t, records, 2)
	assert.Equal(t, 2, records[0].Line)
	assert.Contains(t, Explain(records[0].Err), "in a record of 3 lines: nothing of them is sent")
	assert.Equal(t, "a,\"x\nb,y\nc,z\" w", records[0].Text)
	assert.Equal(t, "d", records[1].Request.MessageID)
}

// TestStrayQuotesSpoilTheirOwnLines has quotes that a naive count of them would pair over many lines.
func TestStrayQuotesSpoilTheirOwnLines(t *testing.T) {
	for name, stray := range map[string]string{
		"in the middle": `a,a 15" screen`,
		"at the end":    `a,15"`,
		"never closed":  `a,"open`,
		"twice":         `a,"b,"c"`,
	} {
		for ending, next := range map[string]string{"stray": stray, "good": `z,"fine, too"`, "first": `"z",fine`} {
			text := "message_id,reason\n" + stray + "\n" + strings.Repeat("b,fine\n", 50) + next + "\nc,fine\n"
			good := 0
			for _, rec := range read(t, text, "x.csv") {
				if rec.Err == nil {
					good++
				}
			}
			want := 52
			if ending == "stray" {
				want = 51
			}
			assert.Equal(t, want, good, "%s, then %s", name, ending)
		}
	}
}

func TestSpacesAroundIDs(t *testing.T) {
	for _, text := range []string{"message_id,from\n1 ,a\n", "message_id,from\n1, a\n", "message_id,operator\n1,\u00a0a\n"} {
		records := read(t, text, "x.csv")
		require.Len(t, records, 1)
		require.Error(t, records[0].Err, text)
		assert.Contains(t, Explain(records[0].Err), "begins or ends with white space")
	}
	assert.NoError(t, read(t, "message_id,reason\n1, said \n", "x.csv")[0].Err)
}

func TestInputsThatAreRefusedAsAWhole(t *testing.T) {
	for text, says := range map[string]string{
		"":                            "the input is empty",
		"\n\n":                        "the input is empty",
		"\xff\xfem\x00":               "the input is UTF-16",
		"message_id,too\n":            `the header names "too", which is no field of a message`,
		"message_id;to\n":             `the columns of the header "message_id;to" are not separated by commas`,
		"\x1f\x8b\x08\x00\x00":        "the input is compressed; unpack it first",
		"PK\x03\x04\x14\x00":          "the input is a spreadsheet or an archive",
		" [{\"message_id\":\"1\"}]\n": "the input is a JSON array",
		"message_id,MessageID\n":      "the header names MessageID twice",
		"\"message_id\n1\n":           "a quote is opened and never closed",
		"message_id,\xd6\xd0\n1,2\n":  "the line is not UTF-8",
		"message_id,,to\n1,2,3\n":     `the header names ""`,
		"message_id,\"to\"x\n1,2,3\n": `extraneous or missing " in quoted-field`,
	} {
		_, err := NewReader(strings.NewReader(text), "", "")
		var format *FormatError
		if assert.ErrorAs(t, err, &format, text) {
			assert.Contains(t, err.Error(), says)
		}
	}
}

func TestFormatIsFound(t *testing.T) {
	for _, c := range []struct {
		name, text string
		given      Format
		want       Format
	}{
		{"x.csv", "message_id\n", "", CSV},
		{"x.CSV", "message_id\n", "", CSV},
		{"x.ndjson", "{}\n", "", NDJSON},
		{"x.jsonl", "message_id\n", "", NDJSON},
		{"x.txt", "\xef\xbb\xbf\n {}\n", "", NDJSON},
		{"", "message_id\n", "", CSV},
		{"x.csv", "{}\n", NDJSON, NDJSON},
	} {
		reader, err := NewReader(strings.NewReader(c.text), c.name, c.given)
		require.NoError(t, err)
		assert.Equal(t, c.want, reader.Format(), c)
	}
}

func TestLook(t *testing.T) {
	text := "message_id\n1\n\n\"\n2\"\nx,y\n"
	got, err := Look(strings.NewReader(text), "a.csv", "")
	require.NoError(t, err)
	assert.Equal(t, CSV, got.Format)
	assert.Equal(t, 3, got.Records)
	assert.Equal(t, 6, got.Last)
	assert.Equal(t, int64(len(text)), got.Size)
	assert.Len(t, got.SHA256, 64)
	other, err := Look(strings.NewReader(text+"3\n"), "a.csv", "")
	require.NoError(t, err)
	assert.NotEqual(t, got.SHA256, other.SHA256)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestReadErrors(t *testing.T) {
	for _, text := range []string{"{}\n{", "message_id\na\n\"b\n"} {
		_, err := Look(io.MultiReader(strings.NewReader(text), failing{}), "", "")
		assert.ErrorIs(t, err, io.ErrClosedPipe)
	}
	_, err := NewReader(failing{}, "", "")
	assert.ErrorIs(t, err, io.ErrClosedPipe)
}

func FuzzNDJSON(f *testing.F) {
	f.Add("{\"message_id\":\"1\",\"sent_at\":1657529588473}\n{\"request\":{\"to\":1}}\n{\"input\":\"x\"}\n")
	f.Add("\xef\xbb\xbf{\"a\" : [ {} ] , \"a\":\"\\ud800\"}")
	f.Fuzz(func(t *testing.T, text string) { check(t, text, NDJSON) })
}

func FuzzCSV(f *testing.F) {
	f.Add("message_id,chat,reason\n1,direct,\"a\n\"\"b\"\n\"open\n2,group,x\n")
	f.Add("to\r\n\"\r\n")
	f.Fuzz(func(t *testing.T, text string) { check(t, text, CSV) })
}

// check reads an input to its end: line numbers grow, and a record is either a request or an error with its text.
func check(t *testing.T, text string, format Format) {
	reader, err := NewReader(strings.NewReader(text), "", format)
	if err != nil {
		return
	}
	lines := strings.Count(text, "\n") + 1
	last := 0
	for {
		rec, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		require.Greater(t, rec.Line, last)
		require.LessOrEqual(t, rec.Line, lines)
		last = rec.Line
		if rec.Err == nil {
			require.Empty(t, rec.Text)
			continue
		}
		require.ErrorIs(t, rec.Err, recall.ErrInvalidRequest)
		require.Equal(t, recall.Request{}, rec.Request)
		require.NotEmpty(t, Explain(rec.Err))
	}
}
