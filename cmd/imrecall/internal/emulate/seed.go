package emulate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/imrecall/imrecall/recall"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/records"
)

// Seed puts the messages of an NDJSON file into the emulators. Each is a request with the name of its vendor besides.
func (e *Emulators) Seed(r io.Reader, name string) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<20)
	for number := 1; scanner.Scan(); number++ {
		text := bytes.TrimSpace(scanner.Bytes())
		if len(text) == 0 {
			continue
		}
		if err := e.seed(text); err != nil {
			return fmt.Errorf("%s, line %d: %w", name, number, err)
		}
	}
	return scanner.Err()
}

func (e *Emulators) seed(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return fmt.Errorf("it is not a JSON object: %w", err)
	}
	var vendor string
	_ = json.Unmarshal(members["vendor"], &vendor) // checked below
	delete(members, "vendor")
	i := slices.IndexFunc(e.Vendors, func(v *Vendor) bool { return v.Vendor == vendor })
	if i < 0 {
		return fmt.Errorf("vendor is %q, which is none of easemob, netease and goeasy", vendor)
	}
	rest, err := json.Marshal(members)
	if err != nil {
		return err
	}
	req, err := records.Parse(rest)
	if err != nil {
		return errors.New(records.Explain(err))
	}
	if err := e.Vendors[i].findable(req); err != nil {
		return err
	}
	e.Vendors[i].add(req)
	e.Vendors[i].Seeds++
	return nil
}

// findable refuses a message that no recall would find: whoever wrote it would look for the mistake in a client.
func (v *Vendor) findable(r recall.Request) error {
	if !slices.Contains(v.chats, r.Chat) {
		return fmt.Errorf("chat is %q; at %s it is one of %s", r.Chat, v.Vendor, strings.Trim(strings.ReplaceAll(fmt.Sprint(v.chats), " ", ", "), "[]"))
	}
	for _, field := range []struct {
		name    string
		missing bool
	}{
		{"message_id", r.MessageID == "" && v.Vendor != "goeasy"},
		{"from", r.From == ""},
		{"to", r.To == ""},
		{"sent_at", r.SentAt.IsZero() && v.Vendor == "goeasy"},
	} {
		if field.missing {
			return fmt.Errorf("%s is missing: no recall would find this message", field.name)
		}
	}
	return nil
}
