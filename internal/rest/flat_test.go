package rest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// flatPair is what the tests read with Flat and with encoding/json.
type flatPair struct {
	A Text `json:"a"`
	B Text `json:"b_2"`
}

func (p *flatPair) read(data []byte) (bool, error) {
	return Flat(data, func(key, value []byte) error {
		switch string(key) {
		case "a":
			return p.A.UnmarshalJSON(value)
		case "b_2":
			return p.B.UnmarshalJSON(value)
		}
		return nil
	})
}

func TestFlat(t *testing.T) {
	cases := map[string]bool{
		`{}`: true, ` { } `: true, `{"a":"x"}`: true, `{"a":"","b_2":"y"}`: true,
		"{ \"a\" :\t\"x\" ,\r\n \"b_2\" : true }": true,
		`{"a":null,"b_2":-1.5e3}`:                 true,
		`{"a":"张","c":"a,b:c}","b_2":false}`:      true,
		`{"a":"x","a":"x"}`:                       true, // and an error
		`{"a":"x","A":"y"}`:                       false,
		`{"a":"\u0041"}`:                          false,
		`{"c":{"a":"x"}}`:                         false,
		`{"c":[1]}`:                               false,
		`[]`:                                      false,
		`null`:                                    false,
		`"a"`:                                     false,
	}
	for data, want := range cases {
		flat, _ := new(flatPair).read([]byte(data))
		assert.Equal(t, want, flat, data)
	}
}

// FuzzFlat: of what is JSON, Flat reads the same as encoding/json or nothing,
// and nothing makes it panic.
func FuzzFlat(f *testing.F) {
	for _, seed := range []string{
		`{"a":"x","b_2":"yes"}`, ` {"a" : 12 , "b_2":true}`, `{"a":"x","a":"y"}`, `{"A":"x"}`, `{"a":"}","b_2":","}`,
		`{"a":"é","b_2":null}`, `{"a":{}}`, `{"a":[1,2]}`, `{"a":"\""}`, `{`, `{"a"}`, `{"a":1,}`, `{,}`, `{"a"1}`, `{"`, `}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got, want flatPair
		flat, err := got.read(data)
		if !flat || !json.Valid(data) {
			return
		}
		wantErr := json.Unmarshal(data, &want)
		require.Equal(t, wantErr == nil, err == nil, "%v, %v", err, wantErr)
		if err == nil {
			require.Equal(t, want, got)
		}
	})
}
