package records

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxRecord is how long a record may be, in bytes. What vendors take is far below; a longer one is a sign that the
// input is not what it is taken for.
const maxRecord = 256 << 10

// line is one physical line without its end.
type line struct {
	text   []byte // cut off where long
	number int
	long   bool // longer than maxRecord
}

// lines reads physical lines of bounded length.
type lines struct {
	r      *bufio.Reader
	number int
	ahead  []line // read, and given back
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 64<<10)} }

// next returns the next line; io.EOF where there is none.
func (l *lines) next() (line, error) {
	if len(l.ahead) > 0 {
		first := l.ahead[0]
		l.ahead = l.ahead[1:]
		return first, nil
	}
	out := line{number: l.number + 1}
	for {
		part, err := l.r.ReadSlice('\n')
		if room := maxRecord + 2 - len(out.text); len(part) > room {
			out.long = true
			out.text = append(out.text, part[:room]...)
		} else {
			out.text = append(out.text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && (!errors.Is(err, io.EOF) || len(out.text) == 0):
			return line{}, err
		}
		l.number++
		out.text = bytes.TrimSuffix(bytes.TrimSuffix(out.text, []byte("\n")), []byte("\r"))
		out.long = out.long || len(out.text) > maxRecord
		return out, nil
	}
}

// giveBack makes next return these lines again.
func (l *lines) giveBack(again []line) { l.ahead = append(again, l.ahead...) }
