package callback

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScalar(t *testing.T) {
	for data, want := range map[string]string{
		`{"a":"x"}`: "x", `{"a":"7"}`: "7", `{"a":7}`: "7", `{"a":-7}`: "-7", `{"a":0}`: "0", `{"A":7}`: "7",
		`{"a":123456789012345678901234567890}`: "123456789012345678901234567890",
		`{"a":"\u4f60\ud83d\ude00"}`:           "你😀", `{"a":"a b"}`: "a b",
		`{"a":""}`: "", `{"a":null}`: "", `{}`: "", `{"a":null,"a":1}`: "1",
	} {
		s := scalarOf(t, data)
		var read Fields
		assert.Equal(t, want, read.OptionalText("a", s), data)
		require.NoError(t, read.Err(), data)
		assert.Equal(t, want != "", s.Given(), data)
		assert.Equal(t, want, s.String())
		if read.Text("a", s); want == "" {
			assert.EqualError(t, read.Err(), "a is missing", data)
		} else {
			assert.NoError(t, read.Err(), data)
		}
	}
	for _, data := range []string{
		`{"a":true}`, `{"a":1.0}`, `{"a":1e1}`, `{"a":1E1}`, `{"a":[]}`, `{"a":{}}`, `{"a":["x"]}`, `{"a":"\ud83d"}`, "{\"a\":\"\xff\"}", `{"a":"\u0000"}`,
		`{"a":"\ufffd"}`, `{"a":1,"a":1}`, `{"a":1,"A":2}`, `{"a":[],"a":"x"}`, `{"a":"","a":"x"}`,
	} {
		s := scalarOf(t, data)
		assert.True(t, s.Given(), data)
		for _, get := range []func(*Fields){
			func(f *Fields) { f.Text("a", s) }, func(f *Fields) { f.OptionalText("a", s) },
			func(f *Fields) { f.Time("a", s) }, func(f *Fields) { f.OptionalTime("a", s) },
		} {
			var read Fields
			get(&read)
			assert.EqualError(t, read.Err(), "a is neither a text nor a whole number, or is given twice", data)
		}
	}
}

func scalarOf(t *testing.T, data string) Scalar {
	t.Helper()
	var v struct {
		A Scalar `json:"a"`
	}
	require.NoError(t, json.Unmarshal([]byte(data), &v), data)
	return v.A
}

func TestFieldsTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		`1441977355557`:     time.Date(2015, 9, 11, 13, 15, 55, 557e6, time.UTC),
		`"1441977355557"`:   time.Date(2015, 9, 11, 13, 15, 55, 557e6, time.UTC),
		`"946684800000"`:    time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		`"253402300799999"`: time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC),
	} {
		var read Fields
		assert.Equal(t, want, read.Time("at", scalarOf(t, `{"a":`+text+`}`)))
		require.NoError(t, read.Err())
	}
	for _, text := range []string{`"x"`, `-1`, `0`, `1441977355`, `946684799999`, `253402300800000`, `"01441977355557"`, `"1441977355557.0"`, `"+1441977355557"`} {
		var read Fields
		assert.Zero(t, read.OptionalTime("at", scalarOf(t, `{"a":`+text+`}`)))
		assert.EqualError(t, read.Err(), "at is no time in milliseconds", text)
	}
	var read Fields
	assert.Zero(t, read.OptionalTime("at", Scalar{}))
	require.NoError(t, read.Err())
	read.Time("at", Scalar{})
	read.Fail("later", "is odd")
	assert.EqualError(t, read.Err(), "at is missing", "the first fault is told")
}
