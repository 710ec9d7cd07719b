package faults

import (
	"bytes"
	"compress/gzip"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const mebibyte = 1 << 20

// bomb is 1 MiB of spaces, compressed. Sent again and again it is one long
// answer.
func bomb() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(bytes.Repeat([]byte(" "), mebibyte))
	z.Close()
	return b.Bytes()
}

// repeat sends a block so many times, or until the client has had enough.
func (c *exchange) repeat(block []byte, times int) {
	for range times {
		if _, err := c.Write(block); err != nil {
			return
		}
	}
}

// sizeFaults are answers that are too long. What they send is there before,
// so that it does not count as the client's.
func sizeFaults() map[string]trial {
	block := bytes.Repeat([]byte(" "), mebibyte)
	chunk := append(append([]byte("100000\r\n"), block...), "\r\n"...)
	packed := bomb()
	header := []byte(strings.Repeat("X-Filler: "+strings.Repeat("x", 1000)+"\r\n", 1000)) // 1 MB
	long := bytes.Repeat([]byte("x"), mebibyte)
	after := func(head string, block []byte, times int) fault {
		return func(c *exchange) {
			if c.request() != nil {
				io.WriteString(c, head)
				c.repeat(block, times)
			}
		}
	}
	return map[string]trial{
		"256 MiB":               {after(ok+"Content-Length: "+strconv.Itoa(256*mebibyte)+"\r\n\r\n", block, 256), unreadable},
		"256 MiB, chunked":      {after(chunked, chunk, 256), unreadable},
		"256 MiB, no length":    {after(ok+"\r\n", block, 256), unreadable},
		"256 MiB under 502":     {after("HTTP/1.1 502 Bad Gateway\r\n\r\n", block, 256), unreadable},
		"a gzip bomb":           {after(ok+"Content-Encoding: gzip\r\n\r\n", packed, 256), unreadable},
		"a gzip bomb under 500": {after("HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\n\r\n", packed, 256), unreadable},
		"20 MB of headers":      {after(ok, header, 20), unreadable},
		"a header of 20 MiB":    {after(ok+"X-Filler: ", long, 20), unreadable},
		"20 MiB of status":      {after("HTTP/1.1 200 ", long, 20), unreadable},
		"a trailer of 20 MiB":   {after(chunked+"0\r\nX-Filler: ", long, 20), unreadable},
		"20 MiB of extension":   {after(chunked+"1;", long, 20), unreadable},
	}
}

// However long an answer is, the client needs less than 8 MiB for it.
func TestSizeFaults(t *testing.T) {
	faults := sizeFaults()
	forEachVendor(t, func(t *testing.T, v vendor) {
		for name, tr := range faults {
			t.Run(name, func(t *testing.T) {
				before := allocated()
				tr.run(t, v)
				used := allocated() - before
				t.Logf("%.1f MiB", float64(used)/mebibyte)
				assert.Less(t, used, uint64(8*mebibyte))
			})
		}
	})
}

// allocated is all the memory that was ever asked for, an upper bound of what
// is in use.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
