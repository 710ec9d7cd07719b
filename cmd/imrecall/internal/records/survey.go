package records

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
)

// Survey is what there is to know of an input before its messages are sent.
type Survey struct {
	Format  Format
	Records int    // messages, bad ones included
	Last    int    // the line of the last one
	Size    int64  // in bytes
	SHA256  string // of all bytes, in hexadecimal
}

// Look reads the whole input and tells what it found. Its errors are as those of NewReader.
func Look(r io.Reader, name string, format Format) (Survey, error) {
	sum := sha256.New()
	counted := &counter{r: io.TeeReader(r, sum)}
	reader, err := NewReader(counted, name, format)
	if err != nil {
		return Survey{}, err
	}
	out := Survey{Format: reader.Format()}
	for {
		rec, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Survey{}, err
		}
		out.Records++
		out.Last = rec.Line
	}
	out.Size, out.SHA256 = counted.n, hex.EncodeToString(sum.Sum(nil))
	return out, nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
