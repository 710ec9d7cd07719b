// Package golden reads the golden requests and answers in the vendors'
// testdata folders. Only tests import it.
//
// A file is an HTTP message in plain text, below comment lines that say where
// it comes from:
//
//	# page: https://docs.example.com/recall
//	# date: 2024-07-17
//	# note: anything worth knowing
//	POST /path?query HTTP/1.1
//	Content-Type: application/json
//
//	{"body":true}
//
// Answers begin with a status line, as in HTTP/1.1 200 OK. The line feed at
// the end of the file is not part of the body.
package golden

import (
	"bytes"
	"fmt"
	"net/http"
	"net/textproto"
	"os"
	"strconv"
	"strings"
)

// Message is a golden request or answer.
type Message struct {
	Page, Date   string // where its content was published, and as of when
	Method, Path string // of a request; Path holds the query too
	Status       int    // of an answer
	Header       http.Header
	Body         []byte
}

// Read reads one file. It refuses one that does not name its page and date.
func Read(name string) (Message, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return Message{}, err
	}
	m, err := parse(string(data))
	if err != nil {
		return Message{}, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

func parse(text string) (Message, error) {
	var m Message
	for strings.HasPrefix(text, "#") {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "# "), ": ")
		switch name {
		case "page":
			m.Page = value
		case "date":
			m.Date = value
		}
	}
	if m.Page == "" || m.Date == "" {
		return m, fmt.Errorf("does not name its page and date")
	}
	head, body, found := strings.Cut(text, "\n\n")
	if !found {
		return m, fmt.Errorf("has no empty line before the body")
	}
	start, header, _ := strings.Cut(head, "\n")
	m.Body = bytes.TrimSuffix([]byte(body), []byte("\n"))
	if err := m.readStart(start); err != nil {
		return m, err
	}
	m.Header = http.Header{}
	for line := range strings.Lines(header) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		m.Header.Add(textproto.CanonicalMIMEHeaderKey(name), value)
	}
	return m, nil
}

func (m *Message) readStart(line string) error {
	words := strings.Fields(line)
	if len(words) < 2 {
		return fmt.Errorf("has no request line or status line")
	}
	if !strings.HasPrefix(words[0], "HTTP/") {
		m.Method, m.Path = words[0], words[1]
		return nil
	}
	status, err := strconv.Atoi(words[1])
	m.Status = status
	return err
}
